import { mostKwh } from '../archive/consumption.ts';
import { HALF_HOUR_MS, jstMidnight, jstMonthStart } from '../kernel/clock.ts';
import { marksOf } from '../model/health.ts';
import type { MeasuredValues } from '../model/quantity.ts';
import type { MeterSettings } from '../model/settings.ts';
import { usageOf } from '../model/usage.ts';
import type { DemandPeak, Usage } from '../model/usage.ts';
import { demandBeforeW, gainedSince, halfHourStartMs, peakBetween } from './demand.ts';
import type { Marks } from './demand.ts';
import { MeterTime } from './meter-time.ts';
import type { Moment } from './meter-time.ts';
import { PowerFlow } from './power-flow.ts';
import { RegisterLevel } from './register-level.ts';

const FORECAST_BY_MS = 5 * 60_000;
/** As little of the last five minutes is enough. */
const FORECAST_FROM_MS = 60_000;
/** The error that what was bought in the running half hour may have: ±50 W of its average, or a tenth. */
const MOST_ERROR_KWH = 0.025;
const MOST_ERROR = 0.1;
/** A register may say so many times what power said, and this beside it: what passes between two samples. Beyond that its mark is wrong. */
const MOST_TIMES = 3;
const MOST_BESIDE_KW = 3;
const MOST_BESIDE_KWH = 0.5;
/** Marks that were read from the meter's memory are noticed so often. */
const PEAKS_EVERY_MS = 60_000;

/** One answer. */
export interface UsageAnswer extends Moment {
  /** Energy as the guard let it pass. */
  readonly measured: MeasuredValues;
  /** Smallest step of the registers; undefined while it is not known. */
  readonly stepKwh: number | undefined;
}

interface Shown {
  readonly kwh: number;
  readonly monotonicMs: number;
}
interface Peaks {
  readonly today: DemandPeak | undefined;
  readonly month: DemandPeak | undefined;
}

/**
 * Follows what a household buys: by the half hour, as a demand contract counts it, and by the day. Half hours and days are
 * the meter's. What was bought in the running half hour is measured power summed up, kept within what the register at its
 * mark and now allow; where power was not measured all the time, the registers alone tell, once that is exact enough.
 */
export class UsageTracker {
  readonly #marks: Marks;
  readonly #energyIntervalS: number;
  readonly #time = new MeterTime();
  readonly #bought = new PowerFlow();
  readonly #level = new RegisterLevel(this.#bought);
  #registersStaleMs: number;
  #meter: string | undefined;
  #stepKwh = Infinity;
  #import: Shown | undefined;
  #export: Shown | undefined;
  #peaks: Peaks | undefined;
  #peaksAtMs = -Infinity;
  #peaksUntilMs: number | undefined;

  constructor({ intervalS, energyIntervalS }: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>, marks: Marks) {
    this.#marks = marks;
    this.#energyIntervalS = energyIntervalS;
    this.#registersStaleMs = marksOf(intervalS, energyIntervalS).energyMs;
  }

  /** @param intervalS the effective one */
  pace(intervalS: number): void {
    this.#registersStaleMs = marksOf(intervalS, this.#energyIntervalS).energyMs;
  }

  /** @param skewMs the meter's clock minus ours */
  compared(skewMs: number, moment: Moment): void {
    this.#time.compared(skewMs, moment);
  }

  /** The meter told the registers of a mark; the archive has them. */
  marked(markMs: number, moment: Moment): void {
    this.#time.marked(markMs, moment);
    this.#peaks = undefined;
  }

  /** Which meter speaks, as the archive names it: what another one showed says nothing of it. */
  ofMeter(meter: string): void {
    if (this.#meter !== undefined && this.#meter !== meter) {
      this.#time.forget();
      this.#bought.forget();
      this.#level.forget();
      this.#import = undefined;
      this.#export = undefined;
      this.#peaks = undefined;
    }
    this.#meter = meter;
  }

  /** The register of what is bought is not believed now: nobody knows where it stands beside its mark. */
  held(): void {
    this.#level.forget();
  }

  accept({ measured, stepKwh, atMs, monotonicMs }: UsageAnswer): Usage {
    this.#stepKwh = stepKwh ?? Infinity;
    const { powerW, importKwh, exportKwh } = measured;
    if (powerW !== undefined) this.#bought.add(Math.max(0, powerW), monotonicMs);
    if (importKwh !== undefined) this.#level.read(importKwh, this.#stepKwh, monotonicMs);
    if (importKwh !== undefined) this.#import = { kwh: importKwh, monotonicMs };
    if (exportKwh !== undefined) this.#export = { kwh: exportKwh, monotonicMs };
    const meterMs = this.#time.at({ atMs, monotonicMs });
    return meterMs === undefined ? { atMs } : usageOf({ atMs, ...this.#usage(meterMs, monotonicMs) });
  }

  #usage(meterMs: number, nowMs: number): Omit<Parameters<typeof usageOf>[0], 'atMs'> {
    const [halfHourMs, dayMs] = [halfHourStartMs(meterMs), jstMidnight(meterMs)];
    const elapsedMs = meterMs - halfHourMs;
    const boughtKwh = this.#boughtSince(halfHourMs, nowMs, elapsedMs);
    const peaks = this.#peaksOf(meterMs, nowMs);
    return {
      halfHourMs,
      demandNowW: boughtKwh === undefined ? undefined : average(boughtKwh, elapsedMs),
      demandForecastW: this.#forecast(boughtKwh, nowMs, elapsedMs),
      demand30minW: this.#lastHalfHour(halfHourMs),
      peakToday: peaks.today,
      peakMonth: peaks.month,
      dayMs,
      importTodayKwh: this.#today('importKwh', this.#import, { dayMs, halfHourMs, nowMs }),
      exportTodayKwh: this.#today('exportKwh', this.#export, { dayMs, halfHourMs, nowMs }),
    };
  }

  /** kWh bought in the running half hour. */
  #boughtSince(halfHourMs: number, nowMs: number, elapsedMs: number): number | undefined {
    const measured = elapsedMs === 0 ? 0 : this.#bought.between(nowMs - elapsedMs, nowMs);
    const mark = this.#marks.at(halfHourMs);
    const now = this.#level.at(nowMs);
    if (mark?.importKwh === undefined || mark.meter !== this.#meter || !now || now.high < mark.importKwh)
      return measured;
    const low = Math.max(0, now.low - mark.importKwh - this.#stepKwh);
    const high = now.high - mark.importKwh;
    if (low > (measured === undefined ? mostKwh(elapsedMs) : mostBesideKwh(measured, elapsedMs))) return measured;
    if (measured !== undefined) return Math.min(high, Math.max(low, measured));
    const middle = (low + high) / 2;
    return (high - low) / 2 <= Math.max(MOST_ERROR_KWH, MOST_ERROR * middle) ? middle : undefined;
  }

  #forecast(boughtKwh: number | undefined, nowMs: number, elapsedMs: number): number | undefined {
    const fromMs = Math.max(nowMs - FORECAST_BY_MS, this.#bought.sinceMs ?? Infinity);
    if (boughtKwh === undefined || nowMs - fromMs < FORECAST_FROM_MS) return undefined;
    const lately = this.#bought.between(fromMs, nowMs);
    if (lately === undefined) return undefined;
    const restKwh = (lately / (nowMs - fromMs)) * (HALF_HOUR_MS - elapsedMs);
    return average(boughtKwh + restKwh, HALF_HOUR_MS);
  }

  /** The mark of its end is told some minutes later: until then the half hour before is the last one. */
  #lastHalfHour(halfHourMs: number): number | undefined {
    const isTold = this.#marks.at(halfHourMs)?.importKwh !== undefined;
    return demandBeforeW(this.#marks, isTold ? halfHourMs : halfHourMs - HALF_HOUR_MS);
  }

  #peaksOf(meterMs: number, nowMs: number): Peaks {
    const untilMs = halfHourStartMs(meterMs);
    if (this.#peaks && this.#peaksUntilMs === untilMs && nowMs < this.#peaksAtMs + PEAKS_EVERY_MS) return this.#peaks;
    this.#peaksAtMs = nowMs;
    this.#peaksUntilMs = untilMs;
    this.#peaks = {
      today: peakBetween(this.#marks, jstMidnight(meterMs), untilMs),
      month: peakBetween(this.#marks, jstMonthStart(meterMs), untilMs),
    };
    return this.#peaks;
  }

  #today(
    register: 'importKwh' | 'exportKwh',
    shown: Shown | undefined,
    { dayMs, halfHourMs, nowMs }: { dayMs: number; halfHourMs: number; nowMs: number },
  ): number | undefined {
    const meter = this.#meter;
    if (meter === undefined || !shown || nowMs - shown.monotonicMs > this.#registersStaleMs) return undefined;
    return gainedSince(this.#marks, dayMs, halfHourMs, { meter, register, kwh: shown.kwh });
  }
}

const mostBesideKwh = (measured: number, elapsedMs: number): number =>
  MOST_TIMES * measured + Math.min(MOST_BESIDE_KWH, (MOST_BESIDE_KW * elapsedMs) / 3_600_000);

/** W. At the first moment of a half hour there is no average yet. */
const average = (kwh: number, ms: number): number | undefined =>
  ms === 0 ? undefined : Math.round((kwh * 3.6e9) / ms);
