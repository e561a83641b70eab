import { expect, test } from 'vitest';
import { EPC } from '../../src/echonet/epc.ts';
import type { HalfHour } from '../../src/model/reading.ts';
import type { Usage } from '../../src/model/usage.ts';
import { HeardRequests } from '../support/heard-requests.ts';
import { createRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const MINUTE = 60_000;
const HALF_HOUR = 30 * MINUTE;
const jst = (text: string): number => Date.parse(`${text}:00+09:00`);

const usages = (rig: Rig): Usage[] => rig.events.flatMap((event) => (event.kind === 'usage' ? [event.usage] : []));
const usage = (rig: Rig): Usage => usages(rig).at(-1) ?? { atMs: 0 };
/** The register as the meter shows it, kWh. */
const boughtAt = (rig: Rig, atMs: number): number => Math.floor(rig.simulator.registers(atMs).import + 1e-9) / 10;
const soldAt = (rig: Rig, atMs: number): number => Math.floor(rig.simulator.registers(atMs).export + 1e-9) / 10;
const newestBought = (rig: Rig): number =>
  rig.readings().findLast(({ importKwh }) => importKwh !== undefined)?.importKwh ?? NaN;
const demand = (rig: Rig, endMs: number): number =>
  Math.round((boughtAt(rig, endMs) - boughtAt(rig, endMs - HALF_HOUR)) * 2000);
const slots = (rig: Rig): (HalfHour & { before?: HalfHour })[] =>
  rig.events.flatMap((event) =>
    event.kind === 'halfHour' ? [{ ...event.halfHour, ...(event.before ? { before: event.before } : {}) }] : [],
  );

test('over midnight: half hours, the day and the month begin anew, and every figure is the meter’s', async () => {
  const rig = await createRig({ simulator: { startAt: jst('2026-01-31T23:20'), historyDays: 1 } });
  await rig.clock.advance(35 * MINUTE);
  const last = usage(rig);
  expect(last.demand30minW).toBe(demand(rig, jst('2026-01-31T23:30')));
  expect(last.importTodayKwh).toBeCloseTo(newestBought(rig) - boughtAt(rig, jst('2026-01-31T00:00')), 6);
  expect(last.peakToday?.watts).toBeGreaterThanOrEqual(last.demand30minW ?? Infinity);
  await rig.clock.advance(HALF_HOUR);
  const midnight = jst('2026-02-01T00:00');
  const now = usage(rig);
  expect(now).toMatchObject({ dayMs: midnight, halfHourMs: midnight });
  expect(now.demand30minW).toBe(demand(rig, midnight));
  expect([now.peakToday, now.peakMonth]).toEqual([undefined, undefined]);
  expect(now.importTodayKwh).toBeCloseTo(newestBought(rig) - boughtAt(rig, midnight), 6);
  await rig.clock.advance(HALF_HOUR);
  expect(usage(rig).peakMonth).toEqual({ watts: demand(rig, midnight + HALF_HOUR), startMs: midnight });
  await rig.stop();
});

test('demand so far becomes what the half hour was, and the forecast meets it', async () => {
  const rig = await createRig({ simulator: { startAt: jst('2026-01-15T18:55') } });
  for (let i = 0; i < 6; i++) {
    await rig.clock.advance(HALF_HOUR + 2000);
    const ended = usages(rig).findLast(({ halfHourMs = 0 }) => halfHourMs === jst('2026-01-15T19:00') + i * HALF_HOUR);
    const endMs = jst('2026-01-15T19:30') + i * HALF_HOUR;
    if (rig.simulator.meterNow() < endMs || !ended) continue;
    const { import: to } = rig.simulator.registers(endMs);
    const { import: from } = rig.simulator.registers(endMs - HALF_HOUR);
    const watts = ((to - from) / 10) * 2000;
    expect(Math.abs((ended.demandNowW ?? NaN) - watts)).toBeLessThan(0.05 * watts + 25);
    expect(Math.abs((ended.demandForecastW ?? NaN) - (ended.demandNowW ?? NaN))).toBeLessThan(0.05 * watts + 25);
  }
  expect(usages(rig).length).toBeGreaterThan(800);
  await rig.stop();
});

test('started at noon without a memory of our own: today and the last half hour come from the meter’s', async () => {
  const rig = await createRig({ simulator: { startAt: jst('2026-06-15T12:10'), solar: true, historyDays: 2 } });
  await rig.clock.advance(3 * MINUTE);
  const midnight = jst('2026-06-15T00:00');
  const { importTodayKwh, exportTodayKwh, demand30minW, peakToday } = usage(rig);
  expect(importTodayKwh).toBeCloseTo(newestBought(rig) - boughtAt(rig, midnight), 6);
  expect(exportTodayKwh).toBeCloseTo(soldAt(rig, rig.simulator.meterNow()) - soldAt(rig, midnight), 0);
  expect(demand30minW).toBe(demand(rig, jst('2026-06-15T12:00')));
  expect(peakToday?.watts).toBeGreaterThan(0);
  expect(slots(rig).at(-1)).toMatchObject({
    markMs: jst('2026-06-15T12:00'),
    before: { markMs: jst('2026-06-15T11:30'), importKwh: boughtAt(rig, jst('2026-06-15T11:30')) },
  });
  await rig.stop();
});

test('a meter exchanged within the day makes no consumption of the difference', async () => {
  const rig = await createRig({ simulator: { startAt: jst('2026-01-15T12:10'), historyDays: 1 } });
  await rig.clock.advance(20 * MINUTE);
  const before = rig.memory.value?.macAddress;
  const from = usages(rig).length;
  rig.simulator.inject({ fault: 'meter-replaced' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.until(() => rig.memory.value?.macAddress !== before, 900_000);
  await rig.clock.advance(90 * MINUTE);
  const after = usages(rig).slice(from);
  expect(after.length).toBeGreaterThan(100);
  for (const { importTodayKwh = 0, demandNowW = 0, demand30minW = 0, peakToday } of after) {
    expect(importTodayKwh).toBeLessThan(50);
    expect(Math.max(demandNowW, demand30minW, peakToday?.watts ?? 0)).toBeLessThan(12_000);
  }
  await rig.stop();
});

test('another interval acts at once, in the session and in the next, and nobody takes it for silence', async () => {
  const requests = new HeardRequests();
  const rig = await createRig({ simulator: { startAt: jst('2026-01-15T12:10') }, wire: requests.wire });
  await rig.clock.advance(10 * MINUTE);
  const paces = (): number[] => rig.events.flatMap((event) => (event.kind === 'pace' ? [event.intervalS] : []));
  const asked = (): number => requests.timesOf(EPC.power).length;
  rig.reader.askEvery(300);
  expect(paces()).toEqual([300]);
  const from = asked();
  await rig.clock.advance(10_000);
  expect(asked()).toBe(from + 1); // now, then every five minutes
  await rig.clock.advance(30 * MINUTE);
  expect(asked()).toBe(from + 7);
  rig.simulator.inject({ fault: 'session-lost' });
  await rig.clock.advance(20 * MINUTE);
  expect(asked()).toBeLessThan(from + 16);
  rig.reader.askEvery(5);
  const fast = asked();
  await rig.clock.advance(MINUTE);
  expect(asked()).toBeGreaterThanOrEqual(fast + 11);
  expect(paces()).toEqual([300, 5]);
  await rig.stop();
});

test.each([1, 2] as const)(
  'generation %i: one-minute registers where the map has them, and the household’s identification never',
  async (generation) => {
    const requests = new HeardRequests();
    const rig = await createRig({ simulator: { startAt: jst('2026-01-15T12:10'), generation }, wire: requests.wire });
    await rig.clock.advance(10 * MINUTE);
    const minutes = rig.readings().flatMap(({ minute }) => minute ?? []);
    expect(requests.timesOf(EPC.oneMinuteEnergy).length > 0).toBe(generation === 2);
    expect(minutes.length >= 8).toBe(generation === 2);
    for (const { minuteMs, importKwh } of minutes) {
      expect(minuteMs % MINUTE).toBe(0);
      expect(importKwh).toBe(boughtAt(rig, minuteMs));
    }
    expect(requests.timesOf(EPC.routeBId)).toEqual([]);
    await rig.stop();
  },
);
