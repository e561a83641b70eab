import { expect, test } from 'vitest';
import { createRig } from '../support/rig.ts';
import type { RigOptions } from '../support/rig.ts';

const HOUR = 3_600_000;
const HELD = 'energy register held back until confirmed';

interface Site {
  readonly name: string;
  readonly register: 'importKwh' | 'exportKwh';
  readonly watts: number;
  readonly options: RigOptions;
}

/** Where the house moves its register faster than any constant allows. */
const sites: readonly Site[] = [
  { name: '30 kW drawn at unit 0.01 kWh', register: 'importKwh', watts: 30_000, options: { simulator: { unit: 2 } } },
  {
    name: '9 kW sold on a contract of 15 A',
    register: 'exportKwh',
    watts: -9000,
    options: { simulator: { unit: 2, solar: true }, contractAmpere: 15 },
  },
  {
    name: '45 kW sold without a contract',
    register: 'exportKwh',
    watts: -45_000,
    options: { simulator: { solar: true } },
  },
];
for (const { name, register, watts, options } of sites) {
  test(`${name}: the measured power lets the register pass`, async () => {
    const rig = await createRig({ ...options, simulator: { digits: 8, importKwh: 1000, ...options.simulator } });
    await rig.clock.until(() => rig.readings().some((reading) => reading[register] !== undefined), 120_000);
    rig.simulator.setPower(watts);
    const before = rig.readings().length;
    await rig.clock.advance(HOUR);
    const shown = rig.readings().slice(before);
    const moved = shown.flatMap((reading) => reading[register] ?? []);
    expect(moved.length).toBeGreaterThanOrEqual(58);
    expect((moved.at(-1) ?? 0) - (moved[0] ?? 0)).toBeGreaterThan((Math.abs(watts) / 1000) * 0.95);
    expect(rig.log.filter(({ msg }) => msg === HELD)).toEqual([]);
    await rig.stop();
  });
}

test('a register held for minutes is told once, and counted at each reading', async () => {
  const rig = await createRig();
  await rig.clock.until(() => rig.readings().some(({ importKwh }) => importKwh !== undefined), 60_000);
  rig.simulator.inject({ fault: 'energy-back', count: 500 });
  await rig.clock.advance(240_000);
  expect(rig.log.filter(({ msg }) => msg === HELD)).toHaveLength(1);
  expect(rig.count('held')).toBeGreaterThanOrEqual(3);
  await rig.stop();
});
