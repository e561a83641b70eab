import { jstMidnight, jstMonthStart, jstNextMonth } from '../kernel/clock.ts';
import type { Prices } from '../model/price.ts';
import { consumption } from './consumption.ts';
import type { Consumption, Period } from './consumption.ts';
import type { HalfHourArchive } from './half-hour-archive.ts';

/** What is read of an archive. */
export type ArchivedEnergy = Pick<HalfHourArchive, 'range' | 'oldestMs' | 'newestMs'>;

/**
 * Periods from the first day there is up to the newest mark, within two midnights (JST); by month also what the first month
 * had before. A month at a time: ten years are never in memory at once.
 * @throws BridgeError STATE_UNWRITABLE when the disk cannot be read
 */
export async function readConsumption(
  archive: ArchivedEnergy,
  by: Period,
  fromMs: number,
  toMs: number,
  prices?: Prices,
): Promise<readonly Consumption[]> {
  const { oldestMs, newestMs } = archive;
  if (oldestMs === undefined || newestMs === undefined) return [];
  const firstMs = Math.max(fromMs, jstMidnight(oldestMs));
  const lastMs = Math.min(toMs, newestMs);
  const periods: Consumption[] = [];
  for (let startMs = by === 'month' ? jstMonthStart(firstMs) : firstMs; startMs < lastMs;) {
    const endMs = Math.min(toMs, jstNextMonth(startMs));
    const marks = await archive.range(startMs, endMs + 1);
    periods.push(...consumption(marks, by, startMs, endMs, lastMs, prices));
    startMs = endMs;
  }
  return periods;
}
