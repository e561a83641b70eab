import { HALF_HOUR_MS, isoJst, jstMidnight, jstMonthStart } from '../../src/kernel/clock.ts';
import type { DemandPeak, Usage } from '../../src/model/usage.ts';
import type { LoadProfile } from '../../src/simulator/meter/load.ts';
import type { Direction, MeterWord } from './meter-word.ts';

/** The meter's time is known to half a minute, and an answer takes some seconds. */
const TIME_ERROR_MS = 90_000;
/** A forecast goes on as in these, and samples so far apart still tell what flowed between them. */
const BEFORE_MS = 5 * 60_000 + 150_000;
const SLOT_MS = 10_000;
/** Of a running half hour by its registers alone. */
const MOST_ERROR = 1.1;
const MOST_ERROR_WH = 25;

interface Register {
  readonly kwh: number;
  readonly atMs: number;
  readonly meter: number;
}

/** Demand and today's energy as the reader tells them, beside what the house did and what its meter told. */
export class UsageWatch {
  /** Figures compared, in all. */
  compared = 0;
  readonly #word: MeterWord;
  readonly #house: Pick<LoadProfile, 'wattsAt'>;
  readonly #wrong: (what: string) => void;
  readonly #registers: Record<Direction, Register[]> = { importKwh: [], exportKwh: [] };

  constructor(word: MeterWord, house: Pick<LoadProfile, 'wattsAt'>, wrong: (what: string) => void) {
    this.#word = word;
    this.#house = house;
    this.#wrong = wrong;
  }

  /** The meter told a register. @param atMs monotonic */
  register(direction: Direction, kwh: number, atMs: number): void {
    const all = this.#registers[direction];
    all.push({ kwh, atMs, meter: this.#word.meter });
    if (all.length > 64) all.shift();
  }

  /** @param mostAgeMs how old a register may be that is shown as current */
  accept(usage: Usage, meterNowMs: number, nowMs: number, mostAgeMs: number): void {
    const { halfHourMs, dayMs, demandNowW, demandForecastW, demand30minW, peakToday, peakMonth } = usage;
    const wrong = (key: string, value: unknown): void =>
      this.#wrong(`${key} ${JSON.stringify(value)} cannot be at ${isoJst(meterNowMs)}: ${JSON.stringify(usage)}`);
    if (halfHourMs === undefined || dayMs === undefined) {
      if (Object.keys(usage).length > 1) wrong('a figure without its time', usage);
      return;
    }
    this.compared++;
    if (![-1, 0, 1].some((sign) => halfHourOf(meterNowMs + sign * TIME_ERROR_MS) === halfHourMs))
      wrong('half hour', isoJst(halfHourMs));
    if (dayMs !== jstMidnight(halfHourMs)) wrong('day', isoJst(dayMs));
    const elapsedMs = meterNowMs - halfHourMs;
    const most = this.#mostW(halfHourMs, meterNowMs);
    if (demandNowW !== undefined && demandNowW > boundW(most, elapsedMs))
      wrong(`demand now (of ${most} W)`, demandNowW);
    if (demandForecastW !== undefined && demandForecastW > boundW(most, HALF_HOUR_MS))
      wrong(`forecast (of ${most} W)`, demandForecastW);
    if (demand30minW !== undefined && !this.#isDemand(demand30minW, [halfHourMs, halfHourMs - HALF_HOUR_MS]))
      wrong('demand of the last half hour', demand30minW);
    const isPeak = (peak: DemandPeak | undefined, fromMs: number): boolean =>
      peak === undefined ||
      (peak.startMs >= fromMs &&
        peak.startMs < halfHourMs &&
        this.#isDemand(peak.watts, [peak.startMs + HALF_HOUR_MS]));
    if (!isPeak(peakToday, dayMs)) wrong('peak of today', peakToday);
    if (!isPeak(peakMonth, jstMonthStart(halfHourMs))) wrong('peak of the month', peakMonth);
    for (const [direction, kwh] of [
      ['importKwh', usage.importTodayKwh],
      ['exportKwh', usage.exportTodayKwh],
    ] as const)
      if (kwh !== undefined && !this.#isGained(direction, kwh, dayMs, nowMs - mostAgeMs))
        wrong(`today ${direction}`, kwh);
  }

  #isDemand(watts: number, endsMs: readonly number[]): boolean {
    return endsMs.some((endMs) =>
      this.#word.gains(endMs - HALF_HOUR_MS, endMs, 'importKwh').some((kwh) => Math.round(kwh * 2000) === watts),
    );
  }

  #isGained(direction: Direction, kwh: number, dayMs: number, fromMs: number): boolean {
    const midnights = this.#word.at(dayMs, direction);
    return this.#registers[direction].some(
      (now) =>
        now.atMs >= fromMs &&
        midnights.some((then) => then.meter === now.meter && Math.abs(now.kwh - then.kwh - kwh) < 1e-6),
    );
  }

  /** What the house took at most, W. */
  #mostW(fromMs: number, toMs: number): number {
    let most = 0;
    for (let ms = fromMs - BEFORE_MS; ms <= toMs; ms += SLOT_MS) most = Math.max(most, this.#house.wattsAt(ms));
    return most;
  }
}

const halfHourOf = (ms: number): number => Math.floor(ms / HALF_HOUR_MS) * HALF_HOUR_MS;

/** The most that an average may be said to be, W. */
const boundW = (mostW: number, elapsedMs: number): number => {
  const ms = Math.max(SLOT_MS, elapsedMs);
  return MOST_ERROR * mostW * ((ms + TIME_ERROR_MS) / ms) + (MOST_ERROR_WH * 3_600_000) / ms + 1;
};
