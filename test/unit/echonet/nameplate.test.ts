import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeFault,
  decodeMakerCode,
  decodeSerialNumber,
  decodeStandardVersion,
  encodeFault,
  encodeInstanceList,
  encodeMakerCode,
  encodeRouteBId,
  encodeSerialNumber,
  encodeStandardVersion,
} from '../../../src/echonet/nameplate.ts';
import { hex, toHex } from './golden.ts';

test.each<[string, (edt: Uint8Array) => unknown, string, unknown]>([
  ['88 fault', decodeFault, '41', true],
  ['88 none', decodeFault, '42', false],
  ['88 unknown', decodeFault, '00', undefined],
  ['88 empty', decodeFault, '', undefined],
  ['88 too long', decodeFault, '4141', undefined],
  ['82 release R, revision 2', decodeStandardVersion, '00005202', { release: 'R', revision: 2 }],
  ['82 of a node profile: 1.12, not a letter', decodeStandardVersion, '010C0100', undefined],
  ['82 too short', decodeStandardVersion, '000046', undefined],
  ['8A', decodeMakerCode, '00ABCD', '00ABCD'],
  ['8A too short', decodeMakerCode, '0016', undefined],
  ['8D padded with blanks', decodeSerialNumber, '46323447333636353035 2020', 'F24G366505'],
  ['8D padded in front', decodeSerialNumber, '2020 46323447333636353035', 'F24G366505'],
  ['8D of all twelve', decodeSerialNumber, '414243444546474849 4A4B4C', 'ABCDEFGHIJKL'],
  ['8D with a blank inside', decodeSerialNumber, '41 20 42 000000000000000000', 'A B'],
  ['8D with NUL inside', decodeSerialNumber, '41 00 42 000000000000000000', undefined],
  ['8D with a control character', decodeSerialNumber, '41 0A 42 000000000000000000', undefined],
  ['8D beyond ASCII', decodeSerialNumber, 'B6 B0 42 000000000000000000', undefined],
  ['8D empty', decodeSerialNumber, '00'.repeat(12), undefined],
  ['8D too short', decodeSerialNumber, '46323447', undefined],
])('%s', (_, decode, text, expected) => {
  expect(decode(hex(text))).toEqual(expected);
});

test('decoding undoes encoding', () => {
  const digits = (length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => toHex(bytes));
  const printable = fc
    .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 })
    .filter((text) => text === text.trim());
  fc.assert(
    fc.property(digits(3), digits(12), printable, (makerCode, free, serial) => {
      expect(decodeMakerCode(encodeMakerCode(makerCode))).toBe(makerCode);
      expect(toHex(encodeRouteBId({ makerCode, free }))).toBe(`00${makerCode}${free}`);
      expect(decodeSerialNumber(encodeSerialNumber(serial))).toBe(serial);
    }),
  );
  const letter = fc.constantFrom('A', 'F', 'R', 'Z', 'a', 'z');
  fc.assert(
    fc.property(letter, fc.integer({ min: 0, max: 255 }), fc.boolean(), (release, revision, yes) => {
      expect(decodeStandardVersion(encodeStandardVersion({ release, revision }))).toEqual({ release, revision });
      expect(decodeFault(encodeFault(yes))).toBe(yes);
    }),
  );
});

test('an instance list counts its objects, up to 84', () => {
  expect(toHex(encodeInstanceList([0x028801, 0x028802]))).toBe('02028801028802');
  expect(toHex(encodeInstanceList([]))).toBe('00');
  expect(encodeInstanceList(Array.from({ length: 84 }, () => 0xffffff))).toHaveLength(253);
});

test.each([
  ['a release of two letters', () => encodeStandardVersion({ release: 'RS', revision: 0 }), 'release letter: RS'],
  ['a release that is a digit', () => encodeStandardVersion({ release: '1', revision: 0 }), 'release letter: 1'],
  ['a revision beyond a byte', () => encodeStandardVersion({ release: 'R', revision: 256 }), 'revision must be'],
  ['a maker code too short', () => encodeMakerCode('0016'), 'not 3 bytes of hex'],
  ['a maker code that is not hex', () => encodeMakerCode('00001G'), 'not 3 bytes of hex'],
  ['a serial number too long', () => encodeSerialNumber('ABCDEFGHIJKLM'), 'not a serial number'],
  ['a serial number that begins beyond ASCII', () => encodeSerialNumber('号A'), 'not a serial number'],
  ['a serial number with outer blanks', () => encodeSerialNumber(' A'), 'not a serial number'],
  ['an empty serial number', () => encodeSerialNumber(''), 'not a serial number'],
  ['85 objects', () => encodeInstanceList(Array.from({ length: 85 }, () => 0x028801)), 'number of objects must be'],
  ['an object of 25 bits', () => encodeInstanceList([0x1000000]), 'object must be'],
])('throws on %s', (_, encode, why) => {
  expect(encode).toThrow(RangeError);
  expect(encode).toThrow(why);
});
