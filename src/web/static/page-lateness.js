// How late news come. The bridge says how many seconds it runs; what of ours lies between that and now is at its least where
// nothing held the news back. Both of our clocks are asked: one stands still while a phone sleeps, the other may be set.

/** From here on news are late: below it the whole seconds of the bridge, and a network's own moments. */
export const LATE_S = 3;

export const stamp = () => ({ steady: performance.now(), wall: Date.now() });
/** Of both clocks the one that moved more. */
export const secondsSince = ({ steady, wall }) => Math.max(performance.now() - steady, Date.now() - wall, 0) / 1000;

const CLOCKS = ['steady', 'wall'];

export class Lateness {
  /** Of each clock: when the bridge would have started by it, had its quickest news taken no time. */
  #starts;

  /** @returns seconds that news of then were under way; 0 while nothing is known to hold them against */
  of(uptimeS) {
    const [now, starts] = [stamp(), this.#starts];
    this.#starts = Object.fromEntries(
      CLOCKS.map((clock) => [clock, Math.min(now[clock] - uptimeS * 1000, starts?.[clock] ?? Infinity)]),
    );
    return Math.max(...CLOCKS.map((clock) => now[clock] - uptimeS * 1000 - this.#starts[clock])) / 1000;
  }

  /**
   * An answer to what was asked so many seconds ago cannot be later than that: a clock was set, or the bridge began anew.
   * @returns whether that is so
   */
  settle(uptimeS, askedS) {
    if (this.of(uptimeS) <= LATE_S + askedS) return false;
    this.#starts = undefined;
    this.of(uptimeS);
    return true;
  }
}
