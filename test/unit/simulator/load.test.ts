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

test('a household: a base load at night, a peak in the evening, some 8 to 20 kWh a day', () => {
  const profile = new LoadProfile(1, false);
  const mean = (fromHour: number, toHour: number): number =>
    (profile.energyAt(MIDNIGHT + toHour * HOUR).importWh - profile.energyAt(MIDNIGHT + fromHour * HOUR).importWh) /
    (toHour - fromHour);
  expect(mean(2, 4)).toBeLessThan(500);
  expect(mean(19, 21)).toBeGreaterThan(2 * mean(2, 4));
  expect(mean(0, 24) * 24).toBeGreaterThan(8000);
  expect(mean(0, 24) * 24).toBeLessThan(20_000);
  for (let ms = 0; ms < DAY; ms += 10_000) expect(profile.wattsAt(MIDNIGHT + ms)).toBeGreaterThan(0);
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
