import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommandReader } from '../../../src/skstack/command-reader.ts';
import type { HostInput } from '../../../src/skstack/command-reader.ts';
import { commandText, encodeCommand, parseCommand } from '../../../src/skstack/commands.ts';
import type { SkCommand, Edition, HostCommand } from '../../../src/skstack/commands.ts';
import { bytesOfLatin1 } from '../../../src/kernel/bytes.ts';

const METER = 'FE80:0000:0000:0000:021C:6400:030C:12A4';
const ID = '00112233445566778899AABBCCDDEEFF';
const read = (text: string, edition: Edition = 'SE'): HostInput[] =>
  new CommandReader(edition).push(bytesOfLatin1(text));
const codes = (text: string, edition?: Edition): (number | string)[] =>
  read(text, edition).map((input) => (input.kind === 'refused' ? input.code : input.command.name));

const commands: readonly SkCommand[] = [
  { name: 'SKVER' },
  { name: 'SKAPPVER' },
  { name: 'SKINFO' },
  { name: 'SKRESET' },
  { name: 'SKREJOIN' },
  { name: 'SKTERM' },
  { name: 'ROPT' },
  { name: 'SKSREG', register: 'SFE', value: '0' },
  { name: 'SKSREG', register: 'S2' },
  { name: 'SKSETPWD', password: '0123456789AB' },
  { name: 'SKSETRBID', id: ID },
  { name: 'SKSCAN', mode: 2, mask: 0xffffffff, duration: 6 },
  { name: 'SKLL64', macAddress: '001C6400030C12A4' },
  { name: 'SKJOIN', address: METER },
  {
    name: 'SKSENDTO',
    handle: 1,
    address: METER,
    port: 0x0e1a,
    security: 1,
    data: Uint8Array.of(0x10, 0x81, 0x0d, 0x0a, 0x20, 0x00, 0xff),
  },
];

describe.each(['SE', 'DSE'] as const)('%s: what the client encodes is read back', (edition) => {
  test.each(commands)('$name, cut at every byte', (command) => {
    const bytes = encodeCommand(command, edition);
    const expected = [{ kind: 'command', command, text: commandText(command, edition) }];
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new CommandReader(edition);
      expect([...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))]).toEqual(expected);
    }
  });

  test('any sequence in any pieces', () => {
    const data = fc.uint8Array({ minLength: 1, maxLength: 80 });
    const command = fc.oneof(
      fc.constantFrom(...commands),
      data.map((bytes): SkCommand => ({
        name: 'SKSENDTO',
        handle: 1,
        address: METER,
        port: 0x0e1a,
        security: 1,
        data: bytes,
      })),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 40 })), (list, sizes) => {
        const bytes = Uint8Array.from(list.flatMap((one) => [...encodeCommand(one, edition)]));
        const reader = new CommandReader(edition);
        const seen: HostInput[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % Math.max(1, sizes.length)] ?? 1;
          seen.push(...reader.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(seen.map((input) => input.kind === 'command' && input.command)).toEqual(list);
      }),
    );
  });
});

test('CR, CRLF and LF end a line; empty lines are nothing', () => {
  expect(codes('\r\n\r\rSKVER\rSKINFO\r\nSKTERM\n\n')).toEqual(['SKVER', 'SKINFO', 'SKTERM']);
});

test('product commands may come with CRLF too', () => {
  expect(codes('ROPT\r\nRUART\rWOPT 01\rWUART 00\r\n')).toEqual(['ROPT', 'RUART', 'WOPT', 'WUART']);
});

test('the number of arguments depends on the edition: ER05', () => {
  expect(codes('SKSCAN 2 FFFFFFFF 6\r\n', 'SE')).toEqual(['SKSCAN']);
  expect(codes('SKSCAN 2 FFFFFFFF 6\r\n', 'DSE')).toEqual([5]);
  expect(codes('SKSCAN 2 FFFFFFFF 6 0\r\n', 'DSE')).toEqual(['SKSCAN']);
  expect(codes('SKSCAN 2 FFFFFFFF 6 0\r\n', 'SE')).toEqual([5]);
  expect(codes(`SKPING ${METER}\r\nSKPING 0 ${METER}\r\n`, 'SE')).toEqual(['SKPING', 5]);
  expect(codes(`SKPING ${METER}\r\nSKPING 0 ${METER}\r\n`, 'DSE')).toEqual([5, 'SKPING']);
  expect(codes('SKVER 1\r\nSKSREG\r\nSKTABLE\r\n')).toEqual([5, 5, 5]);
});

test('a blank before the line end is accepted, as DSE modules do', () => {
  expect(read('SKSCAN 2 FFFFFFFF 6 0 \r\n', 'DSE')).toEqual([
    {
      kind: 'command',
      command: { name: 'SKSCAN', mode: 2, mask: 0xffffffff, duration: 6 },
      text: 'SKSCAN 2 FFFFFFFF 6 0 ',
    },
  ]);
});

test.each([
  'SKSCAN 5 FFFFFFFF 6',
  'SKSCAN 2 FFFFFFFFF 6',
  'SKSCAN 2 FFFFFFFF F',
  'SKSCAN 2 FFFFFFFF 10',
  'SKJOIN FE80::1',
  `SKJOIN 0${METER}`,
  `SKJOIN ${METER}0`,
  'SKLL64 001C64',
  'SKLL64 0001C6400030C12A4',
  'SKLL64 001C6400030C12A4X',
  'SKSREG S2  ',
  'SKSETPWD 0 X',
  'SKSETPWD C 0123456789ABC',
  `SKSETRBID ${ID}0`,
  'SKSREG X2 21',
  'SKSREG XS2 21',
  'SKSREG S2FF 21',
  'SKTABLE XX',
  'SKTABLE 10',
  'SKTABLE G',
  'SKTABLE 1G',
  'SKTABLE G1',
  'SKTABLE  ',
  'SKUDPPORT 9 0E1A',
  'SKUDPPORT 0 0E1A',
  'SKUDPPORT 1 10E1A',
  'SKSCAN 22 FFFFFFFF 6',
  'SKSCAN 2 FFFFFFFF G',
  'SKSETPWD C  ',
  'SKSETRBID  ',
  'SKPING FE80::1',
  `SKADDNBR ${METER} 001C64`,
  'SKADDNBR FE80::1 001C6400030C12A4',
  'SKSETPSK 10 00',
  `SKSETPSK 0F ${ID}`,
  `SKSETPSK 10 ${ID}0`,
  `SKSETPSK 10 X${ID}`,
  'WOPT XYZ',
  'WOPT G1',
  'WOPT 1G',
  'WOPT 100',
])('%s has a wrong form: ER06', (line) => {
  expect(codes(`${line}\r\n`)).toEqual([6]);
});

test.each([
  [`SKSENDTO 1 ${METER} E1A 1 000E `, 'a port without its zeros'],
  [`SKSENDTO 1 ${METER} 0E1A 3 000E `, 'an unknown security'],
  [`SKSENDTO 1 ${METER} 0E1A 1 0E `, 'a short length'],
  [`SKSENDTO 1 ${METER} 0E1A 1 0000 `, 'no data'],
  [`SKSENDTO 1 ${METER} 0E1A 1 04D1 `, 'too much data'],
])('%s is refused once its line ends: %s', (header) => {
  expect(codes(header)).toEqual([]);
  expect(codes(`${header}\r\n`)).toEqual([6]);
});

test('SKSENDTO in the other edition is refused once a line ends: ER05', () => {
  expect(codes(`SKSENDTO 1 ${METER} 0E1A 1 0 0002 \x10\x81\r\n`, 'SE')).toEqual([5]);
  expect(codes(`SKSENDTO 1 ${METER} 0E1A 1 0002 \x10\x81\r\n`, 'DSE')).toEqual([5]);
});

test('unknown commands: ER04; bytes that are no text: ER09', () => {
  expect(codes('SKFOO\r\nhello world\r\nskver\r\n')).toEqual([4, 4, 4]);
  expect(codes('\xd0\xea\x83\xfc\r\n')).toEqual([9]);
  expect(codes(`${'X'.repeat(600)}\r\nSKVER\r\n`)).toEqual([9, 'SKVER']);
});

test('numbers may be short and lower case; the echo stays as typed', () => {
  expect(read('SKSETPWD c 1234567890ab\r\n')).toEqual([
    { kind: 'command', command: { name: 'SKSETPWD', password: '1234567890ab' }, text: 'SKSETPWD c 1234567890ab' },
  ]);
  expect(read('SKSCAN 2 f 6\r\n')[0]).toMatchObject({ command: { mask: 0xf } });
  expect(read(`SKJOIN ${METER.toLowerCase()}\r\n`)[0]).toMatchObject({ command: { address: METER } });
  expect(read('SKLL64 001c6400030c12a4\r\n')[0]).toMatchObject({ command: { macAddress: '001C6400030C12A4' } });
});

test('SKSENDTO behind anything else is no SKSENDTO', () => {
  for (const edition of ['SE', 'DSE'] as const) {
    const side = edition === 'DSE' ? '0 ' : '';
    expect(codes(`XSKSENDTO 1 ${METER} 0E1A 1 ${side}0002 \x10\x81\r\n`, edition)).toEqual([9]);
    expect(codes(`SKSENDTO 1 ${METER} 0E1A 1 ${side}0002 \x10\x81`, edition)).toEqual(['SKSENDTO']);
  }
});

test('the values at the ends of their ranges', () => {
  expect(codes('SKUDPPORT 1 0000\r\nSKUDPPORT 6 FFFF\r\nSKUDPPORT 7 0E1A\r\nSKSCAN 0 1 E\r\nSKSCAN 3 0 0\r\n')).toEqual(
    ['SKUDPPORT', 'SKUDPPORT', 6, 'SKSCAN', 'SKSCAN'],
  );
});

test('SKSENDTO with too few bytes waits, and swallows what comes next', () => {
  const reader = new CommandReader('SE');
  expect(reader.push(bytesOfLatin1(`SKSENDTO 1 ${METER} 0E1A 1 0009 \x10\x81`))).toEqual([]);
  expect(reader.counting).toBe(true);
  expect(reader.push(bytesOfLatin1('SKVER\r\n'))).toHaveLength(1);
  expect(reader.counting).toBe(false);
  expect(reader.push(bytesOfLatin1('SKVER\r\n'))).toMatchObject([{ command: { name: 'SKVER' } }]);
});

test('SKSENDTO with too many bytes: the rest begins the next command', () => {
  expect(codes(`SKSENDTO 1 ${METER} 0E1A 1 0002 \x10\x81\r\nSKVER\r\n`)).toEqual(['SKSENDTO', 'SKVER']);
  expect(codes(`SKSENDTO 1 ${METER} 0E1A 1 0002 \x10\x81XSKVER\r\n`)).toEqual(['SKSENDTO', 4]);
});

test('a burst of line ends frees a module that counts the data of a dead host', () => {
  const reader = new CommandReader('SE');
  reader.push(bytesOfLatin1(`SKSENDTO 1 ${METER} 0E1A 1 04D0 half`));
  reader.push(bytesOfLatin1('\r\n'.repeat(616)));
  expect(reader.push(bytesOfLatin1('SKVER\r\n'))).toMatchObject([{ command: { name: 'SKVER' } }]);
});

test('what other programs send is understood', () => {
  const text = [
    'SKTABLE 2',
    'SKTABLE E',
    `SKADDNBR ${METER} 001C6400030C12A4`,
    'SKSAVE',
    'SKLOAD',
    'SKERASE',
    `SKSETPSK 10 ${ID}`,
    'SKUDPPORT 3 0E1A',
    'SKDSLEEP',
    'SKREJOIN',
  ];
  expect(codes(`${text.join('\r\n')}\r\n`)).toEqual(text.map((line) => line.split(' ')[0]));
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      new CommandReader('DSE').push(bytes);
    }),
  );
});

test('power-off forgets half a command', () => {
  const reader = new CommandReader('SE');
  reader.push(bytesOfLatin1(`SKSENDTO 1 ${METER} 0E1A 1 0009 \x10`));
  reader.reset();
  reader.push(bytesOfLatin1('SKV'));
  reader.reset();
  expect(reader.push(bytesOfLatin1('SKVER\r\n'))).toMatchObject([{ command: { name: 'SKVER' } }]);
});

test.each([
  'SKSCAN 2 FFFFFFFF 6 2',
  'SKSCAN 2 FFFFFFFF 6 X',
  'SKSCAN 2 FFFFFFFF 6 00',
  `SKPING 2 ${METER}`,
  'SKPING 0 FE80::1',
])('%s has a SIDE or an address that is none: ER06', (line) => {
  expect(codes(`${line}\r\n`, 'DSE')).toEqual([6]);
});

test('the most data SKSENDTO takes, and one byte more', () => {
  const reader = new CommandReader('SE');
  reader.push(Buffer.from(`SKSENDTO 1 ${METER} 0E1A 1 04D0 `));
  expect(reader.counting).toBe(true);
  reader.reset();
  reader.push(Buffer.from(`SKSENDTO 1 ${METER} 0E1A 1 04D1 `));
  expect(reader.counting).toBe(false);
});

test('a line of 512 characters is read, one of 513 is an input error', () => {
  expect(codes(`${'X'.repeat(512)}\r\n${'X'.repeat(513)}\r\n`)).toEqual([4, 9]);
});

test.each<[string, HostCommand]>([
  ['SKSAVE', { name: 'SKSAVE' }],
  [`SKSETPSK 10 ${ID}`, { name: 'SKSETPSK', key: ID }],
  [`SKPING 0 ${METER}`, { name: 'SKPING', address: METER }],
  [`SKADDNBR ${METER} 001C6400030C12A4`, { name: 'SKADDNBR', address: METER, macAddress: '001C6400030C12A4' }],
  ['SKTABLE E', { name: 'SKTABLE', table: 0xe }],
  ['SKUDPPORT 1 0E1A', { name: 'SKUDPPORT', handle: 1, port: 0x0e1a }],
  ['WOPT 01', { name: 'WOPT', value: 1 }],
  ['WUART 00', { name: 'WUART', value: 0 }],
])('%s, which only others send, is read and written', (text, command) => {
  expect(parseCommand(text, 'DSE')).toEqual(command);
  expect(commandText(command, 'DSE')).toBe(text);
});
