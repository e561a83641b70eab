import { hasJumped } from '../model/reading.ts';

/** Nearer than this our clock is taken: the meter tells whole minutes only, so a smaller difference cannot be measured. */
const AGREES_MS = 60_000;
/** A meter tells a mark within five minutes: one much older than the half hour since does not speak for our clock. */
const MARK_IS_NEW_MS = 36 * 60_000;
/** What a told mark can show of the meter's clock beyond what was measured. */
const MOST_LAG_MS = 5 * 60_000;

/** By our two clocks. */
export interface Moment {
  readonly monotonicMs: number;
  /** Wall clock. */
  readonly atMs: number;
}

/**
 * What time the meter has: half hours and days are its own. Our clock may be wrong, so it counts only where the meter's
 * agrees with it, or where a mark of the meter fits it.
 */
export class MeterTime {
  /** Meter minus monotonic clock, and our wall clock minus monotonic clock when that was found out. */
  #known: { readonly offsetMs: number; readonly beforeMs: number } | undefined;
  #markMs = -Infinity;

  /** Another meter. */
  forget(): void {
    this.#known = undefined;
    this.#markMs = -Infinity;
  }

  /** The two clocks were compared. @param skewMs meter minus ours, right to half a minute */
  compared(skewMs: number, { atMs, monotonicMs }: Moment): void {
    const beforeMs = atMs - monotonicMs;
    this.#known = { offsetMs: Math.abs(skewMs) <= AGREES_MS ? beforeMs : beforeMs + skewMs, beforeMs };
  }

  /** The meter told a mark: its clock is there, or further. */
  marked(markMs: number, { atMs, monotonicMs }: Moment): void {
    this.#markMs = markMs;
    const ageMs = atMs - markMs;
    const beforeMs = atMs - monotonicMs;
    if (!this.#valid({ atMs, monotonicMs }) && ageMs >= 0 && ageMs < MARK_IS_NEW_MS)
      this.#known = { offsetMs: beforeMs, beforeMs };
    const known = this.#valid({ atMs, monotonicMs });
    const lagMs = known ? markMs - (monotonicMs + known.offsetMs) : 0;
    if (known && lagMs > 0 && lagMs <= MOST_LAG_MS) this.#known = { ...known, offsetMs: known.offsetMs + lagMs };
  }

  /** @returns ms since 1970; undefined while it is not known. */
  at(moment: Moment): number | undefined {
    const known = this.#valid(moment);
    return known && Math.max(moment.monotonicMs + known.offsetMs, this.#markMs);
  }

  /** Nothing since our clock was set or the machine slept: the meter is asked for its time again soon. */
  #valid({ atMs, monotonicMs }: Moment): { readonly offsetMs: number; readonly beforeMs: number } | undefined {
    return this.#known && !hasJumped(this.#known.beforeMs, atMs, monotonicMs) ? this.#known : undefined;
  }
}
