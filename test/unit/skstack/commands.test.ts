import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandText, encodeCommand, MAX_DATA_LENGTH, type SkCommand } from '../../../src/skstack/commands.ts';
import { bytesOfHex, bytesOfLatin1, latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { METER } from '../../support/rxudp.ts';

const data = bytesOfHex('1081000105FF010288016201E700');
const sendTo = { name: 'SKSENDTO', handle: 1, address: METER, port: 0x0e1a, security: 1, data } as const;

/** Command, its text on SE, its text on DSE where SIDE makes a difference. */
const table: readonly (readonly [SkCommand, string, string?])[] = [
  [{ name: 'SKVER' }, 'SKVER'],
  [{ name: 'SKAPPVER' }, 'SKAPPVER'],
  [{ name: 'SKINFO' }, 'SKINFO'],
  [{ name: 'SKRESET' }, 'SKRESET'],
  [{ name: 'SKREJOIN' }, 'SKREJOIN'],
  [{ name: 'SKTERM' }, 'SKTERM'],
  [{ name: 'SKSREG', register: 'SFD' }, 'SKSREG SFD'],
  [{ name: 'SKSREG', register: 'SFE', value: '0' }, 'SKSREG SFE 0'],
  [{ name: 'SKSREG', register: 'S2', value: '3B' }, 'SKSREG S2 3B'],
  [{ name: 'SKSETPWD', password: '0123456789AB' }, 'SKSETPWD C 0123456789AB'],
  [{ name: 'SKSETPWD', password: 'A'.repeat(32) }, `SKSETPWD 20 ${'A'.repeat(32)}`],
  [{ name: 'SKSETRBID', id: '0'.repeat(32) }, `SKSETRBID ${'0'.repeat(32)}`],
  [{ name: 'SKSCAN', mode: 2, mask: 0xffffffff, duration: 6 }, 'SKSCAN 2 FFFFFFFF 6', 'SKSCAN 2 FFFFFFFF 6 0'],
  [{ name: 'SKSCAN', mode: 2, mask: 0x05555555, duration: 14 }, 'SKSCAN 2 05555555 E', 'SKSCAN 2 05555555 E 0'],
  [{ name: 'SKSCAN', mode: 3, mask: 1, duration: 0 }, 'SKSCAN 3 00000001 0', 'SKSCAN 3 00000001 0 0'],
  [{ name: 'SKLL64', macAddress: '001C6400030C12A4' }, 'SKLL64 001C6400030C12A4'],
  [{ name: 'SKJOIN', address: METER }, `SKJOIN ${METER}`], // no SIDE in either edition
  [sendTo, `SKSENDTO 1 ${METER} 0E1A 1 000E `, `SKSENDTO 1 ${METER} 0E1A 1 0 000E `],
];

describe.each(table.map(([command, se, dse]) => ({ command, se, dse: dse ?? se })))('$se', ({ command, se, dse }) => {
  test('reads as the manual has it, on both editions', () => {
    expect(commandText(command, 'SE')).toBe(se);
    expect(commandText(command, 'DSE')).toBe(dse);
  });

  test('has single blanks between its words', () => {
    expect(commandText(command, 'DSE')).not.toContain('  ');
  });
});

test('every command but two ends with CRLF', () => {
  for (const [command, text] of table.slice(0, -1)) {
    expect(latin1OfBytes(encodeCommand(command, 'SE'))).toBe(`${text}\r\n`);
  }
});

test('the product command ROPT ends with a lone CR', () => {
  expect(latin1OfBytes(encodeCommand({ name: 'ROPT' }, 'SE'))).toBe('ROPT\r');
});

describe('SKSENDTO', () => {
  test.each(['SE', 'DSE'] as const)('ends with its raw data and nothing else on %s', (edition) => {
    const text = commandText(sendTo, edition);
    expect(latin1OfBytes(encodeCommand(sendTo, edition))).toBe(text + latin1OfBytes(data));
  });

  test('DATALEN counts the bytes behind its blank, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: MAX_DATA_LENGTH }), (bytes) => {
        const wire = latin1OfBytes(encodeCommand({ ...sendTo, data: bytes }, 'DSE'));
        const [all = '', length = ''] = /^(?:\S+ ){6}([0-9A-F]{4}) /.exec(wire) ?? [];
        expect(Number.parseInt(length, 16)).toBe(bytes.length);
        expect(bytesOfLatin1(wire.slice(all.length))).toEqual(bytes);
      }),
    );
  });

  test.each([1, 1232])('takes %i bytes', (length) => {
    expect(encodeCommand({ ...sendTo, data: new Uint8Array(length) }, 'SE').slice(-length)).toEqual(
      new Uint8Array(length),
    );
  });

  test.each([0, 1233, 70000])('refuses %i bytes, which would leave the module counting', (length) => {
    expect(() => encodeCommand({ ...sendTo, data: new Uint8Array(length) }, 'SE')).toThrow(
      new RangeError(`SKSENDTO takes 1 to 1232 bytes, not ${length}`),
    );
  });
});
