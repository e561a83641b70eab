import { ReadingsLedger } from './readings-ledger.ts';

/** Of those that came, so many may come again. */
const KEPT = 64;
/** In flight, and what one answer of the meter's memory told. */
const LATELY = 18;

/** The books of a stream whose messages have no number: what was told must come, in that order, byte for byte. */
export class StreamBooks {
  readonly ledger = new ReadingsLedger();
  #keys: string[] = [];
  /** How many of the keys came. */
  #next = 0;
  #seq = 0;

  owes(key: string): void {
    this.#keys.push(key);
    this.ledger.owes(1);
  }

  /** @returns what is wrong with a message that came, in words. */
  came(key: string): string | undefined {
    const at = this.#indexOf(key);
    if (at < 0) return `${key} was never told`;
    const seq = this.#seq + at + 1;
    this.#next = Math.max(this.#next, at + 1);
    return this.ledger.came(1, seq);
  }

  /** After a kill a message may have been told twice: the next one is meant, or one that came lately, or one further on. */
  #indexOf(key: string): number {
    if (this.#keys[this.#next] === key) return this.#next;
    const lately = this.#keys.slice(0, this.#next).lastIndexOf(key);
    const ahead = this.#keys.indexOf(key, this.#next);
    return ahead < 0 || (lately >= 0 && this.#next - lately <= LATELY) ? lately : ahead;
  }

  /** Nothing waits any more. @returns what is wrong, in words. */
  close(): string | undefined {
    const gone = Math.max(0, this.#keys.length - KEPT);
    this.#keys = this.#keys.slice(gone);
    this.#seq += gone;
    this.#next = this.#keys.length;
    return this.ledger.close();
  }
}
