import type { LinkPhase, LinkProgress } from '../model/status.ts';

/**
 * How long the steps to the first answer usually take, for who watches; nothing is decided by it. A scan says its own time.
 * A join takes 3 to 4 s, the first question of a session some seconds more than those after it.
 */
export const USUAL: Readonly<Partial<Record<LinkPhase, LinkProgress>>> = {
  opening: { expectedMs: 3000 },
  joining: { expectedMs: 5000 },
  connected: { expectedMs: 5000 },
};
