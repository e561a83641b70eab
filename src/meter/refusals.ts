import { EPC } from '../echonet/epc.ts';

/** Is never given up, not even for a minute. */
const VITAL = EPC.power;
const MINUTE_MS = 60_000;
/** A refusal that is believed is put to the meter again after so long; the last again and again. */
const RETRY_MS = [1, 5, 15, 60, 360].map((minutes) => minutes * MINUTE_MS);

interface Refusal {
  /** Properties the next request that asks for it may hold: fewer than the one in which it was refused. */
  readonly atMost: number;
  /** How often it was refused with nothing asked beside it. */
  readonly believed: number;
  /** Monotonic ms when one that is believed is asked again. */
  readonly dueMs: number;
}

/**
 * What a refusal means. Beside others it may only mean that too much was asked: the property is asked again in a smaller
 * request, then alone. Refused alone it is believed, and asked again after minutes, then hours: what the Get map offers
 * and the meter refuses is a temporary state by the standard.
 */
export class Refusals {
  readonly #refusals = new Map<number, Refusal>();

  /** The meter refused it when nothing else was asked, and has not told it since. */
  isBelieved(code: number): boolean {
    return (this.#refusals.get(code)?.believed ?? 0) > 0;
  }

  /** Those of `codes` worth asking now, the doubtful ones last. Of the believed ones one at a time: the others must not wait for them. */
  askable(codes: readonly number[], nowMs: number): number[] {
    const isDue = (code: number): boolean => nowMs >= (this.#refusals.get(code)?.dueMs ?? 0);
    const retried = codes.find((code) => this.isBelieved(code) && isDue(code));
    return codes
      .filter((code) => !this.isBelieved(code) || code === retried || code === VITAL)
      .sort((one, other) => this.#atMost(other) - this.#atMost(one));
  }

  /** As many of `codes`, from the first on, as one request may hold. */
  group(codes: readonly number[], most: number): number[] {
    const group: number[] = [];
    let limit = most;
    for (const code of codes) {
      limit = Math.min(limit, this.#atMost(code));
      if (group.length >= limit) break;
      group.push(code);
    }
    return group;
  }

  /** Learns from the answer to one Get. @param told the EPCs that came with data */
  accept(asked: readonly number[], told: ReadonlySet<number>, nowMs: number): void {
    const toldOfAsked = asked.filter((code) => told.has(code)).length;
    for (const code of told) this.#refusals.delete(code);
    for (const code of asked) if (!told.has(code)) this.#refused(code, fewerThan(asked.length, toldOfAsked), nowMs);
  }

  #refused(code: number, atMost: number, nowMs: number): void {
    const { believed = 0, dueMs = 0 } = this.#refusals.get(code) ?? {};
    if (atMost > 0) {
      this.#refusals.set(code, { atMost, believed, dueMs });
      return;
    }
    const waitMs = RETRY_MS[Math.min(believed, RETRY_MS.length - 1)]!;
    this.#refusals.set(code, { atMost: 1, believed: believed + 1, dueMs: nowMs + waitMs });
  }

  #atMost(code: number): number {
    return this.#refusals.get(code)?.atMost ?? Infinity;
  }
}

/** Properties a request may hold after one of `asked` of which the meter told `told`; 0: it was alone already. */
export const fewerThan = (asked: number, told: number): number => (told > 0 ? told : Math.floor(asked / 2));
