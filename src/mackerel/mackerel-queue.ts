import type { Clock } from '../kernel/clock.ts';

/** What one meter showed in one period. */
export interface Sample {
  readonly values: readonly { readonly name: string; readonly atMs: number; readonly value: number }[];
}

/** Mackerel answers "success" to what is older, and does not record it. */
const MOST_AGE_MS = 24 * 3_600_000;
/** A day of minutes. */
const MOST_SAMPLES_PER_METER = 1440;

/** What Mackerel has not taken yet, oldest first: at most a day of it, in memory alone. */
export class MackerelQueue {
  /** Samples given up since the start. */
  dropped = 0;
  readonly #clock: Clock;
  readonly #most: number;
  #waiting: { readonly sample: Sample; readonly sinceMs: number }[] = [];

  constructor(clock: Clock, meters: number) {
    this.#clock = clock;
    this.#most = MOST_SAMPLES_PER_METER * meters;
  }

  get size(): number {
    return this.#waiting.length;
  }

  push(sample: Sample): void {
    this.#waiting.push({ sample, sinceMs: this.#clock.monotonicMs() });
    if (this.#waiting.length > this.#most) this.#dropOldest();
  }

  /** The oldest that are worth sending. */
  head(count: number): readonly Sample[] {
    const oldestMs = this.#clock.monotonicMs() - MOST_AGE_MS;
    while (this.#waiting[0] && this.#waiting[0].sinceMs < oldestMs) this.#dropOldest();
    return this.#waiting.slice(0, count).map(({ sample }) => sample);
  }

  /** These have been taken. More may have come meanwhile, and the oldest may have been given up. */
  remove(samples: readonly Sample[]): void {
    const gone = new Set(samples);
    this.#waiting = this.#waiting.filter(({ sample }) => !gone.has(sample));
  }

  /** These are given up. */
  giveUp(samples: readonly Sample[]): void {
    const before = this.size;
    this.remove(samples);
    this.dropped += before - this.size;
  }

  #dropOldest(): void {
    this.#waiting.shift();
    this.dropped++;
  }
}
