import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { edtOf, encodeFrame, EOJ, ESV } from '../../../src/echonet/frame.ts';
import { bytesOfAddress, bytesOfLatin1, hex, hexOfBytes, latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { linkLocalAddress } from '../../../src/model/pan.ts';
import { frameOf } from '../../../src/transcript/wire-units.ts';
import { Recording } from '../../../src/transcript/recording.ts';
import { parseTranscript } from '../../../src/transcript/transcript.ts';
import type { Side, TranscriptLine } from '../../../src/transcript/transcript.ts';
import { formsOf } from '../../support/canary.ts';

const ID = 'CA7A0001DEADC0DE0BADF00D5EC2E7AA';
const PASSWORD = 'CANARYROUTEB';
const METER = '001D129ABCDEF713';
const OWN = 'C0F945004058B5FB';
const NEIGHBOUR = '001C64000BADCAFE';
const PAN_ID = 'F713';
const SERIAL = 'S18ZT4930277';
const UNIQUE = 'FE00001690A1B2C3D4E5F60718293A4B5C';
const ROUTE_B_NUMBER = '0000001677A6B5C4D3E2F1A0';
const [meterIp, ownIp] = [linkLocalAddress(METER), linkLocalAddress(OWN)];

type Said = readonly [Side, string];

const answer = encodeFrame({
  tid: 0x1234,
  seoj: EOJ.meter,
  deoj: EOJ.controller,
  esv: ESV.getRes,
  properties: [
    { epc: 0xe7, edt: Buffer.from('000001F4', 'hex') },
    { epc: 0x83, edt: Buffer.from(UNIQUE, 'hex') },
    { epc: 0x8a, edt: Buffer.from('000016', 'hex') },
    { epc: 0x8d, edt: bytesOfLatin1(SERIAL) },
    { epc: 0xc0, edt: Buffer.from(`${ROUTE_B_NUMBER}01020304`, 'hex') },
  ],
});
const pana = latin1OfBytes(
  Buffer.concat([
    Buffer.from('00000068800000026F0BFE2F', 'hex'),
    Buffer.from(`SM${ID}`),
    Buffer.from('A5D3C7E9B1', 'hex'),
  ]),
);

const datagram = (payload: Uint8Array, port: string, form: 'binary' | 'ascii', mac = METER): string =>
  `ERXUDP ${linkLocalAddress(mac)} ${ownIp} ${port} ${port} ${mac} CA 1 0 ${hex(payload.length, 4)} ${form === 'ascii' ? hexOfBytes(payload) : latin1OfBytes(payload)}\r\n`;

/** A session in which everything that must not be told is told in every way there is. */
function session(form: 'binary' | 'ascii'): Said[] {
  const scan = `SKSCAN 2 FFFFFFFF 6 0 \r\n`;
  return [
    ['host', 'SKINFO\r\n'],
    ['module', `SKINFO\r\nEINFO ${ownIp} ${OWN} 33 ${PAN_ID} 0\r\nOK\r\n`],
    ['host', `SKSETPWD C ${PASSWORD}\r\n`],
    ['module', `SKSETPWD C ${PASSWORD}\r\nOK\r\n`],
    ['host', `SKSETRBID ${ID}\r\n`],
    ['module', `SKSETRBID ${ID}\r\nOK\r\n`],
    ['host', scan],
    [
      'module',
      `OK\r\nEPANDESC\r\n  Channel:33\r\n  Pan ID:${PAN_ID}\r\n  Addr:${METER}\r\n  PairID:${ID.slice(-8)}\r\n`,
    ],
    ['module', `EPANDESC\r\n  Pan ID:CAFE\r\n  Addr:${NEIGHBOUR}\r\n  PairID:0BADCAFE\r\nEVENT 22 ${ownIp} 0\r\n`],
    ['host', `SKSREG S3 ${PAN_ID}\r\n`],
    ['module', `SKSREG S3 ${PAN_ID}\r\nOK\r\n`],
    ['host', `SKLL64 ${METER.toLowerCase()}\r\n`],
    ['module', `${meterIp}\r\n`],
    ['host', `SKJOIN ${meterIp}\r\n`],
    ['module', `OK\r\n${datagram(bytesOfLatin1(pana), '02CC', form)}EVENT 25 ${meterIp} 0\r\n`],
    ['module', `EVENT 21 ${meterIp.slice(0, 30)}\r\nSKSETRBID ${ID.slice(0, 20)}\r\n`], // bytes were lost
    ['host', `SKSENDTO 1 ${meterIp} 0E1A 1 0 0004 \x10\x81\r\n`],
    ['module', datagram(answer, '0E1A', form)],
    [
      'module',
      form === 'ascii'
        ? datagram(answer, '0E1A', form).toLowerCase().replace('erxudp', 'ERXUDP')
        : datagram(answer, '0E1A', form),
    ],
    [
      'module',
      `${SERIAL} ${hexOfBytes(bytesOfLatin1(ID))} ${Buffer.from(METER, 'hex').toString('latin1')} ${Buffer.from(meterIp.slice(20).replaceAll(':', ''), 'hex').toString('latin1')}\r\n`,
    ],
  ];
}

const secrets = { routeBId: ID, routeBPassword: PASSWORD };

function recorded(said: readonly Said[], chunk = (text: string): string[] => [text]): string {
  let nowMs = 0;
  const recording = new Recording(() => (nowMs += 5));
  for (const [from, text] of said) for (const piece of chunk(text)) recording.accept(from, bytesOfLatin1(piece));
  return recording.text(secrets, []);
}

function linesOf(text: string): readonly TranscriptLine[] {
  const parsed = parseTranscript(text);
  if (!parsed.ok) throw new Error(parsed.problem.reason.en);
  return parsed.value.lines;
}

const bytesFrom = (lines: readonly TranscriptLine[], side: Side): string =>
  lines
    .filter(({ from }) => from === side)
    .map(({ bytes }) => latin1OfBytes(bytes))
    .join('');

const identifying: Readonly<Record<string, string>> = {
  id: ID,
  idBeginning: ID.slice(0, 20),
  pairingId: ID.slice(-8),
  password: PASSWORD,
  meter: METER,
  meterAddress: meterIp,
  meterInterface: meterIp.slice(20),
  meterInterfaceDigits: meterIp.slice(20).replaceAll(':', ''),
  addressBeginning: meterIp.slice(20, 30),
  own: OWN,
  ownAddress: ownIp.slice(20),
  neighbour: NEIGHBOUR,
  neighbourPairing: '0BADCAFE',
  serial: SERIAL,
  unique: UNIQUE.slice(8),
  routeBNumber: ROUTE_B_NUMBER.slice(8),
};

/** What the canary may look like in the file, besides what `formsOf` knows: the bytes that its digits stand for. */
function sightings(file: string): string[] {
  const places = {
    file,
    wire: linesOf(file)
      .map(({ bytes }) => latin1OfBytes(bytes))
      .join(''),
  };
  return Object.entries(places).flatMap(([where, text]) =>
    Object.entries(identifying).flatMap(([name, value]) => {
      const raw = /^(?:[0-9A-F]{2})+$/.test(value) ? [Buffer.from(value, 'hex').toString('latin1').toLowerCase()] : [];
      return [...formsOf(value), ...raw].some((form) => text.toLowerCase().includes(form)) ? [`${where}: ${name}`] : [];
    }),
  );
}

test.each(['binary', 'ascii'] as const)('%s: nothing that tells whose it is is in the file', (form) => {
  const said = session(form);
  const before = said.map(([, text]) => text.toLowerCase()).join('');
  for (const [name, value] of Object.entries(identifying)) {
    const raw = /^(?:[0-9A-F]{2})+$/.test(value) ? Buffer.from(value, 'hex').toString('latin1').toLowerCase() : value;
    expect(before.includes(value.toLowerCase()) || before.includes(raw), name).toBe(true); // it was said
  }
  const file = recorded(said);
  expect(sightings(file)).toEqual([]);
  expect(file).not.toMatch(new RegExp(`\\b(?:${PAN_ID}|CAFE)\\b`));
});

test.each(['binary', 'ascii'] as const)('%s: every unit is as long as it was, and what is no secret stays', (form) => {
  const said = session(form);
  const lines = linesOf(recorded(said));
  for (const side of ['host', 'module'] as const) {
    const before = said
      .filter(([from]) => from === side)
      .map(([, text]) => text)
      .join('');
    expect(bytesFrom(lines, side).length).toBe(before.length);
  }
  const frames = lines.flatMap(({ from, bytes }) => frameOf({ from, text: latin1OfBytes(bytes) })?.frame ?? []);
  expect(frames).toHaveLength(2);
  for (const { tid, properties } of frames) {
    expect(tid).toBe(0x1234);
    expect(hexOfBytes(edtOf(properties, 0xe7) ?? new Uint8Array())).toBe('000001F4');
    expect(hexOfBytes(edtOf(properties, 0x8a) ?? new Uint8Array())).toBe('000016');
    expect(latin1OfBytes(edtOf(properties, 0x8d) ?? new Uint8Array())).toMatch(/^X\d\dXX\d{7}$/);
    expect(hexOfBytes(edtOf(properties, 0x83) ?? new Uint8Array())).toMatch(/^FE000016/);
  }
});

test('a pseudonym is the same wherever it stands, and the parts still fit each other', () => {
  const text = bytesFrom(linesOf(recorded(session('ascii'))), 'module');
  const [, mac = ''] = /Addr:(\w+)/.exec(text) ?? [];
  const [, id = ''] = /SKSETRBID (\w{32})/.exec(text) ?? [];
  expect(text).toContain(`EVENT 25 ${linkLocalAddress(mac)} 0`);
  expect(text).toContain(`${linkLocalAddress(mac)}\r\n`);
  expect(text).toContain(`0E1A 0E1A ${mac} CA`);
  expect(text).toContain(`PairID:${id.slice(-8)}`);
  expect(new Set([...text.matchAll(/(?:Pan ID:|S3 |\w{16} 33 )(\w{4})/g)].map(([, panId]) => panId)).size).toBe(2);
});

test('wherever the wire cuts it, the same is written', () => {
  const whole = linesOf(recorded(session('binary')));
  const byte = linesOf(recorded(session('binary'), (text) => Array.from(text)));
  expect(byte.map(({ from, text }) => [from, text])).toEqual(whole.map(({ from, text }) => [from, text]));
});

test('a secret that a closing wire or an endless line cuts in two is not told in halves', () => {
  const file = recorded([
    ['module', 'x'.repeat(4090) + METER.slice(0, 7)],
    ['module', `${METER.slice(7)}\r\nSKSETPWD C ${PASSWORD.slice(0, 6)}`],
    ['module', `${PASSWORD.slice(6)}\r\n  Addr:${METER}\r\n`],
  ]);
  expect(sightings(file)).toEqual([]);
});

test('any wire: as long as it was, and the ID is not in it', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 12 }).map(latin1OfBytes),
    fc.constantFrom(
      ID,
      ID.toLowerCase(),
      PASSWORD,
      `SKSETRBID ${ID}\r\n`,
      METER,
      meterIp,
      '\r\n',
      'EPANDESC\r\n',
      datagram(answer, '0E1A', 'binary'),
    ),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom<Side>('host', 'module'), piece), { minLength: 1 }), (said) => {
      const text = said.map(([, piece]) => piece).join('');
      if (text === '') return;
      const lines = linesOf(recorded(said));
      const all = bytesFrom(lines, 'host') + bytesFrom(lines, 'module');
      expect(all.length).toBe(text.length);
      expect(all.toUpperCase()).not.toContain(ID);
      expect(all.toUpperCase()).not.toContain(PASSWORD);
    }),
  );
});

test('an address of the house is another one in every form, that of all nodes stays', () => {
  const [address, everybody] = ['2001:0D00:CAFE:0BAD:0123:4567:89AB:CDEF', `FF02:${'0000:'.repeat(6)}0001`];
  const told = (ip: string): string => `EPONG ${ip}\r\n${ip.toLowerCase()}\r\n${latin1OfBytes(bytesOfAddress(ip))}\r\n`;
  const text = bytesFrom(linesOf(recorded([['module', `${told(address)}EADDR\r\n${everybody}\r\n`]])), 'module');
  const [, put = ''] = /EPONG (\S{39})\r/.exec(text) ?? [];
  expect(put).toMatch(/^2001:0DB8:/);
  expect(text).toBe(`${told(put)}EADDR\r\n${everybody}\r\n`);
});

test('what was masked before stays as it is', () => {
  const said: Said[] = [['module', `EINFO ${'0000:'.repeat(7)}0000 0000000000000000 21 FFFF FFFE\r\n`]];
  expect(bytesFrom(linesOf(recorded(said)), 'module')).toBe(said[0]?.[1]);
});

test('a J11 module is known by its answers, not by our asking for one', () => {
  const recording = new Recording(() => 0);
  recording.accept('host', Buffer.from('D0EA83FC00010004033E0000', 'hex'));
  recording.accept('module', bytesOfLatin1('FAIL ER04\r\n'));
  recording.closed();
  expect(recording.hasJ11).toBe(false);
  recording.accept('module', Buffer.from('D0F9EE5D60190004039D0000', 'hex').subarray(0, 9));
  recording.closed();
  expect(recording.hasJ11).toBe(true);
});
