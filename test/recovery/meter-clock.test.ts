import { expect, test } from 'vitest';
import type { MeterClock } from '../../src/model/reading.ts';
import { createRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const MINUTE = 60_000;
const DAY_S = 86_400;
const comparisons = (rig: Rig): MeterClock[] =>
  rig.events.flatMap((event) => (event.kind === 'clock' ? [event.clock] : []));
const warnings = (rig: Rig): number => rig.log.filter(({ msg }) => msg.startsWith('meter’s clock')).length;

for (const edition of ['SE', 'DSE'] as const) {
  for (const clockSkewS of [0, 600, -7200, 40 * DAY_S, -400 * DAY_S]) {
    test(`${edition}: a meter’s clock ${clockSkewS} s ahead is told, to half a minute, hourly, and said at most once`, async () => {
      const rig = await createRig({ simulator: { edition, clockSkewS } });
      await rig.clock.advance(150 * MINUTE);
      const skews = comparisons(rig).map(({ skewMs = Number.NaN }) => skewMs / 1000 - clockSkewS);
      expect(skews).toHaveLength(3);
      for (const error of skews) expect(Math.abs(error)).toBeLessThanOrEqual(31);
      expect(warnings(rig)).toBe(clockSkewS === 0 ? 0 : 1);
      expect(rig.errors()).toEqual([]);
      await rig.stop();
    });
  }
}

for (const maxOpc of [1, 2, 3])
  test(`a meter that answers ${maxOpc} at a time tells its clock too`, async () => {
    const rig = await createRig({ simulator: { maxOpc, clockSkewS: 900 } });
    await rig.clock.until(() => comparisons(rig).length > 0, 60 * MINUTE);
    expect(Math.abs((comparisons(rig)[0]?.skewMs ?? 0) - 900_000)).toBeLessThanOrEqual(31_000);
    await rig.stop();
  });

test('a date that cannot be and a time of 24:00 are no time: the skew is unknown until the next one', async () => {
  const rig = await createRig();
  rig.simulator.inject({ fault: 'bad-date' });
  await rig.clock.until(() => comparisons(rig).length === 1, 5 * MINUTE);
  expect(comparisons(rig)).toEqual([{ atMs: expect.any(Number) }]);
  await rig.clock.until(() => comparisons(rig).length === 2, 65 * MINUTE);
  expect(comparisons(rig)[1]).toHaveProperty('skewMs');
  expect(warnings(rig)).toBe(0);
  await rig.stop();

  const midnight = await createRig({ simulator: { startAt: Date.UTC(2026, 0, 15, 14, 59, 50), clockSkewS: 0 } });
  midnight.simulator.inject({ fault: 'clock-24', for_s: 120 });
  await midnight.clock.until(() => comparisons(midnight).length === 1, 2 * MINUTE);
  expect(comparisons(midnight)[0]).toEqual({ atMs: expect.any(Number) });
  await midnight.stop();
});

test('a meter whose map has no clock is not asked for it', async () => {
  const rig = await createRig({ simulator: { mapRemove: [0x98] } });
  await rig.clock.advance(65 * MINUTE);
  expect(comparisons(rig)).toEqual([]);
  expect(rig.truth.map(({ epc }) => epc)).not.toContain('97');
  await rig.stop();
});

test('after a jump of our clock the skew is measured anew; jumps to and fro are said once', async () => {
  const rig = await createRig();
  await rig.clock.until(() => comparisons(rig).length === 1, 5 * MINUTE);
  await rig.clock.advance(5 * MINUTE);
  for (let jump = 1; jump <= 20; jump++) {
    rig.clock.jumpWall((jump % 2 === 0 ? -1 : 1) * 60 * MINUTE);
    await rig.clock.until(() => comparisons(rig).length === jump + 1, 2 * MINUTE);
    const skewMs = comparisons(rig).at(-1)?.skewMs ?? 0;
    expect(Math.abs(skewMs + (jump % 2) * 60 * MINUTE)).toBeLessThanOrEqual(31_000);
  }
  expect(warnings(rig)).toBe(1);
  expect(rig.errors()).toEqual([]);
  await rig.stop();
});
