import { gainedKwh } from '../../archive/consumption.ts';
import { HALF_HOUR_MS, jstMidnight } from '../../kernel/clock.ts';
import { costOf, yen } from '../../model/price.ts';
import type { DayPrices, Prices } from '../../model/price.ts';
import { known } from '../status-snapshot.ts';
import type { MoneySnapshot, UsageSnapshot } from '../status-snapshot.ts';
import type { KnownMarks } from './day-compare.ts';

/**
 * What today has cost so far: the half hours that are over, each at its price, and what came since the last mark at the
 * prices since then. Only where today's energy is known as current.
 */
export function costToday(
  marks: KnownMarks,
  usage: UsageSnapshot | undefined,
  { buy, sell }: Prices,
  nowMs: number,
): MoneySnapshot | undefined {
  const cost = known<MoneySnapshot>({
    buy: yen(sideToday(marks, 'importKwh', usage?.import_today, buy, nowMs)),
    sell: yen(sideToday(marks, 'exportKwh', usage?.export_today, sell, nowMs)),
  });
  return Object.keys(cost).length > 0 ? cost : undefined;
}

function sideToday(
  marks: KnownMarks,
  register: 'importKwh' | 'exportKwh',
  todayKwh: number | undefined,
  prices: DayPrices | undefined,
  nowMs: number,
): number | undefined {
  if (todayKwh === undefined || !prices) return undefined;
  const midnightMs = jstMidnight(nowMs);
  let last = marks.at(midnightMs);
  let [lastMs, kwh, cost] = [midnightMs, 0, 0];
  for (let ms = midnightMs + HALF_HOUR_MS; ms <= nowMs; ms += HALF_HOUR_MS) {
    const mark = marks.at(ms);
    const gained = gainedKwh(last, mark, register);
    if (gained === undefined) continue;
    kwh += gained;
    cost += costOf(gained, prices, lastMs, ms) ?? 0;
    [last, lastMs] = [mark, ms];
  }
  return cost + (costOf(Math.max(0, todayKwh - kwh), prices, lastMs, nowMs) ?? 0);
}
