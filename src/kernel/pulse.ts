import type { Clock } from './clock.ts';

/** Tells that its owner works, and promises to tell again within so many ms; `Infinity` for what may never happen. */
export type Beat = (withinMs: number) => void;

/** Who promised to be heard of by when. Nothing runs for it: a promise is a number, and whoever asks compares. */
export class Pulse {
  readonly #clock: Clock;
  readonly #dueMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How `who` tells. */
  of(who: string): Beat {
    return (withinMs) => void this.#dueMs.set(who, this.#clock.monotonicMs() + withinMs);
  }

  forget(who: string): void {
    this.#dueMs.delete(who);
  }

  /** Who has broken a promise, and since when; empty while all goes on. */
  late(): readonly string[] {
    const now = this.#clock.monotonicMs();
    return [...this.#dueMs]
      .filter(([, dueMs]) => now > dueMs)
      .map(([who, dueMs]) => `${who}: no progress, overdue for ${Math.ceil((now - dueMs) / 1000)} s`);
  }
}
