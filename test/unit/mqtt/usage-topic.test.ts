import { afterEach, beforeEach, expect, test } from 'vitest';
import { Deadlines } from '../../../src/kernel/deadlines.ts';
import type { Usage } from '../../../src/model/usage.ts';
import { UsageTopic } from '../../../src/mqtt/usage-topic.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let clock: VirtualClock;
let topic: UsageTopic;
let sent: Record<string, unknown>[];
let stop: AbortController;
let running: Promise<unknown>;
beforeEach(() => {
  clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  stop = new AbortController();
  running = deadlines.run(stop.signal).catch(() => undefined);
  sent = [];
  const send = (payload: string): void => void sent.push({ s: clock.monotonicMs() / 1000, ...JSON.parse(payload) });
  topic = new UsageTopic({ intervalS: 10, energyIntervalS: 60 }, { clock, deadlines, send, decimals: () => 1 });
});
afterEach(async () => {
  stop.abort();
  await running;
});

const answer = (usage: Partial<Usage>, reading: object = { powerW: 1, importKwh: 1 }): void => {
  topic.saw({ atMs: clock.now(), ...reading });
  topic.accept({ atMs: clock.now(), ...usage });
};
const told = (...keys: readonly string[]): unknown[][] => sent.map((state) => ['s', ...keys].map((key) => state[key]));

test('nothing before the first answer, which says that nothing is known yet: the broker may keep an earlier run’s', () => {
  topic.publish();
  expect(sent).toEqual([]);
  topic.saw({ atMs: clock.now(), powerW: 1 });
  expect(told('demand_now', 'import_today', 'demand_peak_month')).toEqual([[0, null, null, null]]);
});

test('figures once a minute; what is over, and what comes or goes, at once', async () => {
  answer({ demandNowW: 100 });
  for (let n = 1; n <= 13; n++) {
    await clock.advance(10_000);
    answer({ demandNowW: 100 + n, ...(n < 8 ? {} : { demand30minW: 400 }) });
  }
  expect(told('demand_now', 'demand_30min')).toEqual([
    [0, null, null],
    [0, 100, null],
    [60, 105, null],
    [80, 108, 400],
  ]);
  await clock.advance(10_000);
  expect(told('demand_now').at(-1)).toEqual([140, 113]);
});

test('taken back at their marks by the clock alone: averages, the day, and in the end all of it', async () => {
  const all = { demandNowW: 5, demandForecastW: 6, importTodayKwh: 2, peakToday: { watts: 9, startMs: 0 } };
  answer(all);
  await clock.advance(30_000);
  answer(all, { powerW: 1 });
  await clock.advance(86_400_000);
  expect(told('demand_now', 'demand_forecast', 'import_today', 'demand_peak_today')).toEqual([
    [0, null, null, null, null],
    [0, 5, 6, 2, 9],
    [60, 5, 6, 2, 9],
    [65.001, null, null, 2, 9],
    [185.001, null, null, null, 9],
    [215.001, null, null, null, null],
  ]);
  topic.publish(); // another broker
  expect(told('demand_peak_today').at(-1)?.[1]).toBeNull();
});

test('averages that rest on registers alone keep the registers’ mark; another pace moves the marks', async () => {
  answer({ demandNowW: 5 }, { importKwh: 1 });
  await clock.advance(184_000);
  expect(told('demand_now').at(-1)).toEqual([0, 5]);
  topic.pace(600);
  answer({ demandNowW: 5 });
  await clock.advance(1_805_000);
  expect(told('demand_now').at(-1)?.[1]).toBe(5);
  await clock.advance(1);
  expect(told('demand_now').at(-1)?.[1]).toBeNull();
});
