import { expect, test } from 'vitest';
import { CurrentUsage } from '../../../src/model/current-usage.ts';
import { marksOf } from '../../../src/model/health.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const settings = { intervalS: 60, energyIntervalS: 60 };
const { energyMs } = marksOf(60, 60);

test('today’s energy stands on its own register: what was sold makes nothing newer of what was bought', async () => {
  const clock = new VirtualClock();
  const usage = new CurrentUsage(settings, clock);
  const told = (registers: { readonly importKwh?: number; readonly exportKwh?: number }): void => {
    usage.saw({ atMs: clock.now(), powerW: 500, ...registers });
    usage.accept({ atMs: clock.now(), importTodayKwh: 3, exportTodayKwh: 1 });
  };
  told({ importKwh: 100, exportKwh: 50 });
  await clock.advance(energyMs - 1000);
  told({ exportKwh: 50 });
  expect(usage.staleInMs).toBe(1001);
  await clock.advance(1001);
  expect(usage.now).toEqual({ atMs: clock.now() - 1001, exportTodayKwh: 1 });
  await clock.advance(energyMs - 1000);
  expect(usage.now).toEqual({ atMs: clock.now() - energyMs - 1 });
  expect(usage.staleInMs).toBeUndefined();
});
