import { isoJst } from '../kernel/clock.ts';
import { yen } from '../model/price.ts';
import type { Prices } from '../model/price.ts';
import type { Consumption, Period } from './consumption.ts';

/** `2026-01-15T12:00:00+09:00`, `2026-01-15`, `2026-01`. */
const LENGTHS: Readonly<Record<Period, number>> = { 'half-hour': 25, day: 10, month: 7 };

/** How a period is named: by its begin, in Japan's time. */
export const periodName = ({ startMs }: Consumption, by: Period): string => isoJst(startMs).slice(0, LENGTHS[by]);

/** What the name's column is called. */
export const periodColumn = (by: Period): string => (by === 'half-hour' ? 'time' : by);

/** One meter's periods. */
export interface MeterHistory {
  readonly meter: string;
  readonly periods: readonly Consumption[];
}

/**
 * For a spreadsheet: kWh with a point, what is not known empty.
 * @param prices of the household: with them what each period cost and brought, yen
 */
export function consumptionCsv(histories: readonly MeterHistory[], by: Period, prices: Prices | undefined): string {
  const lines = histories.flatMap(({ meter, periods }) =>
    periods.map((period) => {
      const { importKwh, exportKwh, boughtKwh, soldKwh, costYen, incomeYen, missing } = period;
      const money = prices ? [yen(costYen), yen(incomeYen)] : [];
      return [meter, periodName(period, by), importKwh, exportKwh, boughtKwh, soldKwh, missing, ...money].join(',');
    }),
  );
  const head = `meter,${periodColumn(by)},import,export,bought,sold,missing${prices ? ',cost,income' : ''}`;
  return [head, ...lines].map((line) => `${line}\n`).join('');
}
