import type { LinkPhase } from './status.ts';

export interface Health {
  /** The newest good answer is young enough to be shown as current. */
  readonly fresh: boolean;
  /** The mark: an answer older than this, ms, is stale. 3 × interval + 5 s. */
  readonly staleAfterMs: number;
  /** A short reason when not fresh. */
  readonly reason: string | undefined;
}

/**
 * The one function that decides health, from the age of the last good answer and the phase of the link.
 * @param ageMs monotonic age of the newest good answer; undefined before the first.
 */
export function healthOf(ageMs: number | undefined, phase: LinkPhase, intervalS: number): Health {
  const staleAfterMs = 3 * intervalS * 1000 + 5000;
  if (ageMs === undefined) return { fresh: false, staleAfterMs, reason: `no reading yet (${phase})` };
  if (ageMs <= staleAfterMs) return { fresh: true, staleAfterMs, reason: undefined };
  return { fresh: false, staleAfterMs, reason: `last reading is ${Math.round(ageMs / 1000)} s old (${phase})` };
}
