/** What the meter’s clock says beside ours. It tells minutes only, so `skewMs` is right to half a minute. */
export interface MeterClock {
  /** Our wall clock, ms since 1970, when the answer arrived. */
  readonly atMs: number;
  /** Meter minus ours, ms: positive when the meter is ahead. Absent: what the meter said is no time. */
  readonly skewMs?: number;
}

/** How often the meter’s clock is asked for, s. */
export const METER_CLOCK_INTERVAL_S = 3600;

/** More than a clock that is being adjusted moves between two questions. */
const JUMP_MS = 30_000;

/**
 * Our clock was set, or the machine slept: a skew measured before says nothing any more.
 * @param beforeMs wall clock minus monotonic clock when it was measured.
 */
export const hasJumped = (beforeMs: number, wallMs: number, monotonicMs: number): boolean =>
  Math.abs(wallMs - monotonicMs - beforeMs) > JUMP_MS;
