import { afterEach, expect, test } from 'vitest';
import { encodeFrame, EOJ, ESV } from '../../../src/echonet/frame.ts';
import type { ReceivedFrame } from '../../../src/echonet/frame.ts';
import { bytesOfHex, bytesOfLatin1, hex, hexOfBytes, latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { frameOf } from '../../../src/transcript/wire-units.ts';
import { Replayer } from '../../../src/transcript/replayer.ts';
import type { ReplayEvent } from '../../../src/transcript/replayer.ts';
import { METER, OWN } from '../../support/rxudp.ts';
import { parseTranscript } from '../../support/transcript.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

/** A host on a replayed module, and what it hears. */
class Host {
  readonly clock = new VirtualClock();
  readonly events: ReplayEvent[] = [];
  readonly replayer: Replayer;
  heard = '';

  constructor(text: string, timeFactor = 1) {
    this.replayer = new Replayer(parseTranscript('x', text), {
      clock: this.clock,
      timeFactor,
      send: (text) => (this.heard += text),
      report: (event) => this.events.push(event),
    });
    this.replayer.attached();
    stops.push(() => this.replayer.stop());
  }

  /** Sends, waits, and gives what came meanwhile. */
  async ask(text: string, ms = 1000): Promise<string> {
    const from = this.heard.length;
    this.replayer.push(bytesOfLatin1(text));
    await this.clock.advance(ms);
    return this.heard.slice(from);
  }
}

type Values = Readonly<Record<string, string>>;
const frame = (tid: number, values: Values, service: number): Uint8Array => {
  const [seoj, deoj] = service === ESV.get ? [EOJ.controller, EOJ.meter] : [EOJ.meter, EOJ.controller];
  const properties = Object.entries(values).map(([epc, edt]) => ({
    epc: Number.parseInt(epc, 16),
    edt: bytesOfHex(edt),
  }));
  return encodeFrame({ tid, seoj, deoj, esv: service, properties });
};
const sendTo = (tid: number, ...epcs: string[]): string => {
  const data = frame(tid, Object.fromEntries(epcs.map((epc) => [epc, ''])), ESV.get);
  return `SKSENDTO 1 ${METER} 0E1A 1 ${hex(data.length, 4)} ${latin1OfBytes(data)}`;
};
const header = (length: number): string => `ERXUDP ${METER} ${OWN} 0E1A 0E1A 001C640003DD6393 1 ${hex(length, 4)} `;
/** A Get as it stands in a file, and its answer after 400 ms. */
const got = (
  atS: number,
  tid: number,
  values: Values,
  form: 'binary' | 'ascii' = 'ascii',
  service: number = ESV.getRes,
): string => {
  const asked = frame(tid, Object.fromEntries(Object.keys(values).map((epc) => [epc, ''])), ESV.get);
  const data = frame(tid, values, service);
  return [
    `>[${atS}] SKSENDTO 1 ${METER} 0E1A 1 ${hex(asked.length, 4)} {${hexOfBytes(asked)}}\\c`,
    `<[${atS + 0.1}] EVENT 21 ${METER} 00`,
    `<[${atS + 0.1}] OK`,
    `<[${atS + 0.4}] ${header(data.length)}${form === 'ascii' ? hexOfBytes(data) : `{${hexOfBytes(data)}}`}`,
    '',
  ].join('\n');
};

function answers(text: string): ReceivedFrame[] {
  return text.split(/(?=ERXUDP)/).flatMap((line) => frameOf({ from: 'module', text: line })?.frame ?? []);
}
const valuesOf = ({ properties }: ReceivedFrame): Values =>
  Object.fromEntries(properties.map(({ epc, edt }) => [hex(epc, 2), hexOfBytes(edt)]));

test('answers as recorded, after the recorded time; a lone carriage return ends a command too', async () => {
  const host = new Host('>[1.0] SKVER\n<[1.2] EVER 1.2.10\n<[1.5] OK\n>[2] ROPT\\r\n<[2.01] OK 01\\r\n');
  expect(await host.ask('SKVER\r\n', 199)).toBe('');
  expect(await host.ask('', 1)).toBe('EVER 1.2.10\r\n');
  expect(await host.ask('', 299)).toBe('');
  expect(await host.ask('', 1)).toBe('OK\r\n');
  expect(await host.ask('ROPT\r', 10)).toBe('OK 01\r');
});

test('the time factor makes it faster', async () => {
  const host = new Host('>[1] SKJOIN X\n<[5] EVENT 25\n', 4);
  expect(await host.ask('SKJOIN X\r\n', 999)).toBe('');
  expect(await host.ask('', 1)).toBe('EVENT 25\r\n');
});

test('each kind of question has its own order; what was asked once is answered again', async () => {
  const host = new Host('> SKVER\n< EVER 1\n< OK\n> SKINFO\n< EINFO\n< OK\n> SKVER\n< EVER 2\n< OK\n');
  const said = [];
  for (const command of ['SKINFO', 'SKVER', 'SKVER', 'SKVER', 'SKINFO']) said.push(await host.ask(`${command}\r\n`));
  expect(said.map((text) => text.split('\r\n')[0])).toEqual(['EINFO', 'EVER 1', 'EVER 2', 'EVER 2', 'EINFO']);
  expect(host.events).toEqual([{ kind: 'end', played: 3, exchanges: 3 }]);
});

test('what was never asked is FAIL ER04, and told once', async () => {
  const host = new Host('> SKVER\n< EVER 1\n< OK\n');
  expect(await host.ask('SKTABLE 1\r\n')).toBe('FAIL ER04\r\n');
  expect(await host.ask('SKTABLE 1\r\n')).toBe('FAIL ER04\r\n');
  expect(await host.ask(sendTo(7, 'E7'))).toBe('FAIL ER04\r\n');
  expect(host.events).toEqual([
    { kind: 'unknown', asked: 'SKTABLE 1' },
    { kind: 'unknown', asked: 'SKSENDTO 62 E7' },
  ]);
});

test('line ends that clear the line are no question', async () => {
  const host = new Host('> \n> SKVER\n< EVER 1\n');
  expect(await host.ask('\r\n\r\nSKVER\r\n')).toBe('EVER 1\r\n');
  expect(host.events).toEqual([{ kind: 'end', played: 1, exchanges: 1 }]);
});

test('other credentials are taken; their echo and the Pairing ID are the host’s', async () => {
  const id = 'FFFFEEEEDDDDCCCCBBBBAAAA99998888';
  const host = new Host(
    [
      '> SKSETPWD C XXXXXXXXXXXX',
      '< SKSETPWD C XXXXXXXXXXXX',
      '< OK',
      '> SKSETRBID 00112233445566778899AABBCCDDEEFF',
      '< SKSETRBID 00112233445566778899AABBCCDDEEFF',
      '< OK',
      '> SKSCAN 2 FFFFFFFF 6',
      '< OK',
      '<   PairID:CCDDEEFF',
      '<   PairID:AA000001',
    ].join('\n'),
  );
  expect(await host.ask('SKSETPWD C 0123456789AB\r\n')).toBe('SKSETPWD C 0123456789AB\r\nOK\r\n');
  expect(await host.ask(`SKSETRBID ${id}\r\n`)).toBe(`SKSETRBID ${id}\r\nOK\r\n`);
  expect(await host.ask('SKSCAN 2 FFFFFFFF 6\r\n')).toBe('OK\r\n  PairID:99998888\r\n  PairID:AA000001\r\n');
});

test('a scan of another length is answered by one of the recording, with as many words', async () => {
  const host = new Host('> SKSCAN 2 05555555 5 0 \n< OK\n< EVENT 22\n');
  expect(await host.ask('SKSCAN 2 FFFFFFFF 7 0\r\n')).toBe('OK\r\nEVENT 22\r\n');
  expect(await host.ask('SKSCAN 2 FFFFFFFF 7\r\n')).toBe('FAIL ER04\r\n');
});

test.each(['binary', 'ascii'] as const)('%s: a reply carries the transaction of the request', async (form) => {
  const host = new Host(got(1, 0x0d0a, { E7: '000001F4', E8: '00140005' }, form));
  const heard = await host.ask(sendTo(0x0d0d, 'E8', 'E7'));
  expect(heard).toMatch(/^EVENT 21 .* 00\r\nOK\r\nERXUDP/);
  expect(answers(heard).map((answer) => [answer.tid, valuesOf(answer)])).toEqual([
    [0x0d0d, { E7: '000001F4', E8: '00140005' }],
  ]);
});

test('values come in their order; at the end it says so and answers with the last again', async () => {
  const host = new Host(got(1, 1, { E7: '00000001' }) + got(3, 2, { E7: '00000002' }));
  const values = [];
  for (const tid of [11, 12, 13])
    values.push(answers(await host.ask(sendTo(tid, 'E7'))).map((answer) => [answer.tid, valuesOf(answer)['E7']]));
  expect(values).toEqual([[[11, '00000001']], [[12, '00000002']], [[13, '00000002']]]);
  expect(host.events).toEqual([{ kind: 'end', played: 2, exchanges: 2 }]);
});

test('a late reply is that of its own request', async () => {
  const asked = frame(1, { E7: '' }, ESV.get);
  const late = `<[5] ${header(18)}${hexOfBytes(frame(1, { E7: '00000009' }, ESV.getRes))}\n`;
  const lost = `>[1] SKSENDTO 1 ${METER} 0E1A 1 ${hex(asked.length, 4)} {${hexOfBytes(asked)}}\\c\n<[1.1] OK\n`;
  const host = new Host(lost + got(4, 2, { E7: '00000002' }) + late);
  expect(answers(await host.ask(sendTo(71, 'E7'), 3000))).toEqual([]);
  expect(answers(await host.ask(sendTo(72, 'E7'), 3000)).map(({ tid }) => tid)).toEqual([72, 71]);
});

test('a notification keeps its own transaction', async () => {
  const inf = frame(1, { EA: '00' }, ESV.inf);
  const host = new Host(`${got(1, 1, { E7: '00000001' })}<[2] ${header(inf.length)}${hexOfBytes(inf)}\n`);
  expect(answers(await host.ask(sendTo(9, 'E7'), 2000)).map(({ tid, esv: service }) => [tid, service])).toEqual([
    [9, ESV.getRes],
    [1, ESV.inf],
  ]);
});

test('properties that were asked apart are answered together with the values told last', async () => {
  const host = new Host(
    got(1, 1, { E7: '00000001' }, 'binary') + got(3, 2, { E7: '00000002' }) + got(5, 3, { E0: '0001E240' }),
  );
  await host.ask(sendTo(21, 'E7'));
  await host.ask(sendTo(22, 'E7'));
  const heard = await host.ask(sendTo(23, 'E7', 'E0'));
  expect(heard).toContain('EVENT 21');
  expect(answers(heard).map((answer) => [answer.tid, valuesOf(answer)])).toEqual([
    [23, { E7: '00000002', E0: '0001E240' }],
  ]);
  expect(host.events).toEqual([{ kind: 'composed', asked: 'SKSENDTO 62 E0 E7' }]);
  expect(await host.ask(sendTo(24, 'E7', 'E3'))).toBe('FAIL ER04\r\n');
});

test('what the meter left empty it leaves empty in company', async () => {
  const host = new Host(got(1, 1, { E7: '00000001' }) + got(3, 2, { D7: '', E1: '01' }, 'ascii', ESV.getSna));
  const [answer] = answers(await host.ask(sendTo(5, 'E7', 'D7')));
  expect([answer?.esv, answer && valuesOf(answer)]).toEqual([ESV.getSna, { E7: '00000001', D7: '' }]);
});

test('what the module said unasked comes when the first host is there, once', async () => {
  const host = new Host('<[0.5] EVENT 29\n>[1] SKVER\n<[1] EVER 1\n');
  await host.clock.advance(500);
  host.replayer.attached();
  await host.clock.advance(5000);
  expect(host.heard).toBe('EVENT 29\r\n');
});

test('stopped, it says nothing more and nothing waits', async () => {
  const host = new Host('>[1] SKJOIN X\n<[1.5] OK\n<[9] EVENT 25\n');
  await host.ask('SKJOIN X\r\n', 600);
  host.replayer.stop();
  await host.clock.advance(20_000);
  expect(host.heard).toBe('OK\r\n');
  expect(host.clock.sleepers).toBe(0);
});
