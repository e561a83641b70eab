import { describe, expect, test, vi } from 'vitest';
import { Deadlines } from '../../../src/kernel/deadlines.ts';
import { LinkTopic } from '../../../src/mqtt/availability.ts';
import { MeterStates } from '../../../src/mqtt/meter-states.ts';
import type { Clock } from '../../../src/kernel/clock.ts';
import type { Reading } from '../../../src/model/reading.ts';
import type { LinkStatus } from '../../../src/model/status.ts';
import { status } from '../../support/sink-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Named as the states are. */
const topics = { instant: 'instant', energy: 'energy', halfHour: 'halfHour' };

describe('live values', () => {
  /** States at moments of the test’s choice; each step tells what it publishes. */
  const make = () => {
    let nowMs = 0;
    let published: Partial<Record<string, unknown>> = {};
    const clock: Clock = { now: () => nowMs, monotonicMs: () => nowMs, sleep: () => new Promise(() => undefined) };
    const states = new MeterStates({ intervalS: 10, energyIntervalS: 60, contractAmpere: 40 }, topics, {
      clock,
      deadlines: new Deadlines(clock),
      send: ({ topic, payload }) => void (published[topic] = JSON.parse(payload) as unknown),
    });
    states.learn({ hasTPhase: false, energyScale: { coefficient: 1, exponent: -1, digits: 6 } });
    const at = (ms: number, step: () => void): typeof published => {
      nowMs = ms;
      published = {};
      step();
      return published;
    };
    return {
      take: (reading: Reading, ms: number) => at(ms, () => states.accept(reading)),
      age: (ms: number) => at(ms, () => states.age()),
      instant: () => at(nowMs, () => states.publishInstant())['instant'],
      get nextMarkMs() {
        return states.nextMarkMs;
      },
    };
  };

  test('unchanged registers are repeated only every five minutes', () => {
    const values = make();
    const sent = [0, 60, 120, 299, 300, 360].map((s) => values.take({ atMs: s, importKwh: 5 }, s * 1000)['energy']);
    expect(sent.map((state) => state !== undefined)).toEqual([true, false, false, false, true, false]);
    expect(values.take({ atMs: 361, importKwh: 5.1 }, 361_000)['energy']).toMatchObject({ import: 5.1 });
  });
  test('a register that is answered no more is taken back at its mark, each by its own', () => {
    const values = make();
    values.take({ atMs: 0, importKwh: 5, exportKwh: 1, fault: false }, 0);
    expect(values.take({ atMs: 1, importKwh: 5 }, 180_000)['energy']).toBeUndefined();
    expect(values.nextMarkMs).toBe(185_001);
    expect(values.age(185_000)['energy']).toBeUndefined();
    expect(values.age(185_001)['energy']).toMatchObject({ import: 5, export: null, fault: null });
    expect(values.age(185_002)['energy']).toBeUndefined();
    expect(values.nextMarkMs).toBe(365_001);
    expect(values.age(365_001)['energy']).toMatchObject({ import: null, export: null });
    expect(values.nextMarkMs).toBeUndefined();
    expect(values.take({ atMs: 2, importKwh: 5 }, 400_000)['energy']).toMatchObject({ import: 5 });
  });
  test('an answer after a standstill takes back what is old before it tells of itself', () => {
    const values = make();
    values.take({ atMs: 0, powerW: 5, importKwh: 5, exportKwh: 1 }, 0);
    const { instant, energy } = values.take({ atMs: 9, importKwh: 6 }, 190_000);
    expect(instant).toMatchObject({ power: null });
    expect(energy).toMatchObject({ import: 6, export: null });
  });
  test('the first answer without registers says that they are unknown: the broker may keep those of an earlier run', () => {
    const values = make();
    expect(values.take({ atMs: 0, powerW: 1 }, 0)['energy']).toMatchObject({
      import: null,
      export: null,
      fault: null,
    });
    expect(values.take({ atMs: 1, powerW: 1 }, 10_000)['energy']).toBeUndefined();
    expect(values.take({ atMs: 2, importKwh: 5 }, 11_000)['energy']).toMatchObject({ import: 5 });
  });
  test('an old power is taken back at its mark, once, with all that rests on it', () => {
    const values = make();
    expect([values.instant(), values.nextMarkMs]).toEqual([undefined, undefined]);
    values.take({ atMs: 0, powerW: 5, currentRA: 10 }, 0);
    expect(values.take({ atMs: 1000, importKwh: 5 }, 30_000)['instant']).toBeUndefined();
    expect([values.nextMarkMs, values.age(35_000)['instant']]).toEqual([35_001, undefined]);
    expect(values.instant()).toMatchObject({ power: 5, headroom: 30, over_contract: 'OFF' });
    const told = values.age(35_001)['instant'];
    expect(told).toMatchObject({ power: null, current_r: null, headroom: null, over_contract: null });
    expect(Date.parse((told as { time: string }).time)).toBe(1000); // when the meter last answered
    expect(values.instant()).toMatchObject({ power: null });
    expect(values.take({ atMs: 1, importKwh: 5 }, 37_000)['instant']).toBeUndefined();
    expect(values.age(99_000)['instant']).toBeUndefined();
  });
});

test('live topics: taken back at the mark by the clock alone, and no timer is left behind', async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const stop = new AbortController();
  const running = deadlines.run(stop.signal).catch(() => undefined);
  const created = vi.spyOn(deadlines, 'create');
  const sent: string[] = [];
  const live = new MeterStates({ intervalS: 10, energyIntervalS: 60 }, topics, {
    clock,
    deadlines,
    send: ({ topic, payload }) => {
      const { power, import: bought } = JSON.parse(payload) as Record<string, unknown>;
      sent.push(`${clock.monotonicMs()} ${String(topic === 'instant' ? power : bought)}`);
    },
  });
  live.publish();
  live.accept({ atMs: clock.now(), powerW: 1, importKwh: 5 });
  await clock.advance(10_000);
  live.accept({ atMs: clock.now(), powerW: 2 });
  await clock.advance(86_400_000);
  expect(sent).toEqual(['0 1', '0 5', '10000 2', '45001 null', '185001 null']);
  expect(created.mock.results.map(({ value }) => value.isSet)).toEqual([false]);
  sent.length = 0;
  live.publish(); // the next connection: what the broker keeps is old
  expect(sent.map((text) => text.split(' ')[1])).toEqual(['null', 'null']);
  stop.abort();
  await running;
});

test('link state: phases at once, figures once a minute', async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const stop = new AbortController();
  const running = deadlines.run(stop.signal).catch(() => undefined);
  const sent: unknown[] = [];
  const presence = { connected: true, intervalS: 10 };
  const state = new LinkTopic({
    clock,
    deadlines,
    presence: () => presence,
    send: (text) => {
      const { state: phase, lqi, connected, interval } = JSON.parse(text) as Record<string, unknown>;
      const isUsual = connected === 'ON' && interval === 10;
      sent.push([clock.monotonicMs() / 1000, phase, lqi, ...(isUsual ? [] : [connected, interval])]);
    },
  });
  const take = (one: LinkStatus): void => {
    state.accept(one);
    state.update();
  };
  state.update();
  state.accept(status('joining')); // before there is a connection
  take(status('connected')); // a warm start: nothing was scanned, nothing heard yet
  take(status('connected', { lqi: 1 }));
  for (let second = 1; second <= 130; second++) {
    await clock.advance(1000);
    take(status(second === 70 ? 'paused' : 'connected', { lqi: second }));
  }
  presence.connected = false;
  state.update();
  presence.intervalS = 20;
  state.update();
  expect(sent).toEqual([
    [0, 'connected', null],
    [0, 'connected', 1],
    [60, 'connected', 59],
    [70, 'paused', 70],
    [71, 'connected', 71],
    [130, 'connected', 130, 'OFF', 10],
    [130, 'connected', 130, 'OFF', 20],
  ]);
  stop.abort();
  await running;
});
