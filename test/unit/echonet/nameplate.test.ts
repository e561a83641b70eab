import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeFault,
  decodeInstallationPlace,
  decodeInstanceList,
  decodeMakerCode,
  decodeOperationStatus,
  decodeRouteBId,
  decodeSerialNumber,
  decodeStandardVersion,
  encodeFault,
  encodeInstallationPlace,
  encodeInstanceList,
  encodeMakerCode,
  encodeOperationStatus,
  encodeRouteBId,
  encodeSerialNumber,
  encodeStandardVersion,
} from '../../../src/echonet/nameplate.ts';
import { hex, toHex } from './golden.ts';

test.each<[string, (edt: Uint8Array) => unknown, string, unknown]>([
  ['80 on', decodeOperationStatus, '30', true],
  ['80 off', decodeOperationStatus, '31', false],
  ['80 unknown', decodeOperationStatus, '32', undefined],
  ['80 too long', decodeOperationStatus, '3030', undefined],
  ['88 fault', decodeFault, '41', true],
  ['88 none', decodeFault, '42', false],
  ['88 unknown', decodeFault, '00', undefined],
  ['88 empty', decodeFault, '', undefined],
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
  ['81 not set', decodeInstallationPlace, '00', { kind: 'notSet' }],
  ['81 unknown', decodeInstallationPlace, 'FF', { kind: 'unknown' }],
  ['81 other, no. 7', decodeInstallationPlace, '7F', { kind: 'place', place: 'other', number: 7 }],
  ['81 living room', decodeInstallationPlace, '08', { kind: 'place', place: 'living room', number: 0 }],
  ['81 reserved', decodeInstallationPlace, '07', undefined],
  ["81 a maker's own", decodeInstallationPlace, '80', undefined],
  ['81 as a position', decodeInstallationPlace, '01'.repeat(17), undefined],
  ['C0 of another form', decodeRouteBId, `01 000016 ${'00'.repeat(12)}`, undefined],
  ['C0 too short', decodeRouteBId, '00000016', undefined],
  ['D5 of two', decodeInstanceList, '02 028801 028802', [0x028801, 0x028802]],
  ['D5 of none', decodeInstanceList, '00', []],
  ['D5 with less than counted', decodeInstanceList, '02 028801', undefined],
  ['D5 with more than counted', decodeInstanceList, '01 028801 028802', undefined],
  ['D5 empty', decodeInstanceList, '', undefined],
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
      expect(decodeRouteBId(encodeRouteBId({ makerCode, free }))).toEqual({ makerCode, free });
      expect(decodeSerialNumber(encodeSerialNumber(serial))).toBe(serial);
    }),
  );
  const letter = fc.constantFrom('A', 'F', 'R', 'Z', 'a', 'z');
  fc.assert(
    fc.property(letter, fc.integer({ min: 0, max: 255 }), fc.boolean(), (release, revision, yes) => {
      expect(decodeStandardVersion(encodeStandardVersion({ release, revision }))).toEqual({ release, revision });
      expect(decodeFault(encodeFault(yes))).toBe(yes);
      expect(decodeOperationStatus(encodeOperationStatus(yes))).toBe(yes);
    }),
  );
  const objects = fc.array(fc.integer({ min: 0, max: 0xffffff }), { maxLength: 84 });
  fc.assert(
    fc.property(objects, (objects) => {
      expect(decodeInstanceList(encodeInstanceList(objects))).toEqual(objects);
    }),
  );
});

test('every place that can be read is written back the same', () => {
  for (let code = 0; code <= 0xff; code++) {
    const place = decodeInstallationPlace(Uint8Array.of(code));
    if (place !== undefined) expect(encodeInstallationPlace(place)).toEqual(Uint8Array.of(code));
  }
});

test.each([
  ['a release of two letters', () => encodeStandardVersion({ release: 'RS', revision: 0 })],
  ['a release that is a digit', () => encodeStandardVersion({ release: '1', revision: 0 })],
  ['a maker code too short', () => encodeMakerCode('0016')],
  ['a maker code that is not hex', () => encodeMakerCode('00001G')],
  ['a serial number too long', () => encodeSerialNumber('ABCDEFGHIJKLM')],
  ['a serial number with outer blanks', () => encodeSerialNumber(' A')],
  ['an empty serial number', () => encodeSerialNumber('')],
  ['place number 8', () => encodeInstallationPlace({ kind: 'place', place: 'garage', number: 8 })],
  ['85 objects', () => encodeInstanceList(Array.from({ length: 85 }, () => 0x028801))],
  ['an object of 25 bits', () => encodeInstanceList([0x1000000])],
])('throws on %s', (_, encode) => {
  expect(encode).toThrow(RangeError);
});
