import { isMainThread } from 'node:worker_threads';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  decodeDate,
  decodeDateTime,
  decodeTimeOfDay,
  encodeDate,
  encodeDateTime,
  encodeTimeOfDay,
} from '../../../src/echonet/time.ts';
import { hex } from './golden.ts';

const hostZone = process.env['TZ'];
afterEach(() => {
  if (hostZone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = hostZone;
});

const first = Date.parse('1970-01-01T00:00:00+09:00');
const last = Date.parse('9999-12-31T23:59:59+09:00');
const moment = fc.integer({ min: first, max: last });

describe.each([
  ['UTC', 0],
  ['Asia/Tokyo', -540],
  ['America/New_York', 300],
  ['Pacific/Apia', -780],
  ['Europe/Berlin', -60],
])('on a host in %s', (zone, offsetMinutes) => {
  // Not in a thread, which the mutation check runs in: there the zone stays the process's.
  test.runIf(isMainThread)('the zone is really in force', () => {
    process.env['TZ'] = zone;
    expect(new Date('2026-01-15T00:00:00Z').getTimezoneOffset()).toBe(offsetMinutes);
  });

  test.each([
    ['07E6 06 15 0F 1E 00', '2022-06-21T15:30:00+09:00'],
    ['07E9 04 01 06 17 3B', '2025-04-01T06:23:59+09:00'],
    ['07E8 02 1D 00 00 00', '2024-02-29T00:00:00+09:00'],
    ['07EA 03 08 02 1E 00', '2026-03-08T02:30:00+09:00'], // skipped by New York's clocks
    ['07E9 0C 1F 18 00 00', '2026-01-01T00:00:00+09:00'], // 24:00
    ['07E9 0A 0B 0C 1E', '2025-10-11T12:30:00+09:00'],
    ['07E9 0C 1F 18 00', '2026-01-01T00:00:00+09:00'],
  ])('%s is %s', (text, iso) => {
    process.env['TZ'] = zone;
    expect(decodeDateTime(hex(text))).toEqual({ ok: true, value: Date.parse(iso) });
  });

  test('date and time of day agree with the moment', () => {
    process.env['TZ'] = zone;
    const atMs = Date.parse('2026-05-20T00:26:00+09:00');
    expect(encodeDate(atMs)).toEqual(hex('07EA0514'));
    expect(encodeTimeOfDay(atMs)).toEqual(hex('001A'));
    expect(encodeDateTime(atMs, 6)).toEqual(hex('07EA0514001A'));
  });

  test('encoding and decoding are inverse, to the second and to the minute', () => {
    process.env['TZ'] = zone;
    fc.assert(
      fc.property(moment, (atMs) => {
        const minute = Math.floor(atMs / 60_000) * 60_000;
        expect(decodeDateTime(encodeDateTime(atMs, 7))).toEqual({ ok: true, value: Math.floor(atMs / 1000) * 1000 });
        expect(decodeDateTime(encodeDateTime(atMs, 6))).toEqual({ ok: true, value: minute });
        expect(decodeDate(encodeDate(atMs))! + decodeTimeOfDay(encodeTimeOfDay(atMs))!).toBe(minute);
      }),
    );
  });
});

test.each([6, 7] as const)('%d bytes of FF were never set', (length) => {
  expect(decodeDateTime(new Uint8Array(length).fill(0xff))).toEqual({ ok: true, value: undefined });
  expect(encodeDateTime(undefined, length)).toEqual(new Uint8Array(length).fill(0xff));
});

test.each([
  ['February 29 of a common year', '07E9 02 1D 00 00 00'],
  ['month 0', '07E9 00 01 00 00 00'],
  ['month 13', '07E9 0D 01 00 00 00'],
  ['day 0', '07E9 01 00 00 00 00'],
  ['day 255', '07E9 01 FF 00 00 00'],
  ['April 31', '07E9 04 1F 00 00 00'],
  ['24:01', '07E9 01 01 18 01 00'],
  ['24:00:01', '07E9 01 01 18 00 01'],
  ['25:00', '07E9 01 01 19 00 00'],
  ['minute 60', '07E9 01 01 00 3C 00'],
  ['second 60', '07E9 01 01 00 00 3C'],
  ['year 1969', '07B1 01 01 00 00 00'],
  ['year 26', '001A 05 14 00 00 00'],
  ['year 10000', '2710 01 01 00 00 00'],
  ['a year never set with a day', 'FFFF 05 14 00 00 00'],
])('refuses %s', (_, text) => {
  expect(decodeDateTime(hex(text))).toEqual({ ok: false, reason: 'impossible date-time' });
});

test.each([0, 5, 8])('refuses %d bytes', (length) => {
  expect(decodeDateTime(new Uint8Array(length))).toEqual({ ok: false, reason: 'date-time of a wrong length' });
});

test.each([
  ['98 of a real meter', decodeDate, '07EA0514', Date.parse('2026-05-20T00:00:00+09:00')],
  ['98 never set', decodeDate, 'FFFFFFFF', undefined],
  ['98 of June 31', decodeDate, '07EA061F', undefined],
  ['98 of month 13', decodeDate, '07EA0D0F', undefined],
  ['98 too short', decodeDate, '07EA05', undefined],
  ['98 too long', decodeDate, '07EA051400', undefined],
  ['97 of a real meter', decodeTimeOfDay, '0E1A', (14 * 60 + 26) * 60_000],
  ['97 at 24:00', decodeTimeOfDay, '1800', 86_400_000],
  ['97 at 23:60', decodeTimeOfDay, '173C', undefined],
  ['97 never set', decodeTimeOfDay, 'FFFF', undefined],
  ['97 too long', decodeTimeOfDay, '0E1A00', undefined],
])('%s', (_, decode, text, expected) => {
  expect(decode(hex(text))).toBe(expected);
});

test.each([first - 1, last + 1000, Number.NaN, Number.POSITIVE_INFINITY])('throws on %d as a moment', (atMs) => {
  expect(() => encodeDateTime(atMs, 7)).toThrow(new RangeError(`not a time in 1970–9999: ${atMs}`));
  expect(() => encodeDate(atMs)).toThrow(RangeError);
  expect(() => encodeTimeOfDay(atMs)).toThrow(RangeError);
});
