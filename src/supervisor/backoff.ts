const STEPS_MS = [1000, 5000, 10_000, 15_000];
const JITTER = 0.2;

/** Delays before the next try: rising, capped, with jitter so that many bridges do not march in step. */
export class SessionBackoff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random 0 ≤ x < 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  next(): number {
    const ms = STEPS_MS[Math.min(this.#failures++, STEPS_MS.length - 1)] as number;
    return Math.round(ms * (1 + JITTER * (2 * this.#random() - 1)));
  }

  reset(): void {
    this.#failures = 0;
  }
}
