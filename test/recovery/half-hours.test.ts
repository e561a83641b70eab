import { expect, test } from 'vitest';
import { EPC } from '../../src/echonet/epc.ts';
import { HeardRequests } from '../support/heard-requests.ts';
import { createRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const HALF_HOUR = 30 * MINUTE;
const DAY = 24 * HOUR;

const marks = (rig: Rig): number[] => [
  ...new Set(rig.events.flatMap((event) => (event.kind === 'halfHour' ? [event.halfHour.markMs] : []))),
];
/** Every mark of the meter's clock from the first that was told on, but the last while it may still come. */
function missing(rig: Rig): number[] {
  const told = new Set(marks(rig));
  const lastMs = rig.simulator.meterNow() - 12 * MINUTE;
  const all: number[] = [];
  for (let mark = Math.min(...told); mark <= lastMs; mark += HALF_HOUR) if (!told.has(mark)) all.push(mark);
  return all;
}

for (const [name, jumpMs] of [
  ['a day ahead', DAY],
  ['a day back', -DAY],
  ['ahead by an hour', HOUR],
  ['back by ten minutes', -10 * MINUTE],
] as const) {
  test(`our clock jumps ${name}, and back after an hour: every mark that is not announced is asked for`, async () => {
    const requests = new HeardRequests();
    const rig = await createRig({ simulator: { halfHour: 'off' }, wire: requests.wire });
    await rig.clock.advance(HOUR);
    rig.clock.jumpWall(jumpMs);
    await rig.clock.advance(HOUR);
    rig.clock.jumpWall(-jumpMs);
    requests.all.length = 0;
    await rig.clock.advance(4 * HOUR);
    expect(missing(rig)).toEqual([]);
    expect(marks(rig).length).toBeGreaterThanOrEqual(11);
    expect(requests.timesOf(EPC.importAtMark).length).toBeLessThanOrEqual(20);
    await rig.stop();
  });
}

for (const behindS of [1, 20, 240])
  test(`started as a mark passes, the meter’s clock ${behindS} s behind: that mark is told`, async () => {
    for (const secondsBefore of [4, 6, 8, 10]) {
      const startAt = Date.UTC(2026, 0, 15, 3, 0) - secondsBefore * 1000;
      const rig = await createRig({ simulator: { halfHour: 'off', startAt, clockSkewS: -behindS } });
      rig.clock.jumpWall(-secondsBefore * 1000);
      await rig.clock.advance(20 * MINUTE);
      expect(marks(rig)).toContain(Date.UTC(2026, 0, 15, 3, 0));
      await rig.stop();
    }
  });

test('where marks are announced they are asked for at the start of a session alone, whatever our clock says', async () => {
  const requests = new HeardRequests();
  const rig = await createRig({ wire: requests.wire });
  await rig.clock.advance(2 * HOUR);
  for (const jumpMs of [DAY, -2 * DAY, DAY]) {
    rig.clock.jumpWall(jumpMs);
    await rig.clock.advance(2 * HOUR);
  }
  expect(requests.timesOf(EPC.importAtMark)).toHaveLength(1);
  expect(missing(rig)).toEqual([]);
  await rig.stop();
});

test('a meter that goes on telling an old mark is asked twice an hour at most', async () => {
  const requests = new HeardRequests();
  const rig = await createRig({ simulator: { halfHour: 'off', meterSpeed: 0.001 }, wire: requests.wire });
  await rig.clock.advance(2 * HOUR);
  requests.all.length = 0;
  await rig.clock.advance(4 * HOUR);
  expect(requests.timesOf(EPC.importAtMark).length).toBeLessThanOrEqual(9);
  await rig.stop();
});
