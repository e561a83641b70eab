import { abortable, deferred, Mailbox, scope } from '../kernel/async.ts';
import type { Deferred } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Datagram, Hold } from './module.ts';

/** Between two reads of the inbox a meter sends a few datagrams. More than this is a fault: the oldest is dropped. */
const INBOX_LIMIT = 32;

/** What to do when a hold is not lifted in time: the event that lifts it may have been lost on the wire. */
export interface Expiry {
  readonly afterMs: number;
  readonly act: () => void;
}

/** The state common to sessions of both families: received datagrams, the holds on sending, and the end. */
export class SessionState {
  readonly inbox = new Mailbox<Datagram>(INBOX_LIMIT);
  readonly #clock: Clock;
  readonly #over: Deferred<never> = deferred();
  #holds = new Set<Hold>();
  #change: Deferred<void> = deferred();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(hold: Hold): boolean {
    return this.#holds.has(hold);
  }

  hold(hold: Hold, on: boolean): void {
    if (this.#holds.has(hold) === on) return;
    this.#holds = new Set(on ? [...this.#holds, hold] : [...this.#holds].filter((other) => other !== hold));
    const changed = this.#change;
    this.#change = deferred();
    changed.resolve();
  }

  /** The session is over; the first reason counts. @returns `error`, for throwing. */
  end<E>(error: E): E {
    this.#over.reject(error);
    this.inbox.fail(error);
    return error;
  }

  /** Resolves when nothing holds sending back. @throws what ended the session */
  async ready(signal: AbortSignal): Promise<void> {
    while (this.#holds.size > 0) await abortable(Promise.race([this.#change.promise, this.#over.promise]), signal);
  }

  /** As `Session.watch`. @param expiry called again whenever the holds change */
  async watch(
    onHold: (hold: Hold | undefined) => void,
    expiry: () => Expiry | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      const change = this.#change.promise;
      const [hold] = this.#holds;
      onHold(hold);
      await this.#next(change, expiry(), signal);
    }
  }

  async #next(change: Promise<void>, expiry: Expiry | undefined, signal: AbortSignal): Promise<void> {
    const next = Promise.race([change, this.#over.promise]);
    if (!expiry) return await abortable(next, signal);
    using timer = scope(signal);
    const expired = this.#clock.sleep(expiry.afterMs, timer.signal).then(expiry.act, () => undefined);
    try {
      return await abortable(next, signal);
    } finally {
      timer.abort();
      await expired;
    }
  }
}
