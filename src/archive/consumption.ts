import { DAY_MS, HALF_HOUR_MS, jstMidnight, jstMonthStart, jstNextMonth } from '../kernel/clock.ts';
import { costOf } from '../model/price.ts';
import type { Prices } from '../model/price.ts';
import type { HalfHourArchive } from './half-hour-archive.ts';
import { hasRegister } from './month-file.ts';
import type { ArchivedMark } from './month-file.ts';

export const PERIODS = ['half-hour', 'day', 'month'] as const;
export type Period = (typeof PERIODS)[number];

/** Registers have four decimals at most: their differences no more. */
const DECIMALS = 4;

/** What passed the meter in one period, JST. What is not known is absent: never 0. */
export interface Consumption {
  readonly startMs: number;
  readonly endMs: number;
  /** Registers at its start, kWh. */
  readonly importKwh?: number;
  readonly exportKwh?: number;
  /** kWh bought and sold, of that part of the period that is known. */
  readonly boughtKwh?: number;
  readonly soldKwh?: number;
  /** Yen for that energy, by the prices of the household: an estimate. */
  readonly costYen?: number;
  readonly incomeYen?: number;
  /** Half hours of it of which nothing is known. */
  readonly missing: number;
}

/** A low-voltage contract ends at 50 kW: more is a glitch in the meter's memory, or a register with too large steps. */
const MOST_KW = 1000;

/** kWh that no house draws in that time. */
export const mostKwh = (ms: number): number => (MOST_KW * ms) / 3_600_000;

/**
 * What a register gained from one mark to a later one, kWh.
 * @returns undefined where that is not known: another meter, a register that fell (a roll-over, an exchange) or that jumped
 */
export function gainedKwh(
  before: ArchivedMark | undefined,
  after: ArchivedMark | undefined,
  register: 'importKwh' | 'exportKwh',
): number | undefined {
  const [from, to] = [before?.[register], after?.[register]];
  if (!before || !after || from === undefined || to === undefined || before.meter !== after.meter) return undefined;
  const kwh = to - from;
  return kwh < 0 || kwh > mostKwh(after.markMs - before.markMs) ? undefined : kwh;
}

/**
 * Periods from `fromMs` on, each whole, up to the newest mark or `toMs`. Energy is the difference between two marks of the
 * same meter, also over half hours that are missing between them: then the sum is right and only its course is not known.
 * @param marks ascending, from `fromMs` to `toMs`, both included
 * @param lastMs the newest mark there is, which may be later than these
 * @param prices what it cost, too
 */
export function consumption(
  marks: readonly ArchivedMark[],
  by: Period,
  fromMs: number,
  toMs: number,
  lastMs?: number,
  prices: Prices = {},
): readonly Consumption[] {
  const known = marks.filter(hasRegister);
  const newestMs = Math.min(toMs, lastMs ?? known.at(-1)?.markMs ?? fromMs);
  const periods: Consumption[] = [];
  let at = 0;
  for (let startMs = fromMs; startMs < newestMs; startMs = endOf(startMs, by)) {
    const endMs = endOf(startMs, by);
    while ((known[at]?.markMs ?? Infinity) < startMs) at++;
    let end = at;
    while ((known[end]?.markMs ?? Infinity) <= endMs) end++;
    periods.push(between(known.slice(at, end), { startMs, endMs, nowMs: Math.min(endMs, newestMs) }, prices));
  }
  return periods;
}

function between(
  marks: readonly ArchivedMark[],
  { startMs, endMs, nowMs }: { readonly startMs: number; readonly endMs: number; readonly nowMs: number },
  { buy, sell }: Prices,
): Consumption {
  const first = marks[0]?.markMs === startMs ? marks[0] : undefined;
  const [bought, sold, cost, income] = [new Sum(), new Sum(), new Sum(), new Sum()];
  let coveredMs = 0;
  for (const [i, mark] of marks.entries()) {
    const before = marks[i - 1];
    const boughtKwh = gainedKwh(before, mark, 'importKwh');
    const soldKwh = gainedKwh(before, mark, 'exportKwh');
    const hasBought = bought.add(boughtKwh);
    const hasSold = sold.add(soldKwh);
    if (!before) continue;
    cost.add(costOf(boughtKwh, buy, before.markMs, mark.markMs));
    income.add(costOf(soldKwh, sell, before.markMs, mark.markMs));
    if (hasBought || hasSold) coveredMs += mark.markMs - before.markMs;
  }
  return {
    startMs,
    endMs,
    ...(first?.importKwh === undefined ? {} : { importKwh: first.importKwh }),
    ...(first?.exportKwh === undefined ? {} : { exportKwh: first.exportKwh }),
    ...(bought.sum === undefined ? {} : { boughtKwh: bought.sum }),
    ...(sold.sum === undefined ? {} : { soldKwh: sold.sum }),
    ...(cost.sum === undefined ? {} : { costYen: cost.sum }),
    ...(income.sum === undefined ? {} : { incomeYen: income.sum }),
    missing: (nowMs - startMs - coveredMs) / HALF_HOUR_MS,
  };
}

class Sum {
  #sum: number | undefined;

  get sum(): number | undefined {
    return this.#sum === undefined ? undefined : Number(this.#sum.toFixed(DECIMALS));
  }

  /** @returns whether it is known. */
  add(part: number | undefined): boolean {
    if (part !== undefined) this.#sum = (this.#sum ?? 0) + part;
    return part !== undefined;
  }
}

function endOf(startMs: number, by: Period): number {
  if (by === 'half-hour') return startMs + HALF_HOUR_MS;
  return by === 'day' ? jstMidnight(startMs) + DAY_MS : jstNextMonth(startMs);
}

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
