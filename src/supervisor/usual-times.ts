import type { LinkPhase, LinkProgress } from '../model/status.ts';

/**
 * How long the steps to the first answer usually take, for who watches; nothing is decided by it. A scan says its own time.
 * A join takes 3 to 4 s, the first question of a session some seconds more than those after it.
 */
export const USUAL_MS = { opening: 3000, joining: 5000, connected: 5000 } as const;

/** @returns undefined for a phase that is no step to the first answer, or says its own time */
export function usualProgress(phase: LinkPhase): LinkProgress | undefined {
  const times: Readonly<Partial<Record<LinkPhase, number>>> = USUAL_MS;
  const expectedMs = times[phase];
  return expectedMs === undefined ? undefined : { expectedMs };
}
