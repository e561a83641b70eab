import { HALF_HOUR_MS, jstMidnight, jstMonthStart } from '../kernel/clock.ts';
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
  /** Half hours of it of which nothing is known. */
  readonly missing: number;
}

const hasRegister = ({ importKwh, exportKwh }: ArchivedMark): boolean =>
  importKwh !== undefined || exportKwh !== undefined;

/**
 * Periods from `fromMs` on, each whole, up to the newest mark or `toMs`. Energy is the difference between two marks of the
 * same meter, also over half hours that are missing between them: then the sum is right and only its course is not known.
 * @param marks ascending, from `fromMs` to `toMs`, both included
 */
export function consumption(
  marks: readonly ArchivedMark[],
  by: Period,
  fromMs: number,
  toMs: number,
): readonly Consumption[] {
  const known = marks.filter(hasRegister);
  const newestMs = Math.min(toMs, known.at(-1)?.markMs ?? fromMs);
  const periods: Consumption[] = [];
  let at = 0;
  for (let startMs = fromMs; startMs < newestMs; startMs = endOf(startMs, by)) {
    const endMs = endOf(startMs, by);
    while ((known[at]?.markMs ?? Infinity) < startMs) at++;
    let end = at;
    while ((known[end]?.markMs ?? Infinity) <= endMs) end++;
    periods.push(between(known.slice(at, end), startMs, endMs, Math.min(endMs, newestMs)));
  }
  return periods;
}

function between(marks: readonly ArchivedMark[], startMs: number, endMs: number, nowMs: number): Consumption {
  const first = marks[0]?.markMs === startMs ? marks[0] : undefined;
  const [bought, sold] = [new Sum(), new Sum()];
  let coveredMs = 0;
  for (const [i, mark] of marks.entries()) {
    const before = marks[i - 1];
    if (!before || before.meter !== mark.meter) continue;
    const isKnown = [bought.add(before.importKwh, mark.importKwh), sold.add(before.exportKwh, mark.exportKwh)].includes(
      true,
    );
    if (isKnown) coveredMs += mark.markMs - before.markMs;
  }
  return {
    startMs,
    endMs,
    ...(first?.importKwh === undefined ? {} : { importKwh: first.importKwh }),
    ...(first?.exportKwh === undefined ? {} : { exportKwh: first.exportKwh }),
    ...(bought.kwh === undefined ? {} : { boughtKwh: bought.kwh }),
    ...(sold.kwh === undefined ? {} : { soldKwh: sold.kwh }),
    missing: (nowMs - startMs - coveredMs) / HALF_HOUR_MS,
  };
}

class Sum {
  #kwh: number | undefined;

  get kwh(): number | undefined {
    return this.#kwh === undefined ? undefined : Number(this.#kwh.toFixed(DECIMALS));
  }

  /** @returns whether something can be said: a register that fell (a roll-over, an exchange) says nothing. */
  add(before: number | undefined, after: number | undefined): boolean {
    if (before === undefined || after === undefined || after < before) return false;
    this.#kwh = (this.#kwh ?? 0) + after - before;
    return true;
  }
}

function endOf(startMs: number, by: Period): number {
  if (by === 'half-hour') return startMs + HALF_HOUR_MS;
  if (by === 'day') return jstMidnight(startMs) + 48 * HALF_HOUR_MS;
  return jstMonthStart(jstMonthStart(startMs) + 32 * 48 * HALF_HOUR_MS);
}
