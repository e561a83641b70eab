import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  bytesOfHex,
  bytesOfLatin1,
  hex,
  hexOfBytes,
  latin1OfBytes,
  mustBeInteger,
  writeInteger,
} from '../../../src/kernel/bytes.ts';

test.each([
  [0x0e1a, 4, '0E1A'],
  [12, 1, 'C'],
  [0xffffffff, 8, 'FFFFFFFF'],
  [0x123, 2, '123'],
])('hex(%i, %i) is %s', (value, width, text) => {
  expect(hex(value, width)).toBe(text);
});

test.each([
  [2, 0x0e1a, [0xff, 0x0e, 0x1a, 0xff, 0xff]],
  [3, -2, [0xff, 0xff, 0xff, 0xfe, 0xff]],
  [3, 0x80000001, [0xff, 0x00, 0x00, 0x01, 0xff]],
])('an integer written in %i bytes touches no other', (width, value, expected) => {
  const bytes = new Uint8Array(5).fill(0xff);
  expect([writeInteger(bytes, 1, width, value), [...bytes]]).toEqual([1 + width, expected]);
});

test.each([0, 100, 1.5, Number.NaN])(
  '%d, where 1 to 99 is right, is a defect that names what and how many',
  (value) => {
    expect(() => mustBeInteger('day', value, 1, 99)).toThrow(
      new RangeError(`day must be an integer from 1 to 99, not ${value}`),
    );
    expect([mustBeInteger('day', 1, 1, 99), mustBeInteger('day', 99, 1, 99)]).toEqual([1, 99]);
  },
);

test('hex digits in either case are the same bytes', () => {
  expect([bytesOfHex('10fF00'), bytesOfHex('10FF00'), bytesOfHex('')]).toEqual([
    Uint8Array.of(0x10, 0xff, 0),
    Uint8Array.of(0x10, 0xff, 0),
    new Uint8Array(),
  ]);
});

test('bytes survive hex and latin-1, both ways', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(bytesOfHex(hexOfBytes(bytes))).toEqual(bytes);
      expect(bytesOfLatin1(latin1OfBytes(bytes))).toEqual(bytes);
    }),
  );
});
