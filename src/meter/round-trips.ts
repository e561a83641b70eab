/** Round trips that count. */
const TRIPS = 50;
const FLOOR_MS = 4000;
/** No answer is waited for longer. */
export const CEILING_MS = 20_000;

/** The last round trips, and what follows from them: how long to wait for an answer and how fast to ask at most. */
export class RoundTrips {
  #newest: number[] = [];

  /** Another meter. @param rememberedMs what an earlier run found of it */
  begin(rememberedMs?: number): void {
    this.#newest = rememberedMs === undefined ? [] : [rememberedMs];
  }

  add(ms: number): void {
    this.#newest.push(Math.min(ms, CEILING_MS)); // a late answer says that the radio was bad, not that the meter is slow
    if (this.#newest.length > TRIPS) this.#newest.shift();
  }

  /** 95th percentile of the last 50, ms; undefined before the first. */
  get p95Ms(): number | undefined {
    const sorted = [...this.#newest].sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)];
  }

  /** A request is given up after max(4 s, 4 × p95), at most 20 s; its late answer is still taken. */
  get timeoutMs(): number {
    return Math.min(CEILING_MS, Math.max(FLOOR_MS, 4 * (this.p95Ms ?? 0)));
  }

  /** Never ask faster than 1.5 × p95. */
  get shortestIntervalMs(): number {
    return 1.5 * (this.p95Ms ?? 0);
  }
}

/** Cycles whose length counts: registers come with some of them only. */
const CYCLES = 20;

/**
 * How fast the meter is really asked for power: as configured, unless its answers take longer than that (never faster than
 * 1.5 × p95), or what is to be asked takes several requests. Lost requests do not count: that is the radio, not the pace.
 */
export class Pace {
  #configuredMs: number;
  readonly #roundTrips: RoundTrips;
  readonly #publish: (intervalS: number) => void;
  /** What the answered requests of each cycle took together, ms; the one under way last. */
  #cycles: number[] = [];
  #publishedS: number;

  /** @param publish is called with the effective interval, in whole seconds, when it changes. */
  constructor(configuredMs: number, roundTrips: RoundTrips, publish: (intervalS: number) => void) {
    this.#configuredMs = configuredMs;
    this.#publishedS = configuredMs / 1000;
    this.#roundTrips = roundTrips;
    this.#publish = publish;
  }

  configure(ms: number): void {
    this.#configuredMs = ms;
    this.#update();
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
    this.#cycles = [...this.#cycles, 0].slice(-CYCLES);
    this.#update();
  }

  #update(): void {
    const ms = Math.max(this.#configuredMs, this.#roundTrips.shortestIntervalMs, ...this.#cycles);
    const intervalS = ms === this.#configuredMs ? ms / 1000 : Math.ceil(ms / 1000);
    if (intervalS === this.#publishedS) return;
    this.#publishedS = intervalS;
    this.#publish(intervalS);
  }
}
