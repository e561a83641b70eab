import { describe, expect, test } from 'vitest';
import { EPC } from '../../src/echonet/epc.ts';
import { isoJst } from '../../src/kernel/clock.ts';
import type { HalfHour } from '../../src/model/reading.ts';
import { HeardRequests } from '../support/heard-requests.ts';
import { createRig } from '../support/rig.ts';
import type { Rig, RigOptions } from '../support/rig.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const HALF_HOUR = 30 * MINUTE;
const DAY = 24 * HOUR;

const historyOf = (rig: Rig): HalfHour[] =>
  rig.events.flatMap((event) => (event.kind === 'history' ? [event.halfHour] : []));
const liveMarks = (rig: Rig): Set<number> =>
  new Set(rig.events.flatMap((event) => (event.kind === 'halfHour' ? [event.halfHour.markMs] : [])));
/** What the simulator's registers were at a mark, kWh. */
const truthAt = (rig: Rig, markMs: number): HalfHour => {
  const { import: normal, export: reverse } = rig.simulator.registers(markMs);
  return { markMs, importKwh: Math.round(normal) / 10, exportKwh: Math.round(reverse) / 10 };
};
const marksBetween = (fromMs: number, toMs: number): number[] =>
  Array.from({ length: Math.max(0, (toMs - fromMs) / HALF_HOUR - 1) }, (_, i) => fromMs + (i + 1) * HALF_HOUR);

/** We are off for so long; the meter counts on. */
async function offFor(rig: Rig, ms: number): Promise<void> {
  await rig.stop();
  await rig.clock.advance(ms);
  await rig.restart();
}
const started = async (options: RigOptions = {}): Promise<Rig> => {
  const rig = await createRig({ ...options, simulator: { historyDays: 1, solar: true, ...options.simulator } });
  await rig.clock.advance(HOUR);
  return rig;
};

/** Every mark between the live ones came by `history`, once, in order, as the meter's registers were. */
function expectFilled(rig: Rig): void {
  const filled = historyOf(rig);
  const live = [...liveMarks(rig)].sort((a, b) => a - b);
  const gaps = live.flatMap((mark, i) => marksBetween(live[i - 1] ?? mark, mark));
  expect(filled.map(({ markMs }) => isoJst(markMs))).toEqual(gaps.map(isoJst));
  expect(filled).toEqual(gaps.map((mark) => truthAt(rig, mark)));
}

describe.each(['SE', 'DSE', 'J11'] as const)('%s', (edition) => {
  const outages: readonly (readonly [string, number, number])[] = [
    ['over midnight, 5 h', 5 * HOUR, 2 * MINUTE],
    ['24 h', DAY, 5 * MINUTE],
    ...(edition === 'DSE' ? ([['10 days', 10 * DAY, 15 * MINUTE]] as const) : []),
  ];
  test.each(outages)(
    'off %s: every missed mark by the meter’s own memory, oldest first, each once',
    async (_, offMs, limitMs) => {
      const startAt = Date.parse('2026-01-15T20:10:00+09:00');
      const rig = await started({ simulator: { edition, startAt } });
      await offFor(rig, offMs);
      await rig.untilReadings(rig.readings().length + 1);
      await rig.clock.advance(limitMs);
      expect(historyOf(rig).length).toBeGreaterThanOrEqual(offMs / HALF_HOUR - 2);
      expectFilled(rig);
      await rig.clock.advance(3 * HOUR);
      await offFor(rig, MINUTE);
      await rig.clock.advance(HOUR);
      expectFilled(rig);
      await rig.stop();
    },
  );
});

test('live values go on at their pace meanwhile, and every question for the memory waits its turn', async () => {
  const requests = new HeardRequests();
  const rig = await started({ wire: requests.wire });
  await offFor(rig, 10 * DAY);
  await rig.untilReadings(rig.readings().length + 3);
  const from = rig.readings().length;
  requests.all.length = 0;
  await rig.clock.advance(10 * MINUTE);
  expect(
    rig
      .readings()
      .slice(from)
      .filter(({ powerW }) => powerW !== undefined).length,
  ).toBeGreaterThanOrEqual(58);
  expect(requests.timesOf(EPC.history2).length).toBeGreaterThan(20);
  expect(requests.timesOf(EPC.history2).length).toBeLessThanOrEqual(61);
  await rig.stop();
});

test('a meter without slots is read by days, both directions of a mark in one message', async () => {
  const requests = new HeardRequests();
  const rig = await started({ wire: requests.wire, simulator: { mapRemove: [EPC.history2, EPC.history2Request] } });
  await offFor(rig, 3 * DAY);
  await rig.clock.advance(5 * MINUTE);
  expectFilled(rig);
  expect(requests.timesOf(EPC.importHistory).length).toBeLessThanOrEqual(8);
  await rig.stop();
});

test('slots that reach back less far than days: the rest by days', async () => {
  const rig = await started({ simulator: { slotHours: 24 } });
  await offFor(rig, 4 * DAY);
  await rig.clock.advance(15 * MINUTE);
  expectFilled(rig);
  await rig.stop();
});

test('the session is lost again and again: it goes on where it was, nothing twice, nothing lost', async () => {
  const rig = await started();
  await offFor(rig, 10 * DAY);
  for (let i = 0; i < 12; i++) {
    await rig.clock.advance(90_000);
    rig.simulator.inject({ fault: 'session-lost' });
  }
  await rig.clock.advance(10 * MINUTE);
  expectFilled(rig);
  await rig.stop();
});

test('a mark that was told without what was bought is read from the memory', async () => {
  const rig = await started();
  await rig.stop();
  await rig.clock.advance(HALF_HOUR);
  rig.simulator.inject({ fault: 'no-data', epc: 'EA', for_s: 600 }); // asked for at the start: what was sold is told alone
  await rig.restart();
  await rig.clock.advance(HOUR);
  const half = rig.events.flatMap((event) =>
    event.kind === 'halfHour' && event.halfHour.importKwh === undefined ? [event.halfHour.markMs] : [],
  );
  expect(half.length).toBeGreaterThan(0);
  for (const markMs of half) expect(historyOf(rig)).toContainEqual(truthAt(rig, markMs));
  await rig.stop();
});

test('another meter hangs there after the outage: only its own marks, and no consumption across', async () => {
  const rig = await started();
  await rig.stop();
  await rig.clock.advance(3 * DAY);
  rig.simulator.inject({ fault: 'meter-replaced', serial: 'NEW0002' });
  const exchangedMs = rig.simulator.meterNow();
  await rig.clock.advance(2 * DAY);
  await rig.restart();
  await rig.clock.advance(10 * MINUTE);
  const filled = historyOf(rig);
  const firstMs = Math.ceil(exchangedMs / HALF_HOUR) * HALF_HOUR;
  expect(filled.map(({ markMs }) => markMs)).toEqual(marksBetween(firstMs - HALF_HOUR, Math.max(...liveMarks(rig))));
  expect(filled).toEqual(filled.map(({ markMs }) => truthAt(rig, markMs)));
  const known = (await rig.archived()).filter(({ importKwh }) => importKwh !== undefined);
  expect(new Set(known.map(({ meter }) => meter)).size).toBe(2);
  expect(known.filter(({ meter }) => meter.endsWith('NEW0002')).every(({ markMs }) => markMs >= exchangedMs)).toBe(
    true,
  );
  await rig.stop();
});

test('how far the past reaches is found out: 14 days, then no more questions, over restarts too', async () => {
  const requests = new HeardRequests();
  const rig = await started({ wire: requests.wire, simulator: { historyDays: 14 } });
  await rig.clock.advance(2 * HOUR);
  const known = (await rig.archived()).filter(({ importKwh }) => importKwh !== undefined);
  const oldestMs = Math.min(...known.map(({ markMs }) => markMs));
  expect(rig.clock.now() - oldestMs).toBeGreaterThan(14 * DAY);
  expect(known.map(({ markMs, importKwh, exportKwh }) => ({ markMs, importKwh, exportKwh }))).toEqual(
    known.map(({ markMs }) => truthAt(rig, markMs)),
  );
  expect(historyOf(rig)).toEqual([]);
  requests.all.length = 0;
  await offFor(rig, MINUTE);
  await rig.clock.advance(2 * HOUR);
  expect(requests.timesOf(EPC.historyDay)).toHaveLength(0);
  await rig.stop();
});

test('a module that cuts long answers: smaller ones, and the days are given up with a warning', async () => {
  const rig = await createRig({ simulator: { historyDays: 5 } });
  rig.simulator.inject({ fault: 'cut-answer', for_s: 30 * 86_400 });
  await rig.clock.advance(HOUR);
  await offFor(rig, DAY);
  await rig.clock.advance(2 * HOUR);
  expectFilled(rig);
  const past = (await rig.archived()).filter(({ importKwh }) => importKwh !== undefined);
  expect(rig.clock.now() - Math.min(...past.map(({ markMs }) => markMs))).toBeGreaterThan(5 * DAY); // by slots
  expect(rig.log.filter(({ msg }) => msg.startsWith('this stick cuts long answers')).length).toBeGreaterThanOrEqual(1);
  await rig.stop();
});

test('half hours months ahead of our clock are kept when the meter’s own clock says the same', async () => {
  const rig = await started({ simulator: { clockSkewS: (60 * DAY) / 1000 } });
  await rig.clock.advance(2 * HOUR);
  const kept = (await rig.archived()).filter(({ importKwh }) => importKwh !== undefined).map(({ markMs }) => markMs);
  expect(kept).toEqual(expect.arrayContaining([...liveMarks(rig)]));
  await rig.stop();
});

test('where it tells no clock they stay out of the archive until ours is set; then nothing is missing', async () => {
  const clockSkewS = (60 * DAY) / 1000;
  const rig = await started({ simulator: { clockSkewS, mapRemove: [EPC.currentTime, EPC.currentDate] } });
  await rig.clock.advance(2 * HOUR);
  expect(liveMarks(rig).size).toBeGreaterThan(2);
  expect(await rig.archived()).toEqual([]);
  expect(rig.log.filter(({ msg }) => msg.includes('more than a month ahead'))).toHaveLength(3);
  rig.clock.jumpWall(60 * DAY);
  await rig.clock.advance(2 * HOUR);
  const kept = (await rig.archived()).filter(({ importKwh }) => importKwh !== undefined).map(({ markMs }) => markMs);
  expect(kept).toEqual(expect.arrayContaining([...liveMarks(rig)]));
  await rig.stop();
});
