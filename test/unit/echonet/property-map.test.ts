import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePropertyMap, encodePropertyMap } from '../../../src/echonet/nameplate.ts';
import { hex } from './golden.ts';

const range = (from: number, length: number): number[] => Array.from({ length }, (_, i) => from + i);

test.each([
  ['nothing', '00', []],
  ['the list form, put in order', '03 ED 81 E5', [0x81, 0xe5, 0xed]],
  ['the longest list', '0F 80 81 82 83 84 85 86 87 88 89 8A 8B 8C 8D 8E', range(0x80, 15)],
  ['the shortest bitmap', `10 ${'01'.repeat(16)}`, range(0x80, 16)],
  ['the full bitmap', `80 ${'FF'.repeat(16)}`, range(0x80, 128)],
])('decodes %s', (_, text, epcs) => {
  expect(decodePropertyMap(hex(text))).toEqual({ ok: true, value: { epcs } });
});

test.each([
  ['the same EPC twice', '03 80 81 80', [0x80, 0x81], 'the map counts 3 properties and holds 2'],
  ['what is no EPC', '02 E7 7F', [0xe7], 'the map counts 2 properties and holds 1'],
  ['fewer bits than counted', `11 ${'01'.repeat(16)}`, range(0x80, 16), 'the map counts 17 properties and holds 16'],
])('warns about %s', (_, text, epcs, warning) => {
  expect(decodePropertyMap(hex(text))).toEqual({ ok: true, value: { epcs, warning } });
});

test.each([
  ['nothing at all', '', 'empty property map'],
  ['a list cut off', '03 80 81', 'property map of a wrong length'],
  ['a list too long', '01 80 81', 'property map of a wrong length'],
  ['a bitmap cut off', `10 ${'01'.repeat(15)}`, 'property map of a wrong length'],
  ['a list of 17', `11 ${'80'.repeat(17)}`, 'property map of a wrong length'],
])('refuses %s', (_, text, reason) => {
  expect(decodePropertyMap(hex(text))).toEqual({ ok: false, reason });
});

test('decoding undoes encoding, in both forms', () => {
  const epcs = fc.uniqueArray(fc.integer({ min: 0x80, max: 0xff }), { maxLength: 128, size: 'max' });
  fc.assert(
    fc.property(epcs, (epcs) => {
      const sorted = epcs.toSorted((a, b) => a - b);
      expect(decodePropertyMap(encodePropertyMap(epcs))).toEqual({ ok: true, value: { epcs: sorted } });
    }),
  );
});

test('encodes the map of a real meter, and each property once', () => {
  const map = hex('19 41 41 41 60 40 40 00 62 43 00 41 40 40 43 02 02');
  const decoded = decodePropertyMap(map);
  expect(decoded.ok && encodePropertyMap([...decoded.value.epcs, 0x80])).toEqual(map);
});

test.each([0x7f, 0x100, 128.5])('throws on %d as an EPC', (epc) => {
  expect(() => encodePropertyMap([epc])).toThrow(RangeError);
  expect(() => encodePropertyMap([epc])).toThrow('epc must be');
});

test('from 16 properties on the map is a bitmap', () => {
  expect([...encodePropertyMap(range(0x80, 15))]).toEqual([15, ...range(0x80, 15)]);
  expect([...encodePropertyMap(range(0x80, 16))]).toEqual([16, ...range(1, 16).fill(1)]);
});

test('a short map is written in order, whatever the order it was given in', () => {
  expect([...encodePropertyMap([0xe7, 0x80, 0xe0, 0x80])]).toEqual([3, 0x80, 0xe0, 0xe7]);
});
