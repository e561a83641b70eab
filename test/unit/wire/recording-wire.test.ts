import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { recordingWire } from '../../../src/wire/wire.ts';
import { eventually } from '../../support/eventually.ts';
import { wireTo } from '../../support/wires.ts';

function recorded() {
  const [host, module] = duplexPair();
  const heard: string[] = [];
  const wire = recordingWire(
    wireTo(() => host),
    {
      hear: (from, bytes) => heard.push(`${from} ${Buffer.from(bytes).toString('latin1')}`),
      closed: () => heard.push('closed'),
    },
  );
  return { wire, host, module, heard };
}

test('both directions pass unchanged and are heard in their order', async () => {
  const { wire, module, heard } = recorded();
  const stream = await wire.open(new AbortController().signal);
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  stream.write(Buffer.from('SKVER\r\n'));
  const [asked] = (await once(module, 'data')) as [Buffer];
  expect(asked.toString('latin1')).toBe('SKVER\r\n');
  module.write(Buffer.from([0x00, 0xff, 0x0d]));
  await eventually(() => text === '\x00\xff\r', 'the answer');
  expect(heard).toEqual(['host SKVER\r\n', 'module \x00\xff\r']);
});

test('what comes before anybody listens is kept', async () => {
  const { wire, module } = recorded();
  module.write('EVENT 29\r\n');
  const stream = await wire.open(new AbortController().signal);
  expect(String(((await once(stream, 'data')) as [Buffer])[0])).toBe('EVENT 29\r\n');
});

test('closing either end closes the other', async () => {
  const first = recorded();
  const stream = await first.wire.open(new AbortController().signal);
  stream.destroy();
  await once(stream, 'close');
  expect([first.host.destroyed, first.heard]).toEqual([true, ['closed']]);

  const second = recorded();
  const other = await second.wire.open(new AbortController().signal);
  second.host.destroy();
  await once(other, 'close');
  expect(second.heard).toEqual(['closed']);
});

test('an error of the port is the wire’s', async () => {
  const { wire, host } = recorded();
  const stream = await wire.open(new AbortController().signal);
  host.destroy(new Error('unplugged'));
  expect(((await once(stream, 'error')) as [Error])[0].message).toBe('unplugged');
});
