// The news of the bridge: one stream for all meters; where a proxy holds it back, or it is not there, by asking.
import { addressOf } from './page-address.js';

const ASK_MS = 2000;
/** The stream speaks every 10 s at least. */
const QUIET_S = 14;
/** A stream that ended is opened again after `retry`; one late answer is no news. */
const GRACE_S = 4;
/** What a proxy that gathers before it hands on may take for the first of it. */
const FIRST_S = 4;
const REOPEN_S = 15;

const stamp = () => ({ steady: performance.now(), wall: Date.now() });
/** Of both clocks the one that moved more: the monotonic one may stand still while a phone sleeps. */
const secondsSince = ({ steady, wall }) => Math.max(performance.now() - steady, Date.now() - wall, 0) / 1000;

export class Feed {
  /** The bridge refuses us: the token changed, or the login ended. */
  locked = false;
  #onStatus;
  #source;
  #opened = stamp();
  #received;
  #broken;
  #asking = false;

  constructor(onStatus) {
    this.#onStatus = onStatus;
    this.#open();
    setInterval(() => this.#watch(), ASK_MS);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.elapsedS > GRACE_S) void this.#ask();
    });
  }

  /** Since the newest status; before the first, since the page was opened. */
  get elapsedS() {
    return secondsSince(this.#received ?? this.#opened);
  }

  /** Nothing that is shown is known to be so now. */
  get isLost() {
    if (this.locked) return true;
    if (!this.#received) return this.elapsedS > QUIET_S;
    return this.elapsedS > QUIET_S || (this.#broken !== undefined && secondsSince(this.#broken) > GRACE_S);
  }

  #open() {
    this.#source?.close();
    this.#opened = stamp();
    const source = new EventSource(addressOf('api/events'));
    this.#source = source;
    source.addEventListener('status', ({ data }) => this.#accept(JSON.parse(data)));
    source.addEventListener('error', () => (this.#broken ??= stamp()));
  }

  #accept(status) {
    this.#received = stamp();
    this.#broken = undefined;
    this.locked = false;
    this.#onStatus(status);
  }

  /** The browser opens an ended stream again, not a refused one. */
  #watch() {
    const isRefused = this.#source.readyState === EventSource.CLOSED;
    const isSilent = this.elapsedS > (this.#received ? QUIET_S : FIRST_S);
    if (!isRefused && !isSilent && this.#broken === undefined) return;
    void this.#ask();
    if (secondsSince(this.#opened) > REOPEN_S) this.#open();
  }

  async #ask() {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const response = await fetch(addressOf('api/status'), { signal: AbortSignal.timeout(5000) });
      this.locked = response.status === 401;
      if (response.ok) this.#accept(await response.json());
    } catch {
      this.#broken ??= stamp(); // the trust line says so
    } finally {
      this.#asking = false;
    }
  }
}
