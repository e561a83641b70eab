/** A meter must take six properties in one request (AIF); some answer fewer, and larger answers are lost more easily. */
const MOST = 6;
const SUCCESSES_TO_GROW = 100;

/**
 * How many properties one Get may ask for, found out by what the meter answers. Only evidence shrinks it: a larger
 * request lost twice and a smaller one answered right after, since a lost one alone is just the radio.
 */
export class RequestSize {
  #limit = MOST;
  #lostAt: number[] = [];
  #successes = 0;

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

  answered(size: number): void {
    const smallestLost = Math.min(...this.#lostAt);
    if (this.#lostAt.length >= 2 && size < smallestLost) this.#limit = Math.max(1, Math.floor(smallestLost / 2));
    this.#lostAt = [];
    if (++this.#successes < SUCCESSES_TO_GROW) return;
    this.#successes = 0;
    this.#limit = Math.min(MOST, this.#limit + 1);
  }
}
