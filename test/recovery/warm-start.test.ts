import { EPC } from '../../src/echonet/epc.ts';
import { expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { all } from '../support/fault-catalogue.ts';
import { HeardRequests } from '../support/heard-requests.ts';
import { createRig } from '../support/rig.ts';

for (const edition of all) {
  test(`${edition}: a restart of ours finds the session warm: no reset, no scan, no join`, async () => {
    const rig = await createRig({ simulator: { edition } });
    await rig.untilReadings(3);
    const phases = rig.phases().length;
    expect(rig.simulator.session).toBe('up');
    await rig.restart();
    // 1 s of SKVER before J11 is asked is not paid again: the wire is remembered.
    expect(await rig.nextReading()).toBeLessThan(3500);
    expect(rig.simulator.session).toBe('up');
    expect(rig.phases().slice(phases)).toEqual(['stopped', 'opening', 'joining', 'connected']);
    expect(rig.errors()).toEqual([]);
    await rig.stop();
  });

  test(`${edition}: the stick was replugged while we were away: the remembered PAN is joined without a scan`, async () => {
    const rig = await createRig({ simulator: { edition } });
    await rig.untilReadings(3);
    const phases = rig.phases().length;
    await rig.stop();
    rig.simulator.powerCycle();
    await rig.restart();
    await rig.nextReading();
    expect(rig.phases().slice(phases)).toEqual(['stopped', 'opening', 'joining', 'connected']);
    await rig.stop();
  });

  test(`${edition}: the module still shows the PAN but the session is dead: one short try, then a join`, async () => {
    const rig = await createRig({ simulator: { edition } });
    await rig.untilReadings(3);
    await rig.stop();
    rig.simulator.inject({ fault: 'session-lost' });
    await rig.restart();
    expect(await rig.nextReading()).toBeLessThan(20_000);
    expect(rig.phases().filter((phase) => phase === 'scanning')).toHaveLength(1);
    await rig.stop();
  });
}

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

for (const edition of all) {
  const strange: readonly (readonly [string, SimulatorOptions, Fault | undefined, number])[] = [
    ['answers after 5 s', {}, { fault: 'late-reply', after_s: 5, for_s: 86_400 }, 8000],
    ['answers after 12 s', {}, { fault: 'late-reply', after_s: 12, for_s: 86_400 }, 15_000],
    ['answers one property at a time', { maxOpc: 1 }, undefined, 3000],
    ['refuses all but one property', {}, { fault: 'refuse-beyond', count: 1, for_s: 86_400 }, 3000],
  ];
  for (const [how, simulator, fault, limitMs] of strange) {
    test(`${edition}: a meter that ${how} is found warm: no join`, async () => {
      const rig = await createRig({ simulator: { edition, ...simulator } });
      if (fault) rig.simulator.inject(fault);
      await rig.clock.until(() => rig.memory.value?.roundTripMs !== undefined, 20 * 60_000);
      await rig.restart();
      const [before, joins] = [rig.readings().length, rig.count('join')];
      expect(await rig.nextReading()).toBeLessThan(limitMs);
      await rig.untilReadings(before + 3);
      expect(rig.count('join')).toBe(joins);
      await rig.stop();
    });
  }
}

test('a dead session of a slow meter is given up after 20 s at most', async () => {
  const rig = await createRig();
  rig.simulator.inject({ fault: 'late-reply', after_s: 12, for_s: 86_400 });
  await rig.clock.until(() => rig.memory.value?.roundTripMs !== undefined, 20 * 60_000);
  await rig.stop();
  rig.simulator.inject({ fault: 'silent-session' });
  const start = rig.clock.monotonicMs();
  await rig.restart();
  await rig.clock.until(() => rig.log.some(({ msg }) => msg === 'no warm session: joining'), 40_000);
  expect(rig.clock.monotonicMs() - start).toBeLessThan(22_000);
  await rig.untilPhase('connected');
  await rig.stop();
});

/** Asked by themselves, whatever the size. */
const MEMORY: ReadonlySet<number> = new Set([EPC.importHistory, EPC.exportHistory, EPC.history2]);

test('what a slow meter answers late is not lost: its requests do not become small', async () => {
  const requests = new HeardRequests();
  const rig = await createRig({ wire: requests.wire });
  rig.simulator.inject({ fault: 'late-reply', after_s: 5, for_s: 86_400 });
  await rig.clock.until(() => rig.memory.value?.profile !== undefined, 20 * 60_000);
  const { roundTripMs: _, ...older } = rig.memory.value ?? {};
  await rig.stop();
  rig.memory.value = older; // as an older version left it: the pace has to be found out anew
  requests.all.length = 0;
  await rig.restart();
  await rig.clock.advance(5 * 60_000);
  const live = requests.all.filter(({ epcs }) => !epcs.some((epc) => MEMORY.has(epc)));
  expect(Math.min(...live.slice(-20).map(({ epcs }) => epcs.length))).toBeGreaterThanOrEqual(2);
  expect(rig.memory.value?.requestSize).toBe(6);
  await rig.stop();
});
