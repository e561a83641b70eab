import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeCounter, encodeFixedTime } from '../../../src/echonet/energy.ts';
import { EPC } from '../../../src/echonet/epc.ts';
import { decodeFrame, type Property } from '../../../src/echonet/frame.ts';
import * as energy from '../../../src/echonet/energy.ts';
import * as history from '../../../src/echonet/history.ts';
import * as nameplate from '../../../src/echonet/nameplate.ts';
import { encodeNumber, FORMS } from '../../../src/echonet/numbers.ts';
import {
  decodeCurrents,
  decodePower,
  encodeCurrents,
  encodePower,
  halfHoursOf,
  readingOf,
} from '../../../src/echonet/smart-meter.ts';
import * as time from '../../../src/echonet/time.ts';
import { goldenFrames, hex, toHex } from './golden.ts';

const scale = { coefficient: 1, exponent: -1, digits: 6 };
const property = (code: number, text: string): Property => ({ epc: code, edt: hex(text) });

test.each([
  ['000001C0', 448],
  ['FFFFFDF4', -524],
  ['00000000', 0],
  ['7FFFFFFD', 2_147_483_645],
  ['80000001', -2_147_483_647],
  ['7FFFFFFE', undefined],
  ['7FFFFFFF', undefined],
  ['80000000', undefined],
  ['0001C0', undefined],
  ['00000001C0', undefined],
  ['', undefined],
])('power %s is %s W', (text, watts) => {
  expect(decodePower(hex(text))).toBe(watts);
});

test.each([
  ['0062 0022', { r: 9.8, t: 3.4 }],
  ['0000 7FFE', { r: 0 }],
  ['7FFE 0022', { t: 3.4 }],
  ['FFBA FFB0', { r: -7, t: -8 }],
  ['7FFF 8000', {}],
  ['7FFD 8001', { r: 3276.5, t: -3276.7 }],
  ['0062', undefined],
  ['0062 0022 00', undefined],
])('currents %s', (text, expected) => {
  expect(decodeCurrents(hex(text))).toStrictEqual(expected);
});

test('decoding undoes encoding; tenths of an ampere print with one decimal at most', () => {
  const maybe = (min: number, max: number) => fc.option(fc.integer({ min, max }), { nil: undefined });
  const power = maybe(-0x7fffffff, 0x7ffffffd);
  const deci = maybe(-0x7fff, 0x7ffd);
  fc.assert(
    fc.property(power, (watts) => {
      expect(decodePower(encodePower(watts))).toBe(watts);
    }),
  );
  fc.assert(
    fc.property(deci, deci, (r, t) => {
      const currents = decodeCurrents(encodeCurrents(r, t));
      expect(currents?.r).toBe(r === undefined ? r : Number(`${r}e-1`));
      expect(currents?.t).toBe(t === undefined ? t : Number(`${t}e-1`));
      expect(String(currents?.r ?? 0)).toMatch(/^-?\d+(\.\d)?$/);
    }),
  );
});

test('no data, as the meter writes it', () => {
  expect(toHex(encodePower(undefined))).toBe('7FFFFFFE');
  expect(toHex(encodeCurrents(98, undefined))).toBe('00627FFE');
});

test.each([
  ['the underflow code', () => encodePower(-0x80000000), 'value must be'],
  ['the no-data code', () => encodePower(0x7ffffffe), 'value must be'],
  ['half a watt', () => encodePower(0.5), 'value must be'],
  ['the no-data code of a phase', () => encodeCurrents(0x7ffe, 0), 'value must be'],
  ['a form without "no data"', () => encodeNumber(FORMS.digits, undefined), 'this property cannot say "no data"'],
])('throws on %s', (_, encode, why) => {
  expect(encode).toThrow(RangeError);
  expect(encode).toThrow(why);
});

test('no decoder throws, whatever the bytes', () => {
  const modules = { ...energy, ...history, ...nameplate, ...time, decodePower, decodeCurrents };
  const decoders = Object.entries(modules)
    .filter(([name]) => name.startsWith('decode') && !name.startsWith('decodeSlot'))
    .map(([, decode]) => decode as (edt: Uint8Array) => unknown);
  expect(decoders).toHaveLength(18);
  const lengths = fc.constantFrom(0, 1, 2, 3, 4, 6, 7, 11, 12, 15, 16, 17, 23, 194, 255);
  const bytes = lengths.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
  fc.assert(
    fc.property(bytes, (edt) => {
      for (const decode of decoders) decode(edt);
      for (const form of [history.HISTORY2, history.HISTORY3]) {
        history.decodeSlotRequest(form, edt);
        history.decodeSlotHistory(form, edt);
      }
      const properties = Object.values(EPC).map((code) => ({ epc: code, edt }));
      readingOf(properties, scale);
      halfHoursOf(properties, scale);
    }),
  );
});

describe('readingOf', () => {
  const golden = (name: string): readonly Property[] => {
    const result = decodeFrame(hex(goldenFrames.find((frame) => frame.name === name)!.hex));
    return result.ok ? result.value.properties : [];
  };

  test('takes all six properties of one answer', () => {
    expect(readingOf(golden('six-properties'), scale)).toStrictEqual({
      powerW: 1688,
      currentRA: 16,
      currentTA: 4,
      importKwh: 32460.5,
      exportKwh: 1.1,
      fault: false,
    });
  });

  test('has no energy before the scale is known', () => {
    expect(readingOf(golden('six-properties'), undefined)).toStrictEqual({
      powerW: 1688,
      currentRA: 16,
      currentTA: 4,
      fault: false,
    });
  });

  test('uses the good values of a partial failure', () => {
    expect(readingOf(golden('sna-partial-regular'), scale)).toStrictEqual({ powerW: 400 });
  });

  test('takes the last of several values', () => {
    expect(readingOf(golden('e7-two-values'), scale)).toStrictEqual({ powerW: 1923 });
  });

  const minuteMs = Date.parse('2025-04-01T06:23:00+09:00');
  test.each([
    ['both directions', '07E90401061700 0001E240 0000000A', { minuteMs, importKwh: 12345.6, exportKwh: 1 }],
    ['bought alone', '07E90401061700 0001E240 FFFFFFFE', { minuteMs, importKwh: 12345.6 }],
    ['sold alone', '07E90401061700 FFFFFFFE 0000000A', { minuteMs, exportKwh: 1 }],
    ['no register', '07E90401061700 FFFFFFFE FFFFFFFE', undefined],
    ['no minute', 'FFFFFFFFFFFFFF 0001E240 0000000A', undefined],
    ['an impossible minute', '07E90D01061700 0001E240 0000000A', undefined],
    ['a refusal', '', undefined],
  ])('the registers of a minute: %s', (_, text, minute) => {
    const properties = [property(EPC.oneMinuteEnergy, text)];
    expect(readingOf(properties, scale)).toStrictEqual(minute === undefined ? {} : { minute });
    expect(readingOf(properties, undefined)).toStrictEqual({});
  });

  test('leaves out what has no data, is not measured, or is not known', () => {
    const properties = [
      property(EPC.power, '7FFFFFFE'),
      property(EPC.currents, '00007FFE'),
      property(EPC.importEnergy, 'FFFFFFFE'),
      property(EPC.exportEnergy, ''),
      property(EPC.faultStatus, '00'),
      property(0xf0, '01'),
    ];
    expect(readingOf(properties, scale)).toStrictEqual({ currentRA: 0 });
  });

  test('a later value without data does not wipe out an earlier one', () => {
    const properties = [property(EPC.power, '000001C0'), property(EPC.power, '7FFFFFFE')];
    expect(readingOf(properties, scale)).toStrictEqual({ powerW: 448 });
  });

  test.each([
    ['4757.5', '0000B9D7', -1],
    ['769.99', '00012CC7', -2],
  ])('%s kWh prints as such', (printed, text, exponent) => {
    const { importKwh } = readingOf([property(EPC.importEnergy, text)], { coefficient: 1, exponent, digits: 6 });
    expect(String(importKwh)).toBe(printed);
  });
});

describe('halfHoursOf', () => {
  const markMs = Date.parse('2022-06-21T15:30:00+09:00');
  const bought = (atMs: number, raw?: number): Property => ({
    epc: EPC.importAtMark,
    edt: encodeFixedTime(raw === undefined ? { atMs } : { atMs, raw }),
  });
  const sold = (atMs: number, raw?: number): Property => ({ ...bought(atMs, raw), epc: EPC.exportAtMark });

  test.each<[string, readonly Property[], unknown]>([
    ['both at one mark', [bought(markMs, 93351), sold(markMs, 5)], [{ markMs, importKwh: 9335.1, exportKwh: 0.5 }]],
    ['bought alone', [bought(markMs, 93351)], [{ markMs, importKwh: 9335.1 }]],
    ['sold alone', [sold(markMs, 5)], [{ markMs, exportKwh: 0.5 }]],
    [
      'different marks',
      [sold(markMs - 1_800_000, 5), bought(markMs, 93351)],
      [
        { markMs, importKwh: 9335.1 },
        { markMs: markMs - 1_800_000, exportKwh: 0.5 },
      ],
    ],
    ['sold without data', [bought(markMs, 93351), sold(markMs)], [{ markMs, importKwh: 9335.1 }]],
    ['no data at all', [bought(markMs), sold(markMs)], []],
    ['never set', [property(EPC.importAtMark, 'FFFFFFFFFFFFFF00016CA7')], []],
    ['a refusal', [property(EPC.importAtMark, ''), property(EPC.exportAtMark, '')], []],
    ['something else', [{ epc: EPC.importEnergy, edt: encodeCounter(1) }], []],
  ])('%s', (_, properties, expected) => {
    expect(halfHoursOf(properties, scale)).toStrictEqual(expected);
  });

  test('none without a scale', () => {
    expect(halfHoursOf([bought(markMs, 93351)], undefined)).toEqual([]);
  });
});
