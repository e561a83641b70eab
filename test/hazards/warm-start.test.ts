import { expect, test } from 'vitest';
import { createRig } from '../support/rig.ts';

for (const edition of ['SE', 'DSE'] as const) {
  test(`${edition}: a restart of ours finds the session warm: no scan, no join`, async () => {
    const rig = await createRig({ simulator: { edition } });
    await rig.untilReadings(3);
    const [sessions, phases] = [rig.simulator.session, rig.phases().length];
    expect(sessions).toBe('up');
    await rig.restart();
    const before = rig.readings().length;
    await rig.untilReadings(before + 1);
    expect(rig.phases().slice(phases)).toEqual(['stopped', 'opening', 'joining', 'connected']);
    expect(rig.errors()).toEqual([]);
    await rig.stop();
  });
}

test('the stick was replugged while we were away: the remembered PAN is joined without a scan', async () => {
  const rig = await createRig();
  await rig.untilReadings(3);
  const phases = rig.phases().length;
  await rig.stop();
  rig.simulator.powerCycle();
  await rig.restart();
  const before = rig.readings().length;
  await rig.untilReadings(before + 1);
  expect(rig.phases().slice(phases)).toEqual(['stopped', 'opening', 'joining', 'connected']);
  await rig.stop();
});

test('the module still shows the PAN but the session is dead: one short try, then a join', async () => {
  const rig = await createRig();
  await rig.untilReadings(3);
  await rig.stop();
  rig.simulator.inject({ fault: 'session-lost' });
  await rig.restart();
  const [before, start] = [rig.readings().length, rig.clock.monotonicMs()];
  await rig.untilReadings(before + 1);
  expect(rig.clock.monotonicMs() - start).toBeLessThan(20_000);
  expect(rig.phases().filter((phase) => phase === 'scanning')).toHaveLength(1);
  await rig.stop();
});

test('everything known of the meter is announced at once after a restart', async () => {
  const rig = await createRig({ simulator: { solar: true } });
  await rig.clock.until(() => rig.memory.value?.profile !== undefined, 60_000);
  rig.events.length = 0;
  await rig.restart();
  const [first] = rig.events.filter(({ kind }) => kind === 'profile');
  expect(first).toMatchObject({ profile: { hasTPhase: true, hasExport: true, energyScale: { exponent: -1 } } });
  expect(rig.events.findIndex(({ kind }) => kind === 'profile')).toBeLessThan(2);
  await rig.stop();
});
