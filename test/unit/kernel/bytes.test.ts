import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOfHex, bytesOfLatin1, hex, hexOfBytes, latin1OfBytes } from '../../../src/kernel/bytes.ts';

test.each([
  [0x0e1a, 4, '0E1A'],
  [12, 1, 'C'],
  [0xffffffff, 8, 'FFFFFFFF'],
  [0x123, 2, '123'],
])('hex(%i, %i) is %s', (value, width, text) => {
  expect(hex(value, width)).toBe(text);
});

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
