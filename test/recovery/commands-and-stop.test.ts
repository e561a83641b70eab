import { expect, test } from 'vitest';
import type { LinkPhase } from '../../src/model/status.ts';
import { createRig } from '../support/rig.ts';

test('restart_session joins again without a scan', async () => {
  const rig = await createRig();
  await rig.untilReadings(3);
  const phases = rig.phases().length;
  rig.supervisor.command('restart_session');
  await rig.untilPhase('waiting');
  await rig.untilPhase('connected');
  expect(rig.phases().slice(phases)).toEqual(['waiting', 'joining', 'connected']);
  expect(rig.statuses().every(({ error }) => error === undefined)).toBe(true); // nothing failed
  await rig.stop();
});

test('rescan forgets the PAN and scans', async () => {
  const rig = await createRig();
  await rig.untilReadings(3);
  const phases = rig.phases().length;
  rig.supervisor.command('rescan');
  await rig.untilPhase('waiting');
  await rig.untilPhase('connected');
  expect(rig.phases().slice(phases)).toEqual(['waiting', 'scanning', 'joining', 'connected']);
  expect(rig.statuses().every(({ error }) => error === undefined)).toBe(true); // nothing failed
  await rig.stop();
});

test('read_now asks at once', async () => {
  const rig = await createRig({ intervalMs: 600_000, energyIntervalMs: 600_000 });
  await rig.clock.advance(60_000);
  rig.supervisor.command('read_now');
  await rig.nextReading(10_000);
  await rig.stop();
});

test('a command while waiting ends the wait', async () => {
  const rig = await createRig({ simulator: { password: 'ZZZZZZZZZZZZ' } });
  await rig.untilPhase('waiting');
  await rig.clock.advance(200_000);
  await rig.untilPhase('waiting');
  rig.supervisor.command('rescan');
  await rig.clock.advance(10);
  expect(rig.statuses().at(-1)?.phase).toBe('scanning');
  await rig.stop();
});

const phases: readonly LinkPhase[] = ['opening', 'scanning', 'joining', 'connected', 'waiting', 'paused'];
for (const phase of phases) {
  test(`SIGTERM while ${phase}: it ends at once, and nothing of it is left waiting`, async () => {
    const rig = await createRig({ simulator: phase === 'waiting' ? { password: 'ZZZZZZZZZZZZ' } : {} });
    if (phase === 'paused') {
      await rig.untilReadings(2);
      rig.simulator.inject({ fault: 'event-32', for_s: 600 });
      await rig.clock.advance(10);
    } else {
      await rig.untilPhase(phase);
    }
    expect(rig.statuses().at(-1)?.phase).toBe(phase);
    const before = rig.clock.monotonicMs();
    await rig.stop();
    expect(rig.clock.monotonicMs()).toBe(before);
    expect(rig.statuses().at(-1)?.phase).toBe('stopped');
    await rig.simulator[Symbol.asyncDispose]();
    await rig.clock.settle();
    expect(rig.clock.sleepers).toBe(0);
  });
}

test('the wall clock jumps by a day: nothing changes but the stamps', async () => {
  const rig = await createRig();
  await rig.untilReadings(4);
  const phases = rig.phases().length;
  for (const jump of [86_400_000, -86_400_000, 3_600_000, -3_600_000]) {
    rig.clock.jumpWall(jump);
    const before = rig.readings().length;
    const start = rig.clock.monotonicMs();
    await rig.untilReadings(before + 2, 30_000);
    expect(rig.clock.monotonicMs() - start).toBeLessThan(25_000);
  }
  expect(rig.phases()).toHaveLength(phases);
  await rig.stop();
});
