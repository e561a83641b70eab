import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Edition, PrintMode } from '../../../src/skstack/commands.ts';
import { parseLine } from '../../../src/skstack/events.ts';
import type { SkLine } from '../../../src/skstack/events.ts';
import { bytesOfHex, hex, latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { formatLine, panLines } from '../../../src/skstack/line-formatter.ts';

const OWN = 'FE80:0000:0000:0000:021D:1291:0004:E578';
const METER = 'FE80:0000:0000:0000:C2F9:4500:4058:B5FB';
const print = (line: SkLine, edition: Edition, mode: PrintMode = 'ascii'): string =>
  latin1OfBytes(formatLine(line, edition, mode));

/** Lines of published captures (RS-WSUHA-P, BP35A1, RL7023 Stick-D/IPS), as printed. */
const captured: readonly (readonly [string, SkLine, Edition])[] = [
  ['EVER 1.5.2\r\n', { kind: 'version', value: '1.5.2' }, 'DSE'],
  ['EAPPVER rev26e\r\n', { kind: 'appVersion', value: 'rev26e' }, 'SE'],
  ['OK\r\n', { kind: 'ok' }, 'DSE'],
  ['OK 01\r', { kind: 'ok', value: '01' }, 'DSE'],
  ['FAIL ER05\r\n', { kind: 'fail', code: 5 }, 'SE'],
  ['FAIL ER10\r\n', { kind: 'fail', code: 10 }, 'SE'],
  ['SKSREG SFE 0\r\n', { kind: 'echo', text: 'SKSREG SFE 0' }, 'SE'],
  ['EPORT\r\n', { kind: 'noise', text: 'EPORT', reason: 'unknown line' }, 'SE'],
  ['ESREG 21\r\n', { kind: 'register', value: '21' }, 'SE'],
  [`${METER}\r\n`, { kind: 'address', address: METER }, 'SE'],
  [`EVENT 22 ${OWN} 0\r\n`, { kind: 'event', number: 0x22, from: OWN }, 'DSE'],
  [`EVENT 22 ${OWN}\r\n`, { kind: 'event', number: 0x22, from: OWN }, 'SE'],
  [`EVENT 21 ${METER} 0 02\r\n`, { kind: 'event', number: 0x21, from: METER, param: 2 }, 'DSE'],
  [`EVENT 21 ${METER} 00\r\n`, { kind: 'event', number: 0x21, from: METER, param: 0 }, 'SE'],
  ['EVENT C0\r\n', { kind: 'event', number: 0xc0, from: '' }, 'DSE'],
  [
    'EINFO FE80:0000:0000:0000:1234:5678:1234:5678 1234567812345678 21 FFFF FFFE\r\n',
    {
      kind: 'info',
      address: 'FE80:0000:0000:0000:1234:5678:1234:5678',
      macAddress: '1234567812345678',
      channel: 0x21,
      panId: 0xffff,
    },
    'SE',
  ],
  [
    `ERXUDP ${METER} FF02:0000:0000:0000:0000:0000:0000:0001 0E1A 0E1A 0011223344556677 1 0 0012 108100000EF0010EF0017301D50401028801\r\n`,
    {
      kind: 'rxudp',
      from: METER,
      to: 'FF02:0000:0000:0000:0000:0000:0000:0001',
      remotePort: 0x0e1a,
      localPort: 0x0e1a,
      macAddress: '0011223344556677',
      secured: true,
      payload: bytesOfHex('108100000EF0010EF0017301D50401028801'),
    },
    'DSE',
  ],
];

test.each(captured)('%j is printed as captured', (text, line, edition) => {
  expect(print(line, edition)).toBe(text);
});

test('binary mode prints the payload as raw bytes, line ends and all', () => {
  const payload = bytesOfHex('10810D0A00');
  const line: SkLine = {
    kind: 'rxudp',
    from: METER,
    to: OWN,
    remotePort: 0x0e1a,
    localPort: 0x0e1a,
    macAddress: '0011223344556677',
    secured: true,
    payload,
  };
  const header = `ERXUDP ${METER} ${OWN} 0E1A 0E1A 0011223344556677`;
  expect(print(line, 'SE', 'binary')).toBe(`${header} 1 0005 ${latin1OfBytes(payload)}\r\n`);
  expect(print({ ...line, lqi: 0xd8 }, 'DSE', 'binary')).toBe(`${header} D8 1 0 0005 ${latin1OfBytes(payload)}\r\n`);
  expect(print({ ...line, lqi: 0xd8 }, 'SE', 'ascii')).toBe(`${header} 1 0005 10810D0A00\r\n`);
});

test('EPANDESC is printed as captured, with SIDE on DSE and PairID in mode 2 only', () => {
  const pan = { channel: 0x31, panId: 0xb5fb, macAddress: '0011223344556677', lqi: 0xdd, pairId: '0194BFAD' };
  const block = (edition: Edition, description: Parameters<typeof panLines>[0]): string =>
    panLines(description, edition)
      .map((line) => print(line, edition))
      .join('');
  const head =
    'EPANDESC\r\n  Channel:31\r\n  Channel Page:09\r\n  Pan ID:B5FB\r\n  Addr:0011223344556677\r\n  LQI:DD\r\n';
  expect(block('DSE', pan)).toBe(`${head}  Side:0\r\n  PairID:0194BFAD\r\n`);
  expect(block('SE', pan)).toBe(`${head}  PairID:0194BFAD\r\n`);
  const { pairId: _, ...open } = pan;
  expect(block('SE', open)).toBe(head);
});

describe.each(['SE', 'DSE'] as const)('%s: what is formatted is parsed back', (edition) => {
  const digits = (width: number) => fc.nat(16 ** Math.min(width, 6) - 1).map((value) => hex(value, width));
  const address = fc.array(digits(4), { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
  const byte = fc.nat(255);
  const word = fc.stringMatching(/^[A-Za-z0-9.-]{1,12}$/);
  const side = edition === 'DSE' ? { side: fc.constantFrom(0, 1) } : {};
  // A payload that starts with a hex digit cannot be told from hex; no ECHONET or PANA datagram does.
  const payload = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Uint8Array.of(0x10, ...bytes));
  const line: fc.Arbitrary<SkLine> = fc.oneof(
    fc.constant<SkLine>({ kind: 'ok' }),
    fc.record({ kind: fc.constant('ok' as const), value: digits(2) }),
    fc.record({ kind: fc.constant('fail' as const), code: fc.integer({ min: 1, max: 99 }) }),
    fc.record({ kind: fc.constant('version' as const), value: word }),
    fc.record({ kind: fc.constant('appVersion' as const), value: word }),
    fc.record({ kind: fc.constant('register' as const), value: digits(4) }),
    fc.record({ kind: fc.constant('address' as const), address }),
    fc.constant<SkLine>({ kind: 'pan' }),
    fc.record({ kind: fc.constant('panField' as const), name: fc.constantFrom('Channel', 'Pan ID'), value: digits(4) }),
    fc.record(
      { kind: fc.constant('event' as const), number: byte, from: address, param: byte, ...side },
      { requiredKeys: ['kind', 'number', 'from', ...(Object.keys(side) as 'kind'[])] },
    ) as fc.Arbitrary<SkLine>,
    fc.record({
      kind: fc.constant('info' as const),
      address,
      macAddress: digits(16),
      channel: fc.integer({ min: 33, max: 60 }),
      panId: fc.nat(0xffff),
      edition: fc.constant(edition),
    }),
    fc.record(
      {
        kind: fc.constant('rxudp' as const),
        from: address,
        to: address,
        remotePort: fc.nat(0xffff),
        localPort: fc.nat(0xffff),
        macAddress: digits(16),
        secured: fc.boolean(),
        payload,
        ...side,
        ...(edition === 'DSE' ? { lqi: byte } : {}),
      },
      { noNullPrototype: true },
    ) as fc.Arbitrary<SkLine>,
  );

  test.each(['ascii', 'binary'] as const)('printed %s', (mode) => {
    fc.assert(
      fc.property(line, (value) => {
        const text = print(value, edition, mode).replace(/\r\n?$/, '');
        expect(parseLine(text)).toEqual(value);
      }),
      { numRuns: 400 },
    );
  });
});
