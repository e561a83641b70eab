import { expect, test } from 'vitest';
import type { ArchivedMark } from '../../../src/archive/month-file.ts';
import { compareDays } from '../../../src/web/api/day-compare.ts';
import type { KnownMarks } from '../../../src/web/api/day-compare.ts';
import { BoardRig } from '../../support/board-rig.ts';

const at = (time: string): number => Date.parse(`${time}:00+09:00`);
const HALF_HOUR_MS = 1_800_000;

/** Eight days before 2026-01-15T12:00: on the day n before today n × 0.1 kWh a half hour are bought, half of it sold. */
function week(change: (mark: ArchivedMark) => ArchivedMark | undefined = (mark) => mark): KnownMarks {
  const marks = new Map<number, ArchivedMark>();
  let kwh = 1000;
  for (let markMs = at('2026-01-07T00:00'); markMs <= at('2026-01-15T12:00'); markMs += HALF_HOUR_MS) {
    const mark = change({ markMs, meter: 'M', importKwh: kwh, exportKwh: kwh / 2 });
    if (mark) marks.set(markMs, mark);
    kwh += 0.1 * Math.ceil((at('2026-01-15T00:00') - markMs) / 86_400_000);
  }
  return { at: (markMs) => marks.get(markMs) };
}

test('yesterday, yesterday so far and the mean of seven days so far, within the half hour too', () => {
  expect(compareDays(week(), at('2026-01-15T12:00'))).toEqual({
    yesterday: { import: 4.8, export: 2.4 },
    yesterday_so_far: { import: 2.4, export: 1.2 },
    mean_7_days_so_far: { import: 9.6, export: 4.8 }, // 2.4 × (1 + … + 7) / 7
  });
  expect(compareDays(week(), at('2026-01-15T12:15'))).toMatchObject({
    yesterday_so_far: { import: 2.45, export: 1.225 },
    mean_7_days_so_far: { import: 9.8, export: 4.9 },
  });
});

test('at midnight nothing has passed yet; shortly before it is nearly the whole day', () => {
  expect(compareDays(week(), at('2026-01-15T00:00'))).toMatchObject({ yesterday_so_far: { import: 0 } });
  expect(compareDays(week(), at('2026-01-15T23:59'))).toMatchObject({ yesterday_so_far: { import: 4.797 } });
});

test('a day that is not known leaves out what rests on it', () => {
  const without = (time: string): KnownMarks => week((mark) => (mark.markMs === at(time) ? undefined : mark));
  const now = at('2026-01-15T12:10');
  expect(compareDays(without('2026-01-10T12:30'), now)).not.toHaveProperty('mean_7_days_so_far');
  expect(compareDays(without('2026-01-10T12:30'), now)).toHaveProperty('yesterday_so_far');
  expect(Object.keys(compareDays(without('2026-01-14T00:00'), now) ?? {})).toEqual([]);
  expect(compareDays(without('2026-01-14T05:00'), now)).toHaveProperty('yesterday_so_far');
  expect(compareDays({ at: () => undefined }, now)).toBeUndefined();
});

test('another meter, or a register it has not, is nothing to compare with', () => {
  const exchanged = week((mark) => (mark.markMs < at('2026-01-14T06:00') ? { ...mark, meter: 'OLD' } : mark));
  expect(compareDays(exchanged, at('2026-01-15T12:00'))).toBeUndefined();
  const importOnly = week(({ markMs, meter, importKwh = 0 }) => ({ markMs, meter, importKwh }));
  expect(compareDays(importOnly, at('2026-01-15T12:00'))?.yesterday).toEqual({ import: 4.8 });
});

test('the board tells it of the meter whose archive it has', () => {
  const { board } = new BoardRig({ archiveOf: (meter) => (meter === 'home' ? week() : undefined) });
  expect(board.snapshot().meters[0]?.compare?.yesterday).toEqual({ import: 4.8, export: 2.4 });
});
