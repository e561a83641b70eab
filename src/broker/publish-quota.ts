import type { Clock } from '../kernel/clock.ts';

/** A broker that leaves a message unacknowledged for so long is not there, whatever TCP and its other answers say. */
export const ACK_LIMIT_MS = 20_000;

/** Sends one message and calls `settled` when it is acknowledged, refused or lost. */
type Send = (settled: () => void) => void;

export interface QuotaOptions {
  /** Receive Maximum of the broker. */
  readonly most: number;
  readonly clock: Clock;
  /** A message has passed its limit. */
  readonly late: () => void;
  /** One more may go, and nobody waits in line. */
  readonly room: () => void;
}

/**
 * What one connection may have unacknowledged at a time: all that is ours together. Who comes waits in line; the stream
 * asks `hasRoom` before it comes, and so is last. Each message has its own limit, whatever is acknowledged meanwhile.
 */
export class PublishQuota {
  readonly #options: QuotaOptions;
  readonly #waiting: Send[] = [];
  /** When each one under way is late, oldest first. */
  readonly #underWay = new Set<{ readonly dueMs: number }>();
  readonly #end = new AbortController();
  #isWatched = false;

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  get hasRoom(): boolean {
    return this.#underWay.size < this.#options.most && this.#waiting.length === 0;
  }

  begin(send: Send): void {
    if (this.#underWay.size >= this.#options.most) {
      this.#waiting.push(send);
      return;
    }
    const one = { dueMs: this.#options.clock.monotonicMs() + ACK_LIMIT_MS };
    this.#underWay.add(one);
    if (!this.#isWatched) void this.#watch();
    send(() => this.#settled(one));
  }

  /** Nothing is late any more. Those in line are still sent, as those under way settle. */
  close(): void {
    this.#end.abort();
  }

  #settled(one: { readonly dueMs: number }): void {
    this.#underWay.delete(one);
    const next = this.#waiting.shift();
    if (next) this.begin(next);
    else this.#options.room();
  }

  /** Sleeps until the oldest of now is due; what is settled meanwhile costs nothing. */
  async #watch(): Promise<void> {
    const { clock, late } = this.#options;
    const { signal } = this.#end;
    this.#isWatched = true;
    while (!signal.aborted) {
      const [oldest] = this.#underWay;
      if (!oldest) break;
      const leftMs = oldest.dueMs - clock.monotonicMs();
      if (leftMs <= 0) return late(); // ends the connection, so once is enough
      await clock.sleep(leftMs, signal).catch(() => undefined); // closed: the loop sees it
    }
    this.#isWatched = false;
  }
}
