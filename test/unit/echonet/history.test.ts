import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeDayHistory,
  decodeHistoryDay,
  decodeSlotHistory,
  decodeSlotRequest,
  encodeDayHistory,
  encodeHistoryDay,
  encodeSlotHistory,
  encodeSlotRequest,
  HISTORY2,
  HISTORY3,
  type SlotForm,
} from '../../../src/echonet/history.ts';
import { hex, toHex } from './golden.ts';

const raw = fc.integer({ min: 0, max: 99_999_999 });
const half = Date.parse('2025-10-11T12:30:00+09:00');
const minute = Date.parse('2025-10-11T12:31:00+09:00');

test('a day in progress has no readings yet for its future half hours', () => {
  const edt = hex(`0000 ${'00000A95'.repeat(20)} ${'FFFFFFFE'.repeat(28)}`);
  const values = Array.from({ length: 48 }, (_, i) => (i < 20 ? 0x0a95 : undefined));
  expect(decodeDayHistory(edt)).toStrictEqual({ day: 0, values });
});

test.each(['00FF', '0064', 'FFFF'])('a history of day %s is of no known day', (day) => {
  expect(decodeDayHistory(hex(day + '00000001'.repeat(48)))).not.toHaveProperty('day');
});

test.each([0, 2, 193, 195])('a history of %d bytes is refused', (length) => {
  expect(decodeDayHistory(new Uint8Array(length))).toBeUndefined();
});

test.each([
  ['yesterday', '01', 1],
  ['99 days ago', '63', 99],
  ['never set', 'FF', undefined],
  ['empty', '', undefined],
  ['too long', '0001', undefined],
])('E5 %s', (_, text, day) => {
  expect(decodeHistoryDay(hex(text))).toBe(day);
});

test.each<[string, SlotForm, string, unknown]>([
  ['ED', HISTORY2, '07E90A0B0C1E 0C', { atMs: half, count: 12 }],
  ['ED at the end of a day', HISTORY2, '07E90A0B1800 01', { atMs: Date.parse('2025-10-12T00:00:00+09:00'), count: 1 }],
  ['ED never set', HISTORY2, 'FFFFFFFFFFFF 01', { count: 1 }],
  ['ED between half hours', HISTORY2, '07E90A0B0C1F 0C', undefined],
  ['ED of 13 slots', HISTORY2, '07E90A0B0C1E 0D', undefined],
  ['ED of no slots', HISTORY2, '07E90A0B0C1E 00', undefined],
  ['ED of an impossible day', HISTORY2, '07E90B1F0C1E 0C', undefined],
  ['ED too short', HISTORY2, '07E90A0B0C1E', undefined],
  ['ED too long', HISTORY2, '07E90A0B0C1E 0C00', undefined],
  ['EF', HISTORY3, '07E90A0B0C1F 0A', { atMs: minute, count: 10 }],
  ['EF of 11 slots', HISTORY3, '07E90A0B0C1F 0B', undefined],
])('%s', (_, form, text, expected) => {
  expect(decodeSlotRequest(form, hex(text))).toEqual(expected);
});

test.each<[string, SlotForm, string, unknown]>([
  ['EC never set', HISTORY2, 'FFFFFFFFFFFF01 FFFFFFFE FFFFFFFE', { count: 1, values: [{}] }],
  [
    'EE, each direction on its own',
    HISTORY3,
    '07E90A0B0C1F02 00000005 FFFFFFFE FFFFFFFE 00000004',
    { atMs: minute, count: 2, values: [{ normal: 5 }, { reverse: 4 }] },
  ],
  ['EC with a slot less than counted', HISTORY2, '07E90A0B0C1E02 00000005 00000001', undefined],
  ['EC with a slot more than counted', HISTORY2, '07E90A0B0C1E01 00000005 00000001 00000004 00000001', undefined],
  ['EC of an impossible day', HISTORY2, '07E90B1F0C1E01 00000005 00000001', undefined],
  ['EC cut off in the date', HISTORY2, '07E90A', undefined],
])('%s', (_, form, text, expected) => {
  expect(decodeSlotHistory(form, hex(text))).toEqual(expected);
});

test('decoding undoes encoding', () => {
  const maybe = fc.option(raw, { nil: undefined });
  const day = fc.record(
    { day: fc.integer({ min: 0, max: 99 }), values: fc.array(maybe, { minLength: 48, maxLength: 48 }) },
    { requiredKeys: ['values'] },
  );
  fc.assert(
    fc.property(day, (history) => {
      expect(decodeDayHistory(encodeDayHistory(history))).toEqual(history);
      expect(decodeHistoryDay(encodeHistoryDay(history.day))).toBe(history.day);
    }),
  );
  const registers = fc.record({ normal: raw, reverse: raw }, { requiredKeys: [] });
  for (const form of [HISTORY2, HISTORY3]) {
    const slots = fc
      .record({
        at: fc.option(fc.integer({ min: 0, max: Math.floor(4e12 / form.stepMs) }), { nil: undefined }),
        values: fc.array(registers, { minLength: 1, maxLength: form.maxCount }),
      })
      .map(({ at, values }) => ({ ...(at !== undefined && { atMs: at * form.stepMs }), count: values.length, values }));
    fc.assert(
      fc.property(slots, (history) => {
        const { values, ...request } = history;
        expect(decodeSlotRequest(form, encodeSlotRequest(form, request))).toEqual(request);
        expect(decodeSlotHistory(form, encodeSlotHistory(form, history))).toEqual({ ...request, values });
      }),
    );
  }
});

test('the request for twelve half hours, as it goes into a SetC', () => {
  expect(toHex(encodeSlotRequest(HISTORY2, { atMs: half, count: 12 }))).toBe('07E90A0B0C1E0C');
});

test.each([
  ['day 100', () => encodeHistoryDay(100), 'day must be'],
  ['47 values', () => encodeDayHistory({ values: Array.from({ length: 47 }, () => 0) }), 'number of values must be'],
  [
    'a minute of history 2',
    () => encodeSlotRequest(HISTORY2, { atMs: minute, count: 1 }),
    `${minute} is not a multiple of 1800000 ms`,
  ],
  ['13 slots', () => encodeSlotRequest(HISTORY2, { atMs: half, count: 13 }), 'count must be'],
  ['no slots', () => encodeSlotRequest(HISTORY3, { atMs: half, count: 0 }), 'count must be'],
  [
    'a count without its values',
    () => encodeSlotHistory(HISTORY2, { atMs: half, count: 2, values: [{}] }),
    'number of values must be',
  ],
])('throws on %s', (_, encode, why) => {
  expect(encode).toThrow(RangeError);
  expect(encode).toThrow(why);
});
