import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeCoefficient,
  decodeCounter,
  decodeDigits,
  decodeFixedTime,
  decodeOneMinuteEnergy,
  decodeUnit,
  encodeCoefficient,
  encodeCounter,
  encodeDigits,
  encodeFixedTime,
  encodeOneMinuteEnergy,
  toKwh,
} from '../../../src/echonet/energy.ts';
import { hex, toHex } from './golden.ts';

const raw = fc.integer({ min: 0, max: 99_999_999 });
const exponent = fc.integer({ min: -4, max: 4 });
const second = fc
  .integer({ min: Date.parse('2000-01-01'), max: Date.parse('2099-12-31') })
  .map((ms) => Math.floor(ms / 1000) * 1000);

test.each([
  [0x00, 0],
  [0x01, -1],
  [0x02, -2],
  [0x03, -3],
  [0x04, -4],
  [0x0a, 1],
  [0x0b, 2],
  [0x0c, 3],
  [0x0d, 4],
])('unit %i is 10^%i kWh', (code, exponent) => {
  expect(decodeUnit(Uint8Array.of(code))).toBe(exponent);
});

test('every other unit is unknown', () => {
  const known = Array.from({ length: 256 }, (_, code) => code).filter(
    (code) => decodeUnit(Uint8Array.of(code)) !== undefined,
  );
  expect(known).toEqual([0, 1, 2, 3, 4, 10, 11, 12, 13]);
  expect(decodeUnit(hex(''))).toBeUndefined();
  expect(decodeUnit(hex('0101'))).toBeUndefined();
});

describe('no value, never a wrong one', () => {
  test.each([
    ['counter: no data', decodeCounter, 'FFFFFFFE'],
    ['counter: beyond eight digits', decodeCounter, '05F5E100'],
    ['counter: all ones', decodeCounter, 'FFFFFFFF'],
    ['counter: too short', decodeCounter, '00B9D7'],
    ['counter: too long', decodeCounter, '000000B9D7'],
    ['counter: empty', decodeCounter, ''],
    ['coefficient 0', decodeCoefficient, '00000000'],
    ['coefficient: seven digits', decodeCoefficient, '000F4240'],
    ["coefficient: the node profile's D3", decodeCoefficient, '000001'],
    ['digits 0', decodeDigits, '00'],
    ['digits 9', decodeDigits, '09'],
    ["digits: the node profile's D7", decodeDigits, '010288'],
    ['fixed time: never set', decodeFixedTime, 'FFFFFFFFFFFFFF 00016CA7'],
    ['fixed time: impossible', decodeFixedTime, '07E60D150F1E00 00016CA7'],
    ['fixed time: too short', decodeFixedTime, '07E606150F1E00 016CA7'],
    ['one minute: impossible', decodeOneMinuteEnergy, '07E9040106173C 0001E240 0000000A'],
    ['one minute: too short', decodeOneMinuteEnergy, '07E9040106173B 0001E240 00000A'],
  ])('%s', (_, decode, text) => {
    expect(decode(hex(text))).toBeUndefined();
  });

  test('a fixed time without data keeps its mark', () => {
    expect(decodeFixedTime(hex('07E606150F1E00 FFFFFFFE'))).toEqual({ atMs: Date.parse('2022-06-21T15:30:00+09:00') });
  });

  test('each direction of the one-minute registers stands alone', () => {
    const atMs = Date.parse('2025-04-01T06:23:59+09:00');
    expect(decodeOneMinuteEnergy(hex('07E9040106173B 0001E240 FFFFFFFE'))).toEqual({ atMs, normal: 123456 });
    expect(decodeOneMinuteEnergy(hex('07E9040106173B FFFFFFFE 0000000A'))).toEqual({ atMs, reverse: 10 });
    expect(decodeOneMinuteEnergy(hex('FFFFFFFFFFFFFF FFFFFFFE FFFFFFFE'))).toEqual({});
  });
});

describe('toKwh', () => {
  test.each([
    [47575, -1, 1, 4757.5],
    [76999, -2, 1, 769.99],
    [93351, -1, 1, 9335.1],
    [1, -4, 1, 0.0001],
    [3, -1, 3, 0.9],
    [99_999_999, -4, 999_999, 9999989900.0001],
    [99_999_999, 4, 1, 999_999_990_000],
    [0, -1, 1, 0],
  ])('%d × 10^%d × %d = %d', (raw, exponent, coefficient, kwh) => {
    expect(toKwh(raw, { coefficient, exponent, digits: 8 })).toBe(kwh);
  });

  test('prints the decimal digits of raw × coefficient, whatever the unit', () => {
    fc.assert(
      fc.property(raw, fc.integer({ min: 1, max: 999_999 }), exponent, (raw, coefficient, exponent) => {
        const [whole = '', fraction = ''] = String(toKwh(raw, { coefficient, exponent, digits: 8 })).split('.');
        const exact = BigInt(raw) * BigInt(coefficient);
        expect(BigInt(whole + fraction.padEnd(4, '0'))).toBe(exact * 10n ** BigInt(exponent + 4));
      }),
    );
  });
});

test('decoding undoes encoding', () => {
  const maybe = fc.option(raw, { nil: undefined });
  fc.assert(
    fc.property(raw, maybe, second, (raw, other, atMs) => {
      expect(decodeCounter(encodeCounter(raw))).toBe(raw);
      const fixed = other === undefined ? { atMs } : { atMs, raw: other };
      expect(decodeFixedTime(encodeFixedTime(fixed))).toEqual(fixed);
      const minute = { ...(raw % 2 === 0 && { atMs }), normal: raw, ...(other !== undefined && { reverse: other }) };
      expect(decodeOneMinuteEnergy(encodeOneMinuteEnergy(minute))).toEqual(minute);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: 1, max: 8 }), (coefficient, digits) => {
      expect(decodeCoefficient(encodeCoefficient(coefficient))).toBe(coefficient);
      expect(decodeDigits(encodeDigits(digits))).toBe(digits);
    }),
  );
});

test('a counter without data is FFFFFFFE; a coefficient of 0 can be played', () => {
  expect(toHex(encodeCounter(undefined))).toBe('FFFFFFFE');
  expect(toHex(encodeCoefficient(0))).toBe('00000000');
});

test.each([
  ['a negative counter', () => encodeCounter(-1)],
  ['a counter of nine digits', () => encodeCounter(100_000_000)],
  ['half a counter step', () => encodeCounter(0.5)],
  ['a coefficient of seven digits', () => encodeCoefficient(1_000_000)],
  ['no digits', () => encodeDigits(0)],
])('throws on %s', (_, encode) => {
  expect(encode).toThrow(RangeError);
});
