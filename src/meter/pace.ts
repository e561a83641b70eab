import type { RoundTrips } from './round-trips.ts';

/** Cycles whose length counts: registers come with some of them only. */
const WINDOW = 20;

/**
 * How fast the meter is really asked for power: as configured, unless its answers take longer than that (never faster than
 * 1.5 × p95), or what is to be asked takes several requests. Lost requests do not count: that is the radio, not the pace.
 */
export class Pace {
  readonly #configuredMs: number;
  readonly #roundTrips: RoundTrips;
  readonly #publish: (intervalS: number) => void;
  /** What the answered requests of each cycle took together, ms; the one under way last. */
  #cycles: number[] = [0];
  #publishedS: number | undefined;

  /** @param publish is called with the effective interval, in whole seconds, when it changes. */
  constructor(configuredMs: number, roundTrips: RoundTrips, publish: (intervalS: number) => void) {
    this.#configuredMs = configuredMs;
    this.#roundTrips = roundTrips;
    this.#publish = publish;
  }

  /** An answer came. Called before its values are published: how long they stay fresh depends on the new pace. */
  answered(roundTripMs: number): void {
    // A late answer to a request given up came while the next one waited: that time is not counted twice.
    const isLate = roundTripMs > this.#roundTrips.timeoutMs;
    this.#roundTrips.add(roundTripMs);
    if (!isLate) this.#cycles.push((this.#cycles.pop() ?? 0) + roundTripMs);
    this.#update();
  }

  /** All that was due has been asked. */
  cycleEnds(): void {
    this.#cycles = [...this.#cycles, 0].slice(-WINDOW);
    this.#update();
  }

  #update(): void {
    const ms = Math.max(this.#configuredMs, this.#roundTrips.shortestIntervalMs, ...this.#cycles);
    const intervalS = ms === this.#configuredMs ? ms / 1000 : Math.ceil(ms / 1000);
    if (intervalS === this.#publishedS || (this.#publishedS === undefined && ms === this.#configuredMs)) return;
    this.#publishedS = intervalS;
    this.#publish(intervalS);
  }
}
