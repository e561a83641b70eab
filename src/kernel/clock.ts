import { setTimeout as delay } from 'node:timers/promises';

/** The only source of time. Tests put a virtual one in its place, so nothing but this file touches timers or `Date`. */
export interface Clock {
  /** Wall clock in ms since 1970: for stamps that leave the program, never for intervals (it jumps). */
  now(): number;
  /** Monotonic ms from an arbitrary start: for intervals, ages and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`. @throws the signal's reason when aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(Math.max(0, ms), undefined, { signal });
    } catch (error) {
      signal.throwIfAborted(); // the reason our caller gave, not the timer's AbortError
      throw error;
    }
  },
};
