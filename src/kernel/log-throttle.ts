import type { Clock } from './clock.ts';

/** Repeated messages are counted, not repeated: says whether a message is due, and how many were swallowed since. */
export class LogThrottle {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #seen = new Map<string, { untilMs: number; swallowed: number }>();

  /** @param quietMs how long a message stays silent after it was logged; Infinity: until `forget`. */
  constructor(clock: Clock, quietMs: number) {
    this.#clock = clock;
    this.#quietMs = quietMs;
  }

  /** @returns how many of this key were swallowed since it was last logged, or undefined when it is to be swallowed too. */
  due(key: string): number | undefined {
    const now = this.#clock.monotonicMs();
    const entry = this.#seen.get(key);
    if (entry && now < entry.untilMs) {
      entry.swallowed++;
      return undefined;
    }
    if (this.#seen.size >= 64) this.#seen.clear(); // keys come from outside too
    this.#seen.set(key, { untilMs: now + this.#quietMs, swallowed: 0 });
    return entry?.swallowed ?? 0;
  }

  forget(): void {
    this.#seen.clear();
  }
}
