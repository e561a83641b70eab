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

test('every rung is climbed, in order, and counted', async () => {
  const rig = await createRig();
  await rig.untilReadings(2);
  rig.simulator.inject({ fault: 'join-refused', times: 8 });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.advance(1);
  const before = rig.readings().length;
  await rig.untilReadings(before + 1, 20 * 60_000);
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
