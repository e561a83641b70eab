import { scope } from './async.ts';
import type { Clock } from './clock.ts';
import type { Beat } from './pulse.ts';

interface Entry {
  readonly dueMs: number;
  readonly action: () => void;
}

/** Longest nap, ms: each turn shows that the loop goes on. */
const LONGEST_NAP_MS = 60_000;
/** What a busy machine may be late by, and a clock that stood still. */
const LATE_MS = 120_000;

/** Named one-shot deadlines served by one loop. Setting one is cheap and never waits, so `accept` may do it. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #beat: Beat | undefined;
  readonly #entries = new Map<string, Entry>();
  #nap: { readonly untilMs: number; readonly wake: () => void } | undefined;

  /** @param beat is called at each turn. */
  constructor(clock: Clock, beat?: Beat) {
    this.#clock = clock;
    this.#beat = beat;
  }

  /** Runs `action` in `ms`, in place of what `name` stood for before. */
  in(ms: number, name: string, action: () => void): void {
    const dueMs = this.#clock.monotonicMs() + ms;
    this.#entries.set(name, { dueMs, action });
    if (this.#nap && dueMs < this.#nap.untilMs) this.#nap.wake();
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  cancel(name: string): void {
    this.#entries.delete(name);
  }

  /** Serves until `signal` aborts. @throws its reason, or what an action threw. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      this.#runDue(this.#clock.monotonicMs());
      const now = this.#clock.monotonicMs();
      const next = Math.min(now + LONGEST_NAP_MS, ...[...this.#entries.values()].map(({ dueMs }) => dueMs));
      this.#beat?.(next - now + LATE_MS);
      using nap = scope(signal);
      this.#nap = { untilMs: next, wake: () => nap.abort() };
      try {
        await this.#clock.sleep(next - now, nap.signal);
      } catch (error) {
        if (!nap.signal.aborted) throw error;
      } finally {
        this.#nap = undefined;
      }
    }
  }

  #runDue(now: number): void {
    const due = [...this.#entries].filter(([, { dueMs }]) => dueMs <= now).sort(([, a], [, b]) => a.dueMs - b.dueMs);
    for (const [name, entry] of due) {
      if (this.#entries.get(name) !== entry) continue; // an action before it changed it
      this.#entries.delete(name);
      entry.action();
    }
  }
}
