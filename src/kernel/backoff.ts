const BASE_MS = 500;
const LEAST_MS = 100;
/** Down for longer than this, the broker is not just restarting. */
const PATIENCE_MS = 120_000;
const CAP_MS = 5000;
const LATE_CAP_MS = 30_000;
/** A refused login heals only by a human: not asked again at full speed. */
const REFUSED_LEAST_MS = 3000;

/** Full jitter, so that many bridges do not return in lock-step: at most 5 s in the first two minutes, then 30 s. */
export class Backoff {
  readonly #random: () => number;
  #tries = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** @param downMs how long there has been no connection. */
  next(downMs: number, refused: boolean): number {
    const cap = downMs > PATIENCE_MS ? LATE_CAP_MS : CAP_MS;
    const span = Math.min(cap, BASE_MS * 2 ** Math.min(this.#tries++, 10));
    const least = refused ? REFUSED_LEAST_MS : LEAST_MS;
    return Math.max(least, Math.round(this.#random() * span));
  }

  reset(): void {
    this.#tries = 0;
  }
}
