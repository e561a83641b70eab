import { HALF_HOUR_MS, jstMidnight } from '../kernel/clock.ts';

const SLOTS = 48;

/** Yen per kWh in each half hour of the day in Japan, from 0:00 on. */
export type DayPrices = readonly number[];

/** What the household told us: an estimate, for a bill has basic charges, levies and steps beside. */
export interface Prices {
  readonly buy?: DayPrices;
  readonly sell?: DayPrices;
}

export interface PriceHours {
  /** `23:00`; a half hour's begin. */
  readonly from: string;
  /** `7:00` of the next day where it is not later than `from`; `24:00` is midnight. */
  readonly to: string;
  readonly yenPerKwh: number;
}

const slotOfText = (text: string): number => {
  const [hours, minutes] = text.split(':').map(Number);
  return (hours ?? 0) * 2 + ((minutes ?? 0) >= 30 ? 1 : 0);
};

/** The half hours from one time of day to another, over midnight where it has to be. */
export function slotsOf({ from, to }: Pick<PriceHours, 'from' | 'to'>): readonly number[] {
  const [first, last] = [slotOfText(from), slotOfText(to)];
  const count = last > first ? last - first : last + SLOTS - first;
  return Array.from({ length: count }, (_, i) => (first + i) % SLOTS);
}

/** @returns undefined where some half hour has no price. */
export function dayPrices(flat: number | undefined, hours: readonly PriceHours[] = []): DayPrices | undefined {
  const prices = Array.from({ length: SLOTS }, () => flat);
  for (const one of hours) for (const slot of slotsOf(one)) prices[slot] = one.yenPerKwh;
  return prices.every((price) => price !== undefined) ? prices : undefined;
}

export const priceAt = (prices: DayPrices, ms: number): number =>
  prices[Math.floor((ms - jstMidnight(ms)) / HALF_HOUR_MS)] ?? 0;

/** Both, at one moment. */
export const pricesNow = ({ buy, sell }: Prices, ms: number): { readonly buy?: number; readonly sell?: number } => ({
  ...(buy && { buy: priceAt(buy, ms) }),
  ...(sell && { sell: priceAt(sell, ms) }),
});

/** The next moment at which one of these may be another. */
export const nextPriceMs = (ms: number): number => (Math.floor(ms / HALF_HOUR_MS) + 1) * HALF_HOUR_MS;

/** Of what was used between two moments, nobody knows when: its course over a day is taken as even. */
export function meanPrice(prices: DayPrices, startMs: number, endMs: number): number {
  const firstMs = Math.floor(startMs / HALF_HOUR_MS) * HALF_HOUR_MS;
  const count = Math.min(SLOTS, Math.max(1, Math.ceil((endMs - firstMs) / HALF_HOUR_MS)));
  const sum = Array.from({ length: count }, (_, i) => priceAt(prices, firstMs + i * HALF_HOUR_MS)).reduce(
    (a, b) => a + b,
  );
  return sum / count;
}

/** Yen to hundredths, where both are known. */
export const costOf = (
  kwh: number | undefined,
  prices: DayPrices | undefined,
  startMs: number,
  endMs: number,
): number | undefined => (kwh === undefined || !prices ? undefined : kwh * meanPrice(prices, startMs, endMs));

export const yen = (amount: number | undefined): number | undefined =>
  amount === undefined ? undefined : Number(amount.toFixed(2));
