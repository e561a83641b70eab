// The news of the bridge: one stream for all meters; where a proxy holds it back, or it is not there, by asking.
import { addressOf } from './page-address.js';
import { LATE_S, Lateness, secondsSince, stamp } from './page-lateness.js';

const ASK_MS = 2000;
/** The stream speaks every 10 s at least. */
const QUIET_S = 14;
/** A stream that ended is opened again after `retry`; one late answer is no news. */
const GRACE_S = 4;
/** What a proxy that gathers before it hands on may take for the first of it. */
const FIRST_S = 4;
/** Who held the stream back once does so again: for so long we ask as well. */
const HELD_S = 60;
/**
 * A stream that says nothing is opened again after so long, then after twice that and so on: a proxy that holds it back may
 * not notice that we left, and keep the old ones open at the bridge.
 */
const REOPEN_S = 15;
const MOST_REOPEN_S = 600;

export class Feed {
  /** The bridge refuses us: the token changed, or the login ended. */
  locked = false;
  #onStatus;
  #source;
  #opened = stamp();
  #reopenS = REOPEN_S;
  /** As of when the newest status was true. */
  #known;
  /** When the stream last spoke, and when it was last found to be held back. */
  #heard;
  #held;
  #broken;
  #asking = false;
  #lateness = new Lateness();

  constructor(onStatus) {
    this.#onStatus = onStatus;
    this.#open();
    void this.#ask(); // what the stream brings is held against it
    setInterval(() => this.#watch(), ASK_MS);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.elapsedS > GRACE_S) void this.#ask();
    });
  }

  /** Since the newest status; before the first, since the page was opened. */
  get elapsedS() {
    return secondsSince(this.#known ?? this.#opened);
  }

  /** Nothing that is shown is known to be so now. */
  get isLost() {
    if (this.locked) return true;
    if (!this.#known) return this.elapsedS > QUIET_S;
    return this.elapsedS > QUIET_S || (this.#broken !== undefined && secondsSince(this.#broken) > GRACE_S);
  }

  #open() {
    this.#source?.close();
    this.#opened = stamp();
    this.#heard = undefined;
    const source = new EventSource(addressOf('api/events'));
    this.#source = source;
    source.addEventListener('status', ({ data }) => this.#hear(JSON.parse(data)));
    source.addEventListener('error', () => (this.#broken ??= stamp()));
  }

  /** News that were under way for long are as old as that, and say that the stream is held back. */
  #hear(status) {
    this.#heard = stamp();
    const lateS = this.#lateness.of(status.uptime_s);
    if (lateS <= LATE_S) {
      this.#reopenS = REOPEN_S;
      return this.#accept(status, this.#heard);
    }
    this.#held = this.#heard;
    void this.#ask();
    const { steady, wall } = this.#heard;
    return this.#accept(status, { steady: steady - lateS * 1000, wall: wall - lateS * 1000 });
  }

  /** @param asOf when it was true, at the earliest; what is older than what we know is no news */
  #accept(status, asOf) {
    if (this.#known && secondsSince(asOf) > secondsSince(this.#known)) return;
    this.#known = asOf;
    this.#broken = undefined;
    this.locked = false;
    this.#onStatus(status);
  }

  /** The browser opens an ended stream again, not a refused one. */
  #watch() {
    const isRefused = this.#source.readyState === EventSource.CLOSED;
    const isSilent = secondsSince(this.#heard ?? this.#opened) > (this.#heard ? QUIET_S : FIRST_S);
    if (isSilent) this.#held = stamp();
    const isHeld = this.#held !== undefined && secondsSince(this.#held) < HELD_S;
    if (isRefused || isHeld || this.#broken !== undefined) void this.#ask();
    const mayBeGone = isRefused || isSilent || this.#broken !== undefined;
    if (!mayBeGone || secondsSince(this.#opened) < this.#reopenS) return;
    this.#reopenS = isRefused ? REOPEN_S : Math.min(2 * this.#reopenS, MOST_REOPEN_S);
    this.#open();
  }

  async #ask() {
    if (this.#asking) return;
    this.#asking = true;
    const asked = stamp();
    try {
      const response = await fetch(addressOf('api/status'), { signal: AbortSignal.timeout(5000) });
      this.locked = response.status === 401;
      if (!response.ok) return;
      const status = await response.json();
      if (this.#lateness.settle(status.uptime_s, secondsSince(asked))) this.#held = undefined;
      this.#accept(status, asked);
    } catch {
      this.#broken ??= stamp(); // the trust line says so
    } finally {
      this.#asking = false;
    }
  }
}
