import { afterEach, beforeEach, expect, test } from 'vitest';
import { Deadlines } from '../../../src/kernel/deadlines.ts';
import { marksOf } from '../../../src/model/health.ts';
import { MinuteTopic } from '../../../src/mqtt/minute-topic.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const minuteMs = Date.parse('2026-01-15T12:01:00+09:00');
const time = '2026-01-15T12:01:00+09:00';
let clock: VirtualClock;
let topic: MinuteTopic;
let sent: unknown[];
let stop: AbortController;
let running: Promise<unknown>;
beforeEach(() => {
  clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  stop = new AbortController();
  running = deadlines.run(stop.signal).catch(() => undefined);
  sent = [];
  const send = (payload: string): void => void sent.push(JSON.parse(payload));
  topic = new MinuteTopic({ intervalS: 10, energyIntervalS: 60 }, { clock, deadlines, send, decimals: () => 1 });
});
afterEach(async () => {
  stop.abort();
  await running;
});

test('the first answer without a minute says that none is known: the broker may keep an earlier run’s', () => {
  topic.learn({ getMap: [0xd0, 0xe0] });
  topic.publish();
  expect(sent).toEqual([]);
  topic.begin();
  topic.begin();
  expect(sent).toEqual([{ import: null, export: null, time: null }]);
  topic.publish();
  expect(sent).toHaveLength(2);
  topic.accept({ minuteMs, importKwh: 1 });
  topic.begin();
  expect(sent.slice(2)).toEqual([{ import: 1, export: null, time }]);
});

test('a meter without one-minute registers has no such topic', () => {
  topic.learn({ getMap: [0xe0] });
  topic.begin();
  topic.publish();
  expect(sent).toEqual([]);
});

test('while nothing is known of the meter an earlier run’s minute is taken back too; one without them has no topic then', () => {
  topic.begin();
  expect(sent).toEqual([{ import: null, export: null, time: null }]);
  expect(topic.isAbsent).toBe(false);
  topic.learn({ getMap: [0xe0] });
  expect(topic.isAbsent).toBe(true);
  topic.publish();
  expect(sent).toHaveLength(1);
});

test('it is taken back at its mark', async () => {
  topic.accept({ minuteMs, importKwh: 1, exportKwh: 2 });
  await clock.advance(marksOf(10, 60).energyMs);
  expect(sent).toEqual([{ import: 1, export: 2, time }]);
  await clock.advance(2);
  expect(sent.slice(1)).toEqual([{ import: null, export: null, time }]);
});
