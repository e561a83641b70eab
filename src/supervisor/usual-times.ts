import type { LinkProgress } from '../model/status.ts';

/**
 * How long the steps to the first answer usually take, for who watches; nothing is decided by it. A scan says its own time.
 * A join takes 3 to 4 s, the first question of a session some seconds more than those after it.
 */
export const USUAL = {
  open: { expectedMs: 3000 },
  join: { expectedMs: 5000 },
  answer: { expectedMs: 5000 },
} as const satisfies Readonly<Record<string, LinkProgress>>;
