import type { Clock } from '../kernel/clock.ts';
import { marksOf } from './health.ts';
import type { Reading } from './reading.ts';
import type { MeterSettings } from './settings.ts';
import { usageOf } from './usage.ts';
import type { Usage } from './usage.ts';

/** Follows the usage of one meter and takes back what passes its mark. Whoever shows usage asks one of these. */
export class CurrentUsage {
  readonly #energyIntervalS: number;
  readonly #clock: Clock;
  #marks: ReturnType<typeof marksOf>;
  #usage: Usage | undefined;
  /** Monotonic ms: of the newest answer, of the newest of each register; whether that answer told power. */
  #usageAtMs = 0;
  #importAtMs = -Infinity;
  #exportAtMs = -Infinity;
  #hasPower = false;

  constructor({ intervalS, energyIntervalS }: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>, clock: Clock) {
    this.#energyIntervalS = energyIntervalS;
    this.#clock = clock;
    this.#marks = marksOf(intervalS, energyIntervalS);
  }

  /** The meter is asked at another pace: the marks move with it. */
  pace(intervalS: number): void {
    this.#marks = marksOf(intervalS, this.#energyIntervalS);
  }

  /** The answer that the usage after it rests on. */
  saw(reading: Reading): void {
    this.#hasPower = reading.powerW !== undefined;
    if (reading.importKwh !== undefined) this.#importAtMs = this.#clock.monotonicMs();
    if (reading.exportKwh !== undefined) this.#exportAtMs = this.#clock.monotonicMs();
  }

  accept(usage: Usage): void {
    this.#usage = usage;
    this.#usageAtMs = this.#clock.monotonicMs();
  }

  /** What still holds; undefined before the first answer. What was taken back comes with a new answer only. */
  get now(): Usage | undefined {
    if (!this.#usage) return undefined;
    const now = this.#clock.monotonicMs();
    const { wholeMs, demandMs, importMs, exportMs } = this.#untilMs;
    if (now <= Math.min(wholeMs, demandMs, importMs, exportMs)) return this.#usage;
    const { demandNowW, demandForecastW, importTodayKwh, exportTodayKwh, ...rest } = this.#usage;
    this.#usage =
      now > wholeMs
        ? { atMs: rest.atMs }
        : usageOf({
            ...rest,
            ...(now > demandMs ? {} : { demandNowW, demandForecastW }),
            ...(now > importMs ? {} : { importTodayKwh }),
            ...(now > exportMs ? {} : { exportTodayKwh }),
          });
    return this.#usage;
  }

  /** Until the next of it passes its mark, ms; undefined when nothing is left that can. */
  get staleInMs(): number | undefined {
    const usage = this.now;
    if (!usage || Object.keys(usage).length === 1) return undefined;
    const now = this.#clock.monotonicMs();
    const ahead = Object.values(this.#untilMs).filter((ms) => ms >= now);
    return ahead.length === 0 ? undefined : Math.min(...ahead) + 1 - now;
  }

  /** Monotonic ms. */
  get #untilMs(): Readonly<Record<'wholeMs' | 'demandMs' | 'importMs' | 'exportMs', number>> {
    const { instantMs, energyMs } = this.#marks;
    return {
      wholeMs: this.#usageAtMs + energyMs,
      demandMs: this.#usageAtMs + (this.#hasPower ? instantMs : energyMs),
      importMs: this.#importAtMs + energyMs,
      exportMs: this.#exportAtMs + energyMs,
    };
  }
}
