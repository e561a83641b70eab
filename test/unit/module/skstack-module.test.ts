import { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { WiSunModule } from '../../../src/module/module.ts';
import { openModule } from '../../../src/module/open-module.ts';
import { logLines } from '../../support/log-lines.ts';
import { credentials } from '../../support/meter-run.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { wireTo } from '../../support/wires.ts';
import { event, METER, pan, rxudp, ScriptedModule } from './scripted-module.ts';

const MINUTE = 60_000;
const payload = Uint8Array.of(0x10, 0x81, 0, 1);

const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);
beforeAll(() => void process.on('unhandledRejection', onUnhandled));
afterAll(() => void process.off('unhandledRejection', onUnhandled));

let clock: VirtualClock;
let stick: ScriptedModule;
let ending: AbortController;
let written: ReturnType<typeof logLines>;
beforeEach(() => {
  clock = new VirtualClock();
  stick = new ScriptedModule();
  ending = new AbortController();
  written = logLines();
});
afterEach(async () => {
  await clock.settle();
  expect(unhandled).toEqual([]);
});

function openOn(wire: Duplex, signal = ending.signal): Promise<WiSunModule> {
  return openModule(
    wireTo(() => wire),
    credentials,
    { clock, log: written.log },
    signal,
  );
}
const open = (): Promise<WiSunModule> => openOn(stick.ours);
/** Lets everything run at this moment, then tells how `promise` ended. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  let ended: unknown = 'still waiting';
  promise.then(
    () => (ended = 'done'),
    (error: unknown) => (ended = error),
  );
  await clock.settle();
  return ended;
}
const reason = new Error('SIGTERM');

test('a port that opens just after a stop is closed again, and the silent module behind it is not waited for', async () => {
  ending.abort(reason);
  stick.script = () => [];
  expect(await outcome(open())).toBe(reason);
  expect([stick.ours.destroyed, stick.commands, clock.sleepers]).toEqual([true, [], 0]);
});

test('a stop while a command waits behind another one sends it no more', async () => {
  const module = await open();
  using session = await module.join(pan, ending.signal);
  stick.script = () => [];
  const first = outcome(session.send(payload, ending.signal));
  const second = outcome(session.send(payload, ending.signal));
  await clock.settle();
  ending.abort(reason);
  expect(await first).toBe('still waiting');
  const [sent] = [stick.commands.filter((name) => name === 'SKSENDTO').length, await second];
  expect(sent).toBe(1);
  await module[Symbol.asyncDispose]();
  expect(clock.sleepers).toBe(0);
});

test('a session watched under an aborted signal fails once and leaves no rejection behind', async () => {
  const module = await open();
  const session = await module.join(pan, ending.signal);
  ending.abort(reason);
  expect(await outcome(session.watch(() => undefined, ending.signal))).toBe(reason);
  session[Symbol.dispose]();
  await module[Symbol.asyncDispose]();
});

test('a wire that never finishes closing is not waited for longer than a second', async () => {
  const stuck = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
    destroy: () => undefined,
  });
  const opening = outcome(openOn(stuck));
  ending.abort(reason);
  await opening;
  await clock.advance(1000);
  expect(clock.sleepers).toBe(0);
});

test('a wire that takes bytes and never says so is a silent module', async () => {
  const stuck = new Duplex({ read: () => undefined, write: () => undefined });
  let ended: unknown;
  openOn(stuck).catch((error: unknown) => (ended = error));
  await clock.advance(10_000);
  expect(ended).toMatchObject({ code: 'MODULE_SILENT' });
  expect([stuck.destroyed, clock.sleepers]).toEqual([true, 0]);
});

test('an answer counts although the write behind it was never acknowledged, and nothing keeps waiting', async () => {
  const stuck: Duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      const isQuestion = chunk.includes('SKVER');
      if (!isQuestion) done();
      else queueMicrotask(() => stuck.push('EVER 1.2.10\r\nOK\r\n'));
    },
  });
  openOn(stuck).catch(() => undefined);
  await clock.settle();
  expect(clock.sleepers).toBeLessThanOrEqual(2); // of the command after it
  stuck.destroy();
  await clock.settle();
  expect(clock.sleepers).toBe(0);
});

for (const late of ['24', '26', '27', '28']) {
  test(`a late EVENT ${late} of the session before does not end the one that is being joined`, async () => {
    const module = await open();
    stick.script = (name) => (name === 'SKJOIN' ? [event(late), 'OK', event('02'), event('25')] : undefined);
    using session = await module.join(pan, ending.signal);
    const watching = outcome(session.watch(() => undefined, ending.signal));
    expect(await watching).toBe('still waiting');
    expect(await outcome(session.send(payload, ending.signal))).toBe('done');
    await module[Symbol.asyncDispose]();
  });

  test(`an EVENT ${late} in one breath with EVENT 25 ends the session`, async () => {
    const module = await open();
    stick.script = (name) => (name === 'SKJOIN' ? ['OK', event('25'), event(late)] : undefined);
    using session = await module.join(pan, ending.signal);
    expect(await outcome(session.watch(() => undefined, ending.signal))).toMatchObject({ code: 'SESSION_LOST' });
    await module[Symbol.asyncDispose]();
  });
}

test('a warm session ends with EVENT 26 although no EVENT 25 was seen', async () => {
  stick.configured = '2F 8A32';
  const module = await open();
  using session = await module.attach(pan);
  const watching = outcome(session?.watch(() => undefined, ending.signal) ?? Promise.resolve());
  stick.say(event('26'));
  await watching;
  expect(await outcome(session?.receive(ending.signal) ?? Promise.resolve())).toMatchObject({ code: 'SESSION_LOST' });
  await module[Symbol.asyncDispose]();
});

test('a module set to another PAN holds no session of ours', async () => {
  stick.configured = '2F 8A33';
  const module = await open();
  expect(await module.attach(pan)).toBeUndefined();
  await module[Symbol.asyncDispose]();
});

test('a datagram between SKJOIN and EVENT 25 is the session’s', async () => {
  const module = await open();
  stick.script = (name) => (name === 'SKJOIN' ? ['OK', rxudp(payload), event('25'), rxudp(payload)] : undefined);
  using session = await module.join(pan, ending.signal);
  expect((await session.receive(ending.signal)).payload).toEqual(payload);
  expect((await session.receive(ending.signal)).payload).toEqual(payload);
  await module[Symbol.asyncDispose]();
});

test('what is not encrypted, or of a neighbour, or PANA, never reaches us', async () => {
  const module = await open();
  using session = await module.join(pan, ending.signal);
  const neighbour = METER.replace('12A4', '12A5');
  stick.say(rxudp(payload, METER, '0'), rxudp(payload, neighbour), rxudp(payload, METER, '1', '02CC'));
  expect(await outcome(session.receive(ending.signal))).toBe('still waiting');
  await module[Symbol.asyncDispose]();
});

test('an airtime limit whose end is lost on the line is lifted after an hour and some minutes', async () => {
  const module = await open();
  using session = await module.join(pan, ending.signal);
  const holds: unknown[] = [];
  void outcome(session.watch((hold) => holds.push(hold), ending.signal));
  stick.say(event('32'));
  await clock.settle();
  const ready = session.ready(ending.signal);
  await clock.advance(64 * MINUTE);
  expect(holds).toEqual([undefined, 'airtime']);
  await clock.advance(MINUTE);
  await ready;
  expect(holds).toEqual([undefined, 'airtime', undefined]);
  await module[Symbol.asyncDispose]();
  expect(clock.sleepers).toBe(0);
});

test('holds add up: sending goes on when the last one is gone', async () => {
  const module = await open();
  using session = await module.join(pan, ending.signal);
  const holds: unknown[] = [];
  void outcome(session.watch((hold) => holds.push(hold), ending.signal));
  for (const number of ['29', '29', '32', '25', '33']) {
    stick.say(event(number));
    await clock.settle();
  }
  expect(holds).toEqual([undefined, 'reauthentication', 'reauthentication', 'airtime', undefined]);
  expect(await outcome(session.ready(ending.signal))).toBe('done');
  await module[Symbol.asyncDispose]();
});

test('a damaged PANA datagram does not reach the log, not even a piece of it', async () => {
  const module = await open();
  using session = await module.join(pan, ending.signal);
  const piece = '4D30313233343536373839';
  stick.say(
    `${rxudp(Buffer.from(piece, 'hex'), METER, '1', '02CC')}FF`,
    rxudp(Buffer.from(piece, 'hex'), METER, '1', '02CC'),
  );
  await clock.settle();
  const received = written.lines.map((line) => String(line['received'])).filter((line) => line.includes('02CC'));
  expect(received).toHaveLength(2);
  expect(received.some((line) => line.includes(piece.slice(2, 10)))).toBe(false);
  expect(session.pan).toBe(pan);
  await module[Symbol.asyncDispose]();
});

test('SKLL64 refused: the address follows from the rule', async () => {
  const module = await open();
  stick.script = (name) => (name === 'SKLL64' ? ['FAIL ER04'] : undefined);
  using session = await module.join(pan, ending.signal);
  expect(await outcome(session.send(payload, ending.signal))).toBe('done');
  await module[Symbol.asyncDispose]();
});

for (const [name, lines, code] of [
  ['a refused send', ['FAIL ER10'], 'SESSION_LOST'],
  ['a send the radio could not deliver', [event('21', '01'), 'OK'], 'SEND_FAILED'],
] as const) {
  test(`${name} is told as ${code}`, async () => {
    const module = await open();
    using session = await module.join(pan, ending.signal);
    stick.script = (command) => (command === 'SKSENDTO' ? lines : undefined);
    expect(await outcome(session.send(payload, ending.signal))).toMatchObject({ code });
    await module[Symbol.asyncDispose]();
  });
}

for (const command of ['SKSREG', 'SKSETPWD', 'SKJOIN', 'SKRESET', 'SKSCAN']) {
  test(`${command} refused as damaged (ER09) is sent once more, then told as such`, async () => {
    const module = await open();
    stick.script = (name) => (name === command ? ['FAIL ER09'] : undefined);
    const doing =
      command === 'SKRESET'
        ? module.reset(ending.signal)
        : command === 'SKSCAN'
          ? module.scan({ mask: 1, duration: 5 }, ending.signal)
          : module.join(pan, ending.signal);
    const refused = doing.catch((error: unknown) => error);
    await clock.advance(1000);
    expect(await refused).toMatchObject({ code: 'COMMAND_REFUSED', message: expect.stringContaining('ER09') });
    expect(stick.commands.slice(-2)).toEqual([command, command]);
    await module[Symbol.asyncDispose]();
  });
}

test('SKTERM that is never finished does not stop the ladder, but a lost port does', async () => {
  const module = await open();
  stick.script = (name) => (name === 'SKTERM' ? ['OK'] : undefined);
  let ended: unknown;
  const end = (how: unknown) => (value: unknown) => void (ended = how ?? value);
  module.terminate(ending.signal).then(end('done'), end(undefined));
  await clock.advance(10_000);
  expect(ended).toBe('done');
  module.terminate(ending.signal).then(end('done'), end(undefined));
  await clock.settle();
  stick.ours.destroy();
  await clock.settle();
  expect(ended).toMatchObject({ code: 'PORT_LOST' });
  await module[Symbol.asyncDispose]();
});

test('a join nobody answers is given up after a minute', async () => {
  const module = await open();
  stick.script = (name) => (name === 'SKJOIN' ? ['OK'] : undefined);
  let ended: unknown;
  module.join(pan, ending.signal).catch((error: unknown) => (ended = error));
  await clock.advance(MINUTE);
  expect(ended).toMatchObject({ code: 'JOIN_TIMEOUT' });
  await module[Symbol.asyncDispose]();
  expect(clock.sleepers).toBe(0);
});
