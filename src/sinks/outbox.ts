import type { Clock } from '../kernel/clock.ts';

export interface Waiting {
  /** Ascending, from 1. */
  readonly id: number;
  readonly payload: string;
  readonly sinceMs: number;
}

export interface OutboxLimits {
  readonly count: number;
  readonly ageMs: number;
}

/** Readings the broker has not acknowledged, oldest first, bounded by count and age: the oldest give way. */
export class Outbox {
  readonly #clock: Clock;
  readonly #limits: OutboxLimits;
  readonly #items: Waiting[] = [];
  #lastId = 0;
  dropped = 0;

  constructor(clock: Clock, limits: OutboxLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#items.length;
  }

  push(payload: string): void {
    const now = this.#clock.monotonicMs();
    this.#items.push({ id: ++this.#lastId, payload, sinceMs: now });
    while (this.#items.length > this.#limits.count || now - (this.#items[0]?.sinceMs ?? now) > this.#limits.ageMs) {
      this.#items.shift();
      this.dropped++;
    }
  }

  /** The oldest one after `id`; 0 for the very oldest. */
  peek(id: number): Waiting | undefined {
    const first = this.#items[0];
    if (!first || id < first.id) return first;
    // ids are dense but for what was acknowledged out of turn, so the search starts near its end
    let index = Math.min(this.#items.length, id - first.id + 1);
    while (index > 0 && (this.#items[index - 1]?.id ?? 0) > id) index--;
    return this.#items[index];
  }

  /** The broker has it. */
  ack(id: number): void {
    const index = this.#items.findIndex((item) => item.id === id);
    if (index >= 0) this.#items.splice(index, 1);
  }
}
