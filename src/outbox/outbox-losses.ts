import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { LogThrottle } from '../kernel/log-throttle.ts';

/** Readings given up, counted; those that had to give way are said once an hour. */
export class Losses {
  readonly #log: Log;
  readonly #repeats: LogThrottle;
  #unsaid = 0;
  count = 0;

  constructor(clock: Clock, log: Log) {
    this.#log = log;
    this.#repeats = new LogThrottle(clock, 3_600_000);
  }

  /** @param queued how many still wait. */
  gaveWay(count: number, queued: () => number): void {
    if (count === 0) return;
    this.count += count;
    this.#unsaid += count;
    if (this.#repeats.due('full') === undefined) return;
    this.#log.warn({ dropped: this.#unsaid, queued: queued() }, 'outbox full: the oldest readings are given up');
    this.#unsaid = 0;
  }
}
