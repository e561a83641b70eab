import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HalfHourArchive } from '../../../src/archive/half-hour-archive.ts';
import { HALF_HOUR_MS } from '../../../src/kernel/clock.ts';
import { HistoryGaps } from '../../../src/meter/history-gaps.ts';
import { logLines } from '../../support/log-lines.ts';

const at = (time: string): number => Date.parse(`${time}:00+09:00`);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'history-gaps-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a meter whose clock is set by years has no more missing than can be asked for', async () => {
  const archive = await HalfHourArchive.open(undefined, logLines().log);
  archive.add('M', { markMs: at('2000-01-01T00:00'), importKwh: 1 });
  const gaps = await HistoryGaps.find(archive, 'M', at('2000-01-01T00:00'));
  archive.add('M', { markMs: at('2026-01-15T12:00'), importKwh: 1 });
  gaps.told(at('2026-01-15T12:00'));
  expect(gaps.gaps).toHaveLength(99 * 48 + 24);
  expect(gaps.gaps[0]).toBe(at('2025-10-08T00:00'));
});

test('a mark that was told with what was sold alone is missing, one of which the meter had nothing is not', async () => {
  const archive = await HalfHourArchive.open(undefined, logLines().log);
  const mark = (i: number): number => at('2026-01-15T12:00') + i * HALF_HOUR_MS;
  const [first, half, empty, whole, late, last] = [mark(0), mark(1), mark(2), mark(3), mark(4), mark(5)];
  for (const markMs of [first, whole]) archive.add('M', { markMs, importKwh: 1, exportKwh: 1 });
  for (const markMs of [half, late]) archive.add('M', { markMs, exportKwh: 1 });
  archive.add('another', { markMs: first - HALF_HOUR_MS, exportKwh: 1 }); // nothing is added to it: asked again for ever
  archive.add('M', { markMs: empty });
  const gaps = await HistoryGaps.find(archive, 'M', whole);
  expect(gaps.gaps).toEqual([half]);
  gaps.told(late);
  expect(gaps.gaps).toEqual([half]);
  gaps.told(last);
  expect(gaps.gaps).toEqual([half, late]);
});

test('what was sold alone in a month that is not in memory is not asked for in each session', async () => {
  const archive = await HalfHourArchive.open(folder, logLines().log);
  const [old, last, now] = [at('2025-11-20T12:00'), at('2025-12-20T12:00'), at('2026-01-15T12:00')];
  for (const markMs of [old, last]) archive.add('M', { markMs, exportKwh: 1 });
  archive.add('M', { markMs: now, importKwh: 1 });
  await archive.close();
  const { gaps } = await HistoryGaps.find(await HalfHourArchive.open(folder, logLines().log), 'M', now);
  expect([old, last].map((markMs) => gaps.includes(markMs))).toEqual([false, true]);
});

test('what was read must lie between its neighbours of the same meter, but across a roll-over', async () => {
  const archive = await HalfHourArchive.open(undefined, logLines().log);
  const noon = at('2026-01-15T12:00');
  for (const [i, importKwh] of [100, undefined, 102].entries())
    if (importKwh !== undefined) archive.add('M', { markMs: noon + i * HALF_HOUR_MS, importKwh });
  const gaps = await HistoryGaps.find(archive, 'M', noon + 2 * HALF_HOUR_MS);
  const told = (importKwh: number) => ({ markMs: noon + HALF_HOUR_MS, importKwh });
  expect(gaps.gaps).toEqual([noon + HALF_HOUR_MS]);
  expect(gaps.objectionTo('M', told(101))).toBeUndefined();
  expect(gaps.objectionTo('M', told(99))).toEqual({ before: 100, after: 102 });
  expect(gaps.objectionTo('M', told(103))).toEqual({ before: 100, after: 102 });
  expect(gaps.objectionTo('other', told(5))).toBeUndefined();
});
