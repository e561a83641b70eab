import { expect, test } from 'vitest';
import type { Pan } from '../../src/model/pan.ts';
import { createRig } from '../support/rig.ts';

/** What an earlier run remembers of a scan: the stick stood nearer to the meter then. */
const remembered: Pan = { channel: 0x33, panId: 0x12a4, macAddress: '001C6400030C12A4', lqi: 210 };

test('SE: the signal of a scan of an earlier run is not shown; a scan of this one is, with its time', async () => {
  const rig = await createRig({ simulator: { edition: 'SE', lqi: 40 }, pan: remembered });
  await rig.untilReadings(3);
  expect(rig.phases()).not.toContain('scanning');
  for (const status of rig.statuses()) {
    expect(status).not.toHaveProperty('lqi');
    expect(status).not.toHaveProperty('rssiDbm');
  }
  rig.supervisor.command('rescan');
  await rig.untilPhase('scanning');
  await rig.untilPhase('joining');
  const scannedMs = rig.clock.now();
  await rig.untilReadings(rig.readings().length + 20);
  expect(rig.statuses().at(-1)).toMatchObject({ lqi: 40, rssiDbm: -93 });
  expect(Math.abs((rig.statuses().at(-1)?.signalAtMs ?? 0) - scannedMs)).toBeLessThan(1000);
  await rig.stop();
  expect(rig.pans.value).not.toHaveProperty('lqi');
});

test('SE: a session joined anew without a scan has no signal; what the one before heard went with it', async () => {
  const rig = await createRig({ simulator: { edition: 'SE', lqi: 40 } });
  await rig.untilReadings(3);
  expect(rig.statuses().at(-1)?.lqi).toBe(40);
  rig.simulator.inject({ fault: 'event-26' });
  await rig.untilPhase('waiting');
  expect(rig.statuses().at(-1)).not.toHaveProperty('lqi');
  await rig.untilPhase('connected');
  await rig.untilReadings(rig.readings().length + 3);
  expect(rig.statuses().at(-1)).not.toHaveProperty('lqi');
  await rig.stop();
});

for (const edition of ['DSE', 'J11'] as const) {
  test(`${edition}: each answer brings its own signal, with its time`, async () => {
    const rig = await createRig({ simulator: { edition, lqi: 40 }, pan: remembered });
    await rig.untilReadings(3);
    const first = rig.statuses().findLast(({ signalAtMs }) => signalAtMs !== undefined);
    expect(first?.signalAtMs).toBe(first?.lastSuccessMs);
    expect(first?.rssiDbm).toBeLessThan(-80);
    await rig.clock.advance(130_000);
    const later = rig.statuses().at(-1);
    expect(later?.signalAtMs).toBe(later?.lastSuccessMs);
    await rig.stop();
  });
}
