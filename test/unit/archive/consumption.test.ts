import { expect, test } from 'vitest';
import { consumption } from '../../../src/archive/consumption.ts';
import type { ArchivedMark } from '../../../src/archive/month-file.ts';

const at = (time: string): number => Date.parse(`${time}:00+09:00`);
const marks = (from: string, registers: readonly (number | undefined)[], meter = 'm'): ArchivedMark[] =>
  registers.map((importKwh, i) => ({
    markMs: at(from) + i * 1_800_000,
    ...(importKwh === undefined ? {} : { importKwh, exportKwh: 5 }),
    meter,
  }));
const day = at('2026-01-15T00:00');

test('a half hour is the difference of its two marks, without a binary residue', () => {
  const [first, second] = consumption(
    marks('2026-01-15T00:00', [0.1, 0.3, 0.7]),
    'half-hour',
    day,
    at('2026-01-16T00:00'),
  );
  expect(first).toEqual({
    startMs: day,
    endMs: at('2026-01-15T00:30'),
    importKwh: 0.1,
    exportKwh: 5,
    boughtKwh: 0.2,
    soldKwh: 0,
    missing: 0,
  });
  expect(second).toMatchObject({ importKwh: 0.3, boughtKwh: 0.4 });
});

test('a hole makes its half hours unknown, but not the sum of the day', () => {
  const known = marks('2026-01-15T00:00', [10, undefined, undefined, 13, 14]);
  const halves = consumption(known, 'half-hour', day, at('2026-01-16T00:00'));
  expect(halves.map(({ boughtKwh, missing }) => [boughtKwh, missing])).toEqual([
    [undefined, 1],
    [undefined, 1],
    [undefined, 1],
    [1, 0],
  ]);
  expect(consumption(known, 'day', day, at('2026-01-16T00:00'))).toMatchObject([{ boughtKwh: 4, missing: 0 }]);
});

test('a day that begins in a hole says how much of it is missing, and no register', () => {
  const known = marks('2026-01-15T01:00', [10, 11]);
  const [only] = consumption(known, 'day', day, at('2026-01-16T00:00'));
  expect(only).toEqual({ startMs: day, endMs: at('2026-01-16T00:00'), boughtKwh: 1, soldKwh: 0, missing: 2 });
});

test('another meter, or a register that fell, has no consumption across', () => {
  const known = [...marks('2026-01-15T00:00', [100, 101]), ...marks('2026-01-15T01:00', [0.5, 1.5], 'new')];
  expect(consumption(known, 'day', day, at('2026-01-16T00:00'))).toMatchObject([{ boughtKwh: 2, missing: 1 }]);
  const fell = [99_999, 3, 4].map((importKwh, i) => ({ markMs: day + i * 1_800_000, importKwh, meter: 'm' }));
  expect(consumption(fell, 'day', day, at('2026-01-16T00:00'))).toMatchObject([{ boughtKwh: 1, missing: 1 }]);
});

test('a jump that no house makes is a glitch of the meter’s memory: nothing is known across it', () => {
  const known = marks('2026-01-15T00:00', [100, 50_101, 102, 103]);
  expect(consumption(known, 'day', day, at('2026-01-16T00:00'))).toMatchObject([{ boughtKwh: 1, soldKwh: 0 }]);
  const halves = consumption(known, 'half-hour', day, at('2026-01-16T00:00'));
  expect(halves.map(({ boughtKwh }) => boughtKwh)).toEqual([undefined, undefined, 1]);
});

test('months have their lengths, and the last period ends with the newest mark', () => {
  const from = at('2026-01-01T00:00');
  const all = marks(
    '2026-01-01T00:00',
    Array.from({ length: 80 * 48 }, (_, i) => i / 10),
  );
  const months = consumption(all, 'month', from, at('2027-01-01T00:00'));
  expect(months.map(({ startMs }) => startMs)).toEqual([from, at('2026-02-01T00:00'), at('2026-03-01T00:00')]);
  expect(months.map(({ boughtKwh, missing }) => [boughtKwh, missing])).toEqual([
    [148.8, 0],
    [134.4, 0],
    [100.7, 0],
  ]);
  expect(consumption([], 'day', day, at('2026-01-16T00:00'))).toEqual([]);
});
