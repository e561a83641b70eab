const WINDOW = 50;
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
    if (this.#newest.length > WINDOW) this.#newest.shift();
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
