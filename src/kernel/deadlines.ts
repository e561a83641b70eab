import { scope } from './async.ts';
import type { Clock } from './clock.ts';

interface Entry {
  readonly dueMs: number;
  readonly action: () => void;
}

/** Longest nap, ms: each turn shows that the loop goes on. */
const LONGEST_NAP_MS = 60_000;
/** What a busy machine may be late by, and a clock that stood still. */
const LATE_MS = 120_000;

/** One owner's timer: one action at a time waits on it. */
export interface Deadline {
  /** Something waits. */
  readonly isSet: boolean;
  /** Runs `action` in `ms`, in place of what waited before. */
  in(ms: number, action: () => void): void;
  cancel(): void;
}

/** One-shot deadlines served by one loop. Setting one is cheap and never waits, so `accept` may do it. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #beat: Beat | undefined;
  readonly #entries = new Map<Deadline, Entry>();
  #nap: { readonly untilMs: number; readonly wake: () => void } | undefined;

  /** @param beat is called at each turn. */
  constructor(clock: Clock, beat?: Beat) {
    this.#clock = clock;
    this.#beat = beat;
  }

  create(): Deadline {
    const entries = this.#entries;
    const deadline: Deadline = {
      get isSet() {
        return entries.has(deadline);
      },
      in: (ms, action) => this.#set(deadline, ms, action),
      cancel: () => void entries.delete(deadline),
    };
    return deadline;
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

  #set(deadline: Deadline, ms: number, action: () => void): void {
    const dueMs = this.#clock.monotonicMs() + ms;
    this.#entries.set(deadline, { dueMs, action });
    if (this.#nap && dueMs < this.#nap.untilMs) this.#nap.wake();
  }

  #runDue(now: number): void {
    const due = [...this.#entries].filter(([, { dueMs }]) => dueMs <= now).sort(([, a], [, b]) => a.dueMs - b.dueMs);
    for (const [deadline, entry] of due) {
      if (this.#entries.get(deadline) !== entry) continue; // an action before it changed it
      this.#entries.delete(deadline);
      entry.action();
    }
  }
}

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
