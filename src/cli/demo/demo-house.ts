import { archiveNameOf, formatMarks, monthOf } from '../../archive/month-file.ts';
import type { MonthStore } from '../../archive/archive-folder.ts';
import { DAY_MS, HALF_HOUR_MS, jstMonthStart } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { SimulatorOptions } from '../../simulator/options.ts';

/** A day in four minutes. */
export const DAY_IN_FOUR_MINUTES = 360;
/** A year and a bit, so that every month of the year has its bar. */
const PAST_DAYS = 400;
const METER = { macAddress: '001C6400030C12A4', serial: 'DEMO0001' } as const;
/** 0.01 kWh, as many meters count: bars of half hours that are not of whole hectowatt-hours. */
const UNIT = { unit: 0x02, kwh: 0.01 } as const;

/** The meter of the demo: some years old, of a house with a contract of 40 A. */
export const DEMO_METER = {
  ...METER,
  unit: UNIT.unit,
  digits: 8,
  seed: 11,
  importKwh: 8417.32,
  exportKwh: 11_052.87,
  historyDays: PAST_DAYS,
  halfHourDelayS: 240, // by then a register was read that is newer than the mark, also where a day takes four minutes
} as const satisfies SimulatorOptions;

/** A wall clock that begins with ours and runs `pace` times as fast; ages, deadlines and rests are ours. */
export function houseClock(ours: Clock, pace: number): Clock {
  const [startMs, startedMs] = [ours.now(), ours.monotonicMs()];
  return {
    now: () => startMs + (ours.monotonicMs() - startedMs) * pace,
    monotonicMs: () => ours.monotonicMs(),
    sleep: (ms, signal) => ours.sleep(ms, signal),
  };
}

/** Back from now: how densely a span of the page shows the power. */
const DENSITIES = [
  { untilMs: DAY_MS, stepMs: 60_000 },
  { untilMs: 3_600_000, stepMs: 10_000 },
  { untilMs: 600_000, stepMs: 2000 },
] as const;

/** The power of the last day, as a bridge that was there would have been told: oldest first. */
export function* lastDay(
  wattsAt: (atMs: number) => number,
  nowMs: number,
): Generator<readonly [atMs: number, watts: number]> {
  for (const [i, { untilMs, stepMs }] of DENSITIES.entries()) {
    const endMs = nowMs - (DENSITIES[i + 1]?.untilMs ?? 0);
    for (let atMs = nowMs - untilMs; atMs < endMs; atMs += stepMs) yield [atMs, Math.round(wattsAt(atMs))];
  }
}

type RegistersAt = (atMs: number) => { readonly import: number; readonly export: number };

/**
 * What the bridge would have kept of the house had it been there for a year: the archive's months, made of the same registers
 * that the meter shows when they are asked for. What is added later is kept in memory.
 */
export class DemoMonths implements MonthStore {
  readonly path = 'demo';
  readonly #registersAt: RegistersAt;
  readonly #fromMs: number;
  readonly #untilMs: number;
  readonly #texts = new Map<string, string>();
  /** Months whose past nobody has asked for. */
  readonly #unread: Set<string>;

  /** @param nowMs by the house's clock */
  constructor(registersAt: RegistersAt, nowMs: number, days = PAST_DAYS) {
    this.#registersAt = registersAt;
    this.#untilMs = Math.floor(nowMs / HALF_HOUR_MS) * HALF_HOUR_MS;
    this.#fromMs = this.#untilMs - (days - 1) * DAY_MS;
    for (let ms = jstMonthStart(this.#fromMs); ms <= this.#untilMs; ms = jstMonthStart(ms + 32 * DAY_MS))
      this.#texts.set(monthOf(ms), '');
    this.#unread = new Set(this.#texts.keys());
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.#texts.keys()].sort());
  }

  read(month: string): Promise<string> {
    if (this.#unread.delete(month)) this.#texts.set(month, this.#past(month) + (this.#texts.get(month) ?? ''));
    return Promise.resolve(this.#texts.get(month) ?? '');
  }

  async append(month: string, text: string): Promise<void> {
    this.#texts.set(month, (await this.read(month)) + text);
  }

  #past(month: string): string {
    const startMs = Date.parse(`${month}-01T00:00:00+09:00`);
    const endMs = Math.min(this.#untilMs, jstMonthStart(startMs + 32 * DAY_MS) - HALF_HOUR_MS);
    const meter = archiveNameOf(METER.macAddress, METER.serial);
    const marks = [];
    for (let markMs = Math.max(startMs, this.#fromMs); markMs <= endMs; markMs += HALF_HOUR_MS) {
      const { import: bought, export: sold } = this.#registersAt(markMs);
      marks.push({ markMs, importKwh: inKwh(bought), exportKwh: inKwh(sold), meter });
    }
    return formatMarks(marks, undefined);
  }
}

const inKwh = (steps: number): number => Number((steps * UNIT.kwh).toFixed(2));
