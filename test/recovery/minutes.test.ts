import { describe, expect, test } from 'vitest';
import { EPC } from '../../src/echonet/epc.ts';
import { isoJst } from '../../src/kernel/clock.ts';
import type { MinuteRegisters } from '../../src/model/reading.ts';
import { HeardRequests } from '../support/heard-requests.ts';
import { createRig } from '../support/rig.ts';
import type { Rig, RigOptions } from '../support/rig.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const minutesOf = (rig: Rig): MinuteRegisters[] =>
  rig.events.flatMap((event) => (event.kind === 'minute' ? [event.minute] : []));
const missing = (minutes: readonly MinuteRegisters[]): number =>
  minutes.slice(1).reduce((sum, { minuteMs }, i) => sum + (minuteMs - (minutes[i]?.minuteMs ?? 0)) / MINUTE - 1, 0);

/** The service ends as it does, is away for so long, and starts; the meter counts on. */
async function offFor(rig: Rig, ms: number): Promise<void> {
  await rig.stop();
  await rig.reader.close();
  await rig.clock.advance(ms);
  await rig.restart();
}
const started = async (options: RigOptions = {}): Promise<Rig> => {
  const rig = await createRig({
    minuteHistory: true,
    ...options,
    simulator: { historyDays: 1, solar: true, generation: 2, ...options.simulator },
  });
  await rig.clock.advance(20 * MINUTE);
  return rig;
};

/** Each minute once, in order, as the meter's registers were; none is missing but those that are said to be. */
function expectWhole(rig: Rig, lost = 0): void {
  const minutes = minutesOf(rig);
  expect(minutes.map(({ minuteMs }) => minuteMs)).toEqual(
    [...new Set(minutes.map(({ minuteMs }) => minuteMs))].sort((a, b) => a - b),
  );
  expect(missing(minutes)).toBe(lost);
  for (const { minuteMs, importKwh, exportKwh } of minutes) {
    const { import: normal, export: reverse } = rig.simulator.registers(minuteMs);
    expect([isoJst(minuteMs), importKwh, exportKwh]).toEqual([
      isoJst(minuteMs),
      Math.round(normal) / 10,
      Math.round(reverse) / 10,
    ]);
  }
  expect(rig.simulator.meterNow() - (minutes.at(-1)?.minuteMs ?? 0)).toBeLessThan(3 * MINUTE);
}

describe.each(['SE', 'J11'] as const)('%s', (edition) => {
  test.each([
    ['7 minutes', 7 * MINUTE, 3 * MINUTE],
    ['5 hours, over midnight', 5 * HOUR, 12 * MINUTE],
  ])(
    'off %s: each missed minute by the meter’s own memory, oldest first, once, over a restart',
    async (_, offMs, limitMs) => {
      const rig = await started({ simulator: { edition, startAt: Date.parse('2026-01-15T20:10:00+09:00') } });
      const before = minutesOf(rig).length;
      await offFor(rig, offMs);
      await rig.untilReadings(rig.readings().length + 1);
      await rig.clock.advance(limitMs / 3);
      await offFor(rig, MINUTE); // in the midst of it
      await rig.clock.advance(limitMs);
      expect(minutesOf(rig).length).toBeGreaterThanOrEqual(before + offMs / MINUTE);
      expectWhole(rig);
      await rig.stop();
    },
  );
});

test('registers that are asked for every five minutes: the four between are read', async () => {
  const rig = await started({ energyIntervalMs: 5 * MINUTE });
  await rig.clock.advance(2 * HOUR);
  const minutes = minutesOf(rig);
  expect(missing(minutes)).toBe(0);
  expect(minutes.length).toBeGreaterThan(110);
  await rig.stop();
});

test('live values go on at their pace meanwhile, and half hours too: no two questions for the memory within 8 s', async () => {
  const requests = new HeardRequests();
  const rig = await started({ wire: requests.wire });
  await offFor(rig, DAY / 2);
  await rig.untilReadings(rig.readings().length + 3);
  const from = rig.readings().length;
  requests.all.length = 0;
  await rig.clock.advance(10 * MINUTE);
  const live = rig
    .readings()
    .slice(from)
    .filter(({ powerW }) => powerW !== undefined);
  expect(live.length).toBeGreaterThanOrEqual(58);
  const asked = [EPC.history2, EPC.history3].flatMap((epc) => requests.timesOf(epc)).sort((a, b) => a - b);
  expect(requests.timesOf(EPC.history2).length).toBeGreaterThanOrEqual(2);
  expect(requests.timesOf(EPC.history3).length).toBeGreaterThan(20);
  expect(Math.min(...asked.slice(1).map((ms, i) => ms - (asked[i] ?? 0)))).toBeGreaterThanOrEqual(7000);
  await rig.clock.advance(20 * MINUTE);
  expectWhole(rig);
  await rig.stop();
});

test('the session is lost again and again: it goes on where it was', async () => {
  const rig = await started();
  await offFor(rig, 6 * HOUR);
  for (let i = 0; i < 8; i++) {
    await rig.clock.advance(90_000);
    rig.simulator.inject({ fault: 'session-lost' });
  }
  await rig.clock.advance(15 * MINUTE);
  expectWhole(rig);
  await rig.stop();
});

test('how far back it reaches is found out: what is beyond is left out, with few questions', async () => {
  const requests = new HeardRequests();
  const rig = await started({ wire: requests.wire, simulator: { minuteHours: 3 } });
  await offFor(rig, 10 * DAY);
  requests.all.length = 0;
  await rig.clock.advance(30 * MINUTE);
  const minutes = minutesOf(rig);
  const lost = missing(minutes);
  expect(lost / (10 * 24 * 60)).toBeGreaterThan(0.97);
  expect((10 * DAY) / MINUTE - lost).toBeGreaterThan(160);
  expectWhole(rig, lost);
  expect(requests.timesOf(EPC.history3).length).toBeLessThan(60);
  expect(rig.log.filter(({ msg }) => msg.startsWith('minutes that the meter remembers no more'))).not.toEqual([]);
  await rig.stop();
});

test('another meter hangs there after the outage: its own minutes go on', async () => {
  const rig = await started();
  await rig.stop();
  await rig.reader.close();
  await rig.clock.advance(2 * HOUR);
  rig.simulator.inject({ fault: 'meter-replaced', serial: 'NEW0002' });
  await rig.clock.advance(2 * HOUR);
  await rig.restart();
  await rig.clock.advance(20 * MINUTE);
  const lost = missing(minutesOf(rig));
  expect(lost).toBeGreaterThanOrEqual(119);
  expect(lost).toBeLessThanOrEqual(122);
  const fresh = minutesOf(rig).filter(({ minuteMs }) => minuteMs > rig.simulator.meterNow() - 2 * HOUR);
  expect(fresh.length).toBeGreaterThan(110);
  for (const { minuteMs, importKwh } of fresh)
    expect(importKwh).toBe(Math.round(rig.simulator.registers(minuteMs).import) / 10);
  await rig.stop();
});

test('a meter that names the memory and refuses it: the stream goes on with what it tells, and it is not worn out', async () => {
  const requests = new HeardRequests();
  const rig = await started({ wire: requests.wire });
  rig.simulator.inject({ fault: 'sna', epc: 'EE', for_s: 30 * 86_400 });
  await offFor(rig, HOUR);
  await rig.clock.advance(HOUR);
  expect(missing(minutesOf(rig))).toBeGreaterThanOrEqual(60);
  expect(rig.simulator.meterNow() - (minutesOf(rig).at(-1)?.minuteMs ?? 0)).toBeLessThan(3 * MINUTE);
  expect(requests.timesOf(EPC.history3).length).toBeLessThan(30);
  await rig.stop();
});

test.each([
  ['a first-generation meter', { generation: 1 as const }],
  ['one whose map lacks EE', { mapRemove: [EPC.history3] }],
])('%s: nothing of it, and one line that says so', async (_, simulator) => {
  const requests = new HeardRequests();
  const rig = await started({ wire: requests.wire, simulator });
  await offFor(rig, HOUR);
  await rig.clock.advance(2 * HOUR);
  expect(minutesOf(rig)).toEqual([]);
  expect(requests.timesOf(EPC.history3)).toEqual([]);
  expect(rig.log.filter(({ msg }) => msg.startsWith('minute_history is on, but')).length).toBe(2); // one a start
  await rig.stop();
});

test('not asked for: no minute, no question', async () => {
  const requests = new HeardRequests();
  const rig = await started({ wire: requests.wire, minuteHistory: false });
  await offFor(rig, HOUR);
  await rig.clock.advance(HOUR);
  expect(minutesOf(rig)).toEqual([]);
  expect(requests.timesOf(EPC.history3)).toEqual([]);
  await rig.stop();
});
