/** How long to wait before the next try, and how much of that is chance: so that many bridges do not march in step. */
export interface BackoffSteps {
  /** By the number of failures before; the last one stays. */
  readonly stepsMs: readonly number[];
  /** The delay is a step times `least` to `least + spread`. 0 and 1: full jitter. */
  readonly least: number;
  readonly spread: number;
}

/** A Wi-SUN session: rising, capped, a fifth up or down. */
export const SESSION_STEPS: BackoffSteps = { stepsMs: [1000, 5000, 10_000, 15_000], least: 0.8, spread: 0.4 };

/** A broker: doubled each time, full jitter. */
export const BROKER_STEPS: BackoffSteps = {
  stepsMs: [500, 1000, 2000, 4000, 8000, 16_000, 32_000],
  least: 0,
  spread: 1,
};

/** A broker that is there and refuses the readings: who mends an access list waits half a minute at most. */
export const HELD_STEPS: BackoffSteps = { stepsMs: [5000, 10_000, 20_000, 30_000], least: 1, spread: 0 };

/** Mackerel: doubled each time, up to half of it less. */
export const MACKEREL_STEPS: BackoffSteps = {
  stepsMs: [5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000],
  least: 0.5,
  spread: 0.5,
};

/** Delays before the next try, rising from failure to failure. */
export class Backoff {
  readonly #steps: BackoffSteps;
  readonly #random: () => number;
  #failures = 0;

  /** @param random 0 ≤ x < 1. */
  constructor(steps: BackoffSteps, random: () => number) {
    this.#steps = steps;
    this.#random = random;
  }

  /** @param capMs the most that a step counts for, this time */
  next(capMs = Infinity): number {
    const { stepsMs, least, spread } = this.#steps;
    const step = stepsMs[Math.min(this.#failures++, stepsMs.length - 1)] as number;
    return Math.round(Math.min(step, capMs) * (least + spread * this.#random()));
  }

  reset(): void {
    this.#failures = 0;
  }
}
