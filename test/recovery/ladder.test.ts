import { expect, test } from 'vitest';
import { rungs } from '../../src/supervisor/ladder.ts';
import { createRig } from '../support/rig.ts';

test('nothing helps for ten minutes: the hook is run, once in ten minutes, whatever is broken', async () => {
  let calls = 0;
  const rig = await createRig({ onStuck: () => Promise.resolve(void calls++) });
  await rig.untilReadings(2);
  rig.simulator.inject({ fault: 'module-hang', for_s: 3600 });
  await rig.clock.advance(9 * 60_000);
  expect(calls).toBe(0);
  await rig.clock.advance(2 * 60_000);
  expect(calls).toBe(1);
  await rig.clock.advance(21 * 60_000);
  expect(calls).toBe(3);
  await rig.stop();
});

test('a hook that brings the stick back is the last rung that was needed', async () => {
  const rig = await createRig({
    onStuck: () => {
      rig.simulator.powerCycle();
      return Promise.resolve();
    },
  });
  await rig.untilReadings(2);
  rig.simulator.inject({ fault: 'module-hang', for_s: 36_000 });
  const before = rig.readings().length;
  await rig.untilReadings(before + 2, 15 * 60_000);
  expect(rig.rungs()).toContain('hook');
  expect(rig.statuses().at(-1)).not.toHaveProperty('rung');
  await rig.stop();
});

const MINUTE = 60_000;

test('the stick is off the bus: the hook is run after ten minutes, again after as long, and not when it returns', async () => {
  const calledMs: number[] = [];
  const rig = await createRig({ onStuck: () => Promise.resolve(void calledMs.push(rig.clock.monotonicMs() - goneMs)) });
  await rig.untilReadings(2);
  const goneMs = rig.clock.monotonicMs();
  rig.simulator.unplug();
  await rig.clock.advance(29 * MINUTE + 30_000);
  expect(calledMs.map((ms) => Math.round(ms / MINUTE))).toEqual([10, 20]);
  // Whatever the stick does first: a hook would take it away again.
  rig.simulator.inject({ fault: 'no-answer', on: 'SKVER', for_s: 75 });
  rig.simulator.plug();
  const before = rig.readings().length;
  await rig.clock.advance(MINUTE - 1000);
  expect(calledMs).toHaveLength(2);
  await rig.untilReadings(before + 2, 5 * MINUTE);
  await rig.stop();
});

test('a stick that was never there since the start: the hook is run all the same, and may bring it', async () => {
  const rig = await createRig({ onStuck: () => Promise.resolve(rig.simulator.plug()), plugged: false });
  await rig.clock.advance(9 * MINUTE);
  expect(rig.rungs()).not.toContain('hook');
  await rig.untilReadings(2, 5 * MINUTE);
  expect(rig.rungs()).toContain('hook');
  await rig.stop();
});

test('a stop while the stick is away and the hook is under way ends both', async () => {
  const rig = await createRig({
    onStuck: (signal) => rig.clock.sleep(MINUTE, signal).catch(() => signal.throwIfAborted()),
  });
  await rig.untilReadings(2);
  rig.simulator.unplug();
  await rig.clock.advance(10 * MINUTE + 5000);
  expect(rig.rungs()).toContain('hook');
  const before = rig.clock.monotonicMs();
  await rig.stop();
  expect(rig.clock.monotonicMs()).toBe(before);
});

test('every rung is climbed, in order, and counted', async () => {
  const rig = await createRig();
  await rig.untilReadings(2);
  rig.simulator.inject({ fault: 'join-refused', times: 8 });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.advance(1);
  await rig.nextReading(20 * 60_000);
  const climbed = rig.rungs().filter((rung) => rung !== 'retry');
  expect(climbed.slice(0, rungs.length)).toEqual([...rungs]);
  await rig.stop();
});

test('a first start is no recovery', async () => {
  const rig = await createRig();
  await rig.untilReadings(3);
  expect(rig.rungs()).toEqual([]);
  await rig.stop();
});
