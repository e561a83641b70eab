import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';

export type JobName = 'open' | 'load' | 'spill' | 'note' | 'sync';

/** After the disk refused. */
export const RETRY_MS = 10_000;

/** When each kind of disk work may be tried, and what is said about a disk that refuses: once, and when it is well again. */
export class Attempts {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #notBeforeMs: Record<JobName, number> = { open: 0, load: 0, spill: 0, note: 0, sync: 0 };
  #refused = false;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Monotonic. */
  notBefore(name: JobName): number {
    return this.#notBeforeMs[name];
  }

  pause(name: JobName, ms: number): void {
    this.#notBeforeMs[name] = this.#clock.monotonicMs() + ms;
  }

  /** Never rejects. @returns false when it failed and is to be tried again later. */
  async run(name: JobName, job: () => Promise<void>): Promise<boolean> {
    try {
      await job();
    } catch (error) {
      this.pause(name, RETRY_MS);
      if (!this.#refused)
        this.#log.warn({ err: error, code: 'STATE_UNWRITABLE' }, 'outbox cannot be used: readings wait in memory');
      this.#refused = true;
      return false;
    }
    if (name === 'spill' && this.#refused) {
      this.#refused = false;
      this.#log.info('outbox is on disk again');
    }
    return true;
  }
}
