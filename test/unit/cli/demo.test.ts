import { expect, test } from 'vitest';
import { HalfHourArchive } from '../../../src/archive/half-hour-archive.ts';
import { DAY_IN_FOUR_MINUTES, DEMO_METER, DemoMonths, houseClock, lastDay } from '../../../src/cli/demo/demo-house.ts';
import { nextFault } from '../../../src/cli/demo/demo-faults.ts';
import { HALF_HOUR_MS, isoJst, jstMidnight } from '../../../src/kernel/clock.ts';
import type { Usage } from '../../../src/model/usage.ts';
import { Simulator } from '../../../src/simulator/sim.ts';
import { boardOf } from '../../support/board-rig.ts';
import { logLines } from '../../support/log-lines.ts';
import { createRig } from '../../support/rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const DAY_MS = 86_400_000;

test('the house’s clock: a day in four minutes on the wall, ages and rests as ours', async () => {
  const ours = new VirtualClock();
  const house = houseClock(ours, DAY_IN_FOUR_MINUTES);
  const [wallMs, monotonicMs] = [house.now(), house.monotonicMs()];
  expect(wallMs).toBe(ours.now());
  const slept = house.sleep(240_000, new AbortController().signal);
  await ours.advance(240_000);
  await slept;
  expect(house.now() - wallMs).toBe(DAY_MS);
  expect(house.monotonicMs() - monotonicMs).toBe(240_000);
});

test('today and a year before it are there from the start, and are what the meter shows', async () => {
  const clock = new VirtualClock();
  await using simulator = new Simulator({ ...DEMO_METER, solar: true }, { clock });
  const nowMs = clock.now();
  const { log } = logLines();
  const archive = await HalfHourArchive.on(new DemoMonths((ms) => simulator.registers(ms), nowMs, 40), log);
  const midnight = jstMidnight(nowMs);
  const today = await archive.range(midnight, nowMs + 1);
  expect(today).toHaveLength(Math.floor((nowMs - midnight) / HALF_HOUR_MS) + 1);
  const yesterday = await archive.range(midnight - DAY_MS, midnight);
  expect(yesterday).toHaveLength(48);
  for (const { markMs, importKwh, exportKwh } of yesterday) {
    expect(importKwh).toBeCloseTo(simulator.registers(markMs).import / 100, 6);
    expect(exportKwh).toBeCloseTo(simulator.registers(markMs).export / 100, 6);
  }
  expect(archive.oldestMs).toBe(Math.floor(nowMs / HALF_HOUR_MS) * HALF_HOUR_MS - 39 * DAY_MS);
  const next = Math.floor(nowMs / HALF_HOUR_MS) * HALF_HOUR_MS + HALF_HOUR_MS;
  archive.add(today[0]?.meter ?? '', { markMs: next, importKwh: 9000, exportKwh: 12_000 });
  await archive.close();
  expect((await archive.range(next, next + 1))[0]).toMatchObject({ importKwh: 9000, meter: today[0]?.meter });
  expect(new Set([...yesterday, ...today].map(({ meter }) => meter)).size).toBe(1);
});

test('the day before is in the course of the power from the start, as the house had it', async () => {
  const clock = new VirtualClock();
  await using simulator = new Simulator({ ...DEMO_METER, solar: true }, { clock });
  const board = boardOf({ clock });
  board.hadPower(
    'home',
    lastDay((ms) => simulator.watts(ms), clock.now()),
  );
  for (const [span, spanS] of [
    ['10m', 600],
    ['1h', 3600],
    ['24h', 86_400],
  ] as const) {
    const { points = [], gap_s: gapS = 0 } = board.power('home', span) ?? {};
    expect((points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0)).toBeGreaterThan(spanS * 0.98);
    expect(clock.now() / 1000 - (points.at(-1)?.[0] ?? 0)).toBeLessThan(120);
    const distances = points.slice(1).map(([at], i) => at - (points[i]?.[0] ?? 0));
    expect(Math.max(...distances)).toBeLessThan(gapS);
  }
  const [atS = 0, meanW] = board.power('home', '10m')?.points[7] ?? [];
  expect(meanW).toBe(Math.round(simulator.watts(atS * 1000)));
  const day = board.power('home', '24h')?.points ?? [];
  expect(Math.min(...day.map(([, , least]) => least))).toBeLessThan(0); // the sun shone
  expect(Math.max(...day.map(([, , , most]) => most))).toBeGreaterThan(2000); // somebody cooked
});

test('a day in four minutes: no register is held back, and what is bought is followed by the house’s time', async () => {
  const rig = await createRig({
    intervalMs: 250,
    energyIntervalMs: 250,
    contractAmpere: 40,
    housePace: DAY_IN_FOUR_MINUTES,
    simulator: { ...DEMO_METER, historyDays: 2, solar: true, timeFactor: 20, meterSpeed: DAY_IN_FOUR_MINUTES },
  });
  await rig.untilReadings(480);
  const usages = rig.events.flatMap((event): Usage[] => (event.kind === 'usage' ? [event.usage] : []));
  const held = rig.events.filter((event) => event.kind === 'activity' && event.activity.what === 'held');
  expect(held).toEqual([]);
  const settled = usages.slice(100);
  const shows = (key: keyof Usage): number =>
    settled.filter((usage) => usage[key] !== undefined).length / settled.length;
  expect(shows('demandNowW')).toBeGreaterThan(0.95);
  expect(shows('demandForecastW')).toBeGreaterThan(0.8);
  expect(shows('demand30minW')).toBeGreaterThan(0.95);
  const stamps = rig.readings().map(({ atMs }) => atMs);
  expect(isoJst(stamps.at(-1) ?? 0)).toBe(isoJst(rig.simulator.meterNow()));
  expect((stamps.at(-1) ?? 0) - (stamps[0] ?? 0)).toBeGreaterThan(8 * 3_600_000);
  await rig.stop();
});

test('each press breaks the next thing, for as long as a person sees it', () => {
  const next = nextFault(20);
  const acts = Array.from({ length: 6 }, next);
  expect(acts.map(({ fault }) => fault.fault)).toEqual([
    'event-26',
    'module-reset',
    'port-lost',
    'silent-session',
    'module-hang',
    'event-26',
  ]);
  expect(acts[2]?.fault.for_s).toBe(80);
  for (const { text } of acts) expect([text.en, text.ja].every((words) => words !== '')).toBe(true);
});
