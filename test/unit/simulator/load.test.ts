import { expect, test } from 'vitest';
import { Load, LoadProfile } from '../../../src/simulator/meter/load.ts';

const MIDNIGHT = Date.UTC(2026, 0, 14, 15); // JST
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test('power is the same for the same seed, whatever was asked before', () => {
  const [one, two] = [new LoadProfile(7, true), new LoadProfile(7, true)];
  two.energyAt(MIDNIGHT + 40 * DAY);
  for (let ms = 0; ms < DAY; ms += 777_777) {
    expect(two.wattsAt(MIDNIGHT + ms)).toBe(one.wattsAt(MIDNIGHT + ms));
  }
  expect(new LoadProfile(8, true).wattsAt(MIDNIGHT)).not.toBe(one.wattsAt(MIDNIGHT));
});

test.each([false, true])('registers are the integral of the power (solar: %s)', (solar) => {
  const profile = new LoadProfile(3, solar);
  const from = MIDNIGHT - 5 * HOUR + 1234; // across a midnight, from the middle of a slot
  let [importWh, exportWh] = [0, 0];
  for (let ms = from; ms < from + 20 * HOUR; ms += 1000) {
    const wh = profile.wattsAt(ms) / 3600;
    if (wh > 0) importWh += wh;
    else exportWh -= wh;
  }
  const [start, end] = [profile.energyAt(from), profile.energyAt(from + 20 * HOUR)];
  expect(end.importWh - start.importWh).toBeCloseTo(importWh, -1);
  expect(end.exportWh - start.exportWh).toBeCloseTo(exportWh, -1);
});

test('registers never fall', () => {
  const profile = new LoadProfile(3, true);
  let last = profile.energyAt(MIDNIGHT - 3 * DAY);
  for (let ms = -3 * DAY; ms < 3 * DAY; ms += 444_444) {
    const now = profile.energyAt(MIDNIGHT + ms);
    expect(now.importWh).toBeGreaterThanOrEqual(last.importWh - 1e-6);
    expect(now.exportWh).toBeGreaterThanOrEqual(last.exportWh - 1e-6);
    last = now;
  }
});

test('a household: a base load at night, hot water from 2 to 5, a peak in the evening, some 13 to 19 kWh a day', () => {
  const profile = new LoadProfile(1, false);
  const mean = (fromHour: number, toHour: number): number =>
    (profile.energyAt(MIDNIGHT + toHour * HOUR).importWh - profile.energyAt(MIDNIGHT + fromHour * HOUR).importWh) /
    (toHour - fromHour);
  expect(mean(0, 2)).toBeLessThan(500);
  expect(mean(2.25, 4.75)).toBeGreaterThan(1300);
  expect(mean(2.25, 4.75)).toBeLessThan(1800);
  expect(mean(5.1, 5.9)).toBeLessThan(500);
  expect(mean(18, 20)).toBeGreaterThan(3 * mean(0, 2));
  expect(mean(0, 24) * 24).toBeGreaterThan(13_000);
  expect(mean(0, 24) * 24).toBeLessThan(19_000);
  for (let ms = 0; ms < DAY; ms += 10_000) expect(profile.wattsAt(MIDNIGHT + ms)).toBeGreaterThan(0);
});

/** Whole days over a year. */
const DAYS = Array.from({ length: 30 }, (_, i) => MIDNIGHT + 12 * i * DAY);

test.each([1, 4711])('bought and sold by season as in the bills of such a house (seed %i)', (seed) => {
  const profile = new LoadProfile(seed, true);
  const kwh = DAYS.map((ms) => {
    const [from, to] = [profile.energyAt(ms), profile.energyAt(ms + DAY)];
    return { bought: (to.importWh - from.importWh) / 1000, sold: (to.exportWh - from.exportWh) / 1000 };
  });
  for (const { bought, sold } of kwh) {
    expect(bought).toBeGreaterThan(9.5);
    expect(bought).toBeLessThan(14.5);
    expect(sold).toBeGreaterThan(7.5);
    expect(sold).toBeLessThan(20.5);
  }
  const sold = (fromDay: number): number => kwh.slice(fromDay / 12, fromDay / 12 + 5).reduce((a, b) => a + b.sold, 0);
  expect(sold(84)).toBeGreaterThan(1.3 * sold(300)); // April and May beside the winter
});

test('once a day, in the evening, the contract of 40 A is exceeded', () => {
  const profile = new LoadProfile(1, true);
  for (const midnight of DAYS) {
    const over: number[] = [];
    for (let ms = 0; ms < DAY; ms += 10_000) if (profile.wattsAt(midnight + ms) > 40 * 95) over.push(ms / 60_000);
    const [first = 0, last = 0] = [over[0], over.at(-1)];
    expect(over.length).toBeGreaterThan(6 * 4);
    expect(last - first).toBeLessThan(20);
    expect(first).toBeGreaterThan(18 * 60);
    expect(last).toBeLessThan(20 * 60);
  }
});

test('what needs 200 V hangs on both phases, a microwave on one', () => {
  const profile = new LoadProfile(1, false);
  let [together, apart] = [0, 0];
  for (let ms = 0; ms < DAY; ms += 10_000) {
    const [before, after] = [profile.phasesAt(MIDNIGHT + ms), profile.phasesAt(MIDNIGHT + ms + 10_000)];
    const [r, t] = [Math.abs(after.r - before.r), Math.abs(after.t - before.t)];
    if (r > 700 && t > 700) together++;
    if (Math.max(r, t) > 1000 && Math.min(r, t) < 100) apart++;
  }
  expect(together).toBeGreaterThan(4);
  expect(apart).toBeGreaterThan(10);
});

test('clouds pass in minutes', () => {
  const profile = new LoadProfile(1, true);
  const noons = Array.from({ length: 60 }, (_, i) => profile.wattsAt(MIDNIGHT + 10.5 * HOUR + i * 60_000));
  expect(new Set(noons).size).toBeGreaterThan(50);
  const steps = noons.map((watts, i) => Math.abs(watts - (noons[i - 1] ?? watts)));
  expect(Math.max(...steps)).toBeGreaterThan(60);
});

test('panels: negative at noon, never at night', () => {
  const profile = new LoadProfile(1, true);
  expect(profile.wattsAt(MIDNIGHT + 12 * HOUR)).toBeLessThan(-1000);
  expect(profile.wattsAt(MIDNIGHT + 23 * HOUR)).toBeGreaterThan(0);
});

test('a fixed power is integrated too, in either direction, and given up again', () => {
  const load = new Load(new LoadProfile(1, false));
  const start = load.energyAt(MIDNIGHT);
  load.setPower(MIDNIGHT, 600);
  expect(load.wattsAt(MIDNIGHT + HOUR)).toBe(600);
  expect(load.energyAt(MIDNIGHT + HOUR).importWh - start.importWh).toBeCloseTo(600);
  load.setPower(MIDNIGHT + HOUR, -1200);
  const sold = load.energyAt(MIDNIGHT + 2 * HOUR);
  expect(sold.importWh - start.importWh).toBeCloseTo(600);
  expect(sold.exportWh - start.exportWh).toBeCloseTo(1200);
  load.setPower(MIDNIGHT + 2 * HOUR, undefined);
  expect(load.wattsAt(MIDNIGHT + 3 * HOUR)).toBe(new LoadProfile(1, false).wattsAt(MIDNIGHT + 3 * HOUR));
  expect(load.energyAt(MIDNIGHT + 3 * HOUR).importWh).toBeGreaterThan(sold.importWh + 50);
  expect(load.wattsAt(MIDNIGHT - 1)).toBeGreaterThan(0);
});
