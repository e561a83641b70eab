/** A meter must take six properties in one request (AIF); some answer fewer, and larger answers are lost more easily. */
export const MOST_PROPERTIES = 6;
const SUCCESSES_TO_GROW = 100;
/** A size that failed again is tried again after twice as many successes, up to so many doublings. */
const MOST_DOUBLINGS = 5;
/** Refusals that only size explains, before the size is changed for them. */
const EVIDENCE = 2;

/**
 * How many properties one Get may ask for, found out by what the meter answers. Only evidence shrinks it: a larger
 * request lost twice and a smaller one answered right after, since a lost one alone is just the radio; or twice a larger
 * one refused in part whose rest was then answered in smaller ones. An answer that came late takes its loss back.
 */
export class RequestSize {
  #limit: number;
  #lostAt: number[] = [];
  #refusedAt: number[] = [];
  #successes = 0;
  #shrinks = 0;

  /** @param remembered what the same meter took before */
  constructor(remembered = MOST_PROPERTIES) {
    this.#limit = remembered;
  }

  /** Properties the next request may hold. After two losses of a larger one a single property is tried. */
  get next(): number {
    return this.#lostAt.length >= 2 ? 1 : this.#limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** What was lost before was lost with the session: it says nothing about the size. */
  newSession(): void {
    this.#lostAt = [];
  }

  lost(size: number): void {
    this.#successes = 0;
    if (size > 1) this.#lostAt.push(size);
  }

  /** A request was answered in time, with so many properties. */
  answered(size: number): void {
    const smallestLost = Math.min(...this.#lostAt);
    if (this.#lostAt.length >= 2 && size < smallestLost) this.#shrink(Math.floor(smallestLost / 2));
    this.#lostAt = [];
    this.#refusedAt = this.#refusedAt.filter((refused) => refused > size);
    if (++this.#successes < SUCCESSES_TO_GROW * 2 ** Math.min(Math.max(0, this.#shrinks - 1), MOST_DOUBLINGS)) return;
    this.#successes = 0;
    this.#limit = Math.min(MOST_PROPERTIES, this.#limit + 1);
  }

  /** A request was refused in part, and all of the rest was answered in requests of at most `fits`. */
  refused(size: number, fits: number): void {
    this.#refusedAt.push(size);
    if (this.#refusedAt.length >= EVIDENCE) this.#shrink(fits);
  }

  /** The answer to a request given up, not much too late: the meter answers so many, and the loss was none. */
  late(size: number, told: number): void {
    const at = this.#lostAt.indexOf(size);
    if (at >= 0) this.#lostAt.splice(at, 1);
    if (told <= this.#limit) return;
    this.#limit = Math.min(MOST_PROPERTIES, told);
    this.#shrinks = Math.max(0, this.#shrinks - 1);
  }

  #shrink(to: number): void {
    this.#refusedAt = [];
    this.#successes = 0;
    this.#shrinks++;
    this.#limit = Math.max(1, Math.min(this.#limit, to));
  }
}
