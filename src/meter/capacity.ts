import { toldOf } from '../echonet/frame.ts';
import type { MeterAnswer } from './meter-client.ts';
import { CEILING_MS } from './round-trips.ts';
import type { RoundTrips } from './round-trips.ts';

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

/** What is kept of it over restarts. */
export interface RememberedCapacity {
  /** How many properties the meter answers at a time. */
  readonly requestSize?: number;
  /** How slowly it answers: 95th percentile of its round trips, ms. */
  readonly roundTripMs?: number;
}

/** How many properties one meter answers at a time, and how soon. Another meter is found out anew. */
export class Capacity {
  readonly #roundTrips: RoundTrips;
  readonly #replyTimeoutMs: number | undefined;
  #macAddress: string | undefined;
  #size = new RequestSize();

  /** @param replyTimeoutS fixes the time-out instead of measuring it */
  constructor(roundTrips: RoundTrips, replyTimeoutS: number | undefined) {
    this.#roundTrips = roundTrips;
    this.#replyTimeoutMs = replyTimeoutS === undefined ? undefined : replyTimeoutS * 1000;
  }

  /** A session begins. @param remembered counts when it is of the meter with this EUI-64 */
  begin(macAddress: string, remembered: RememberedCapacity & { readonly macAddress?: string }): void {
    if (this.#macAddress !== macAddress) {
      const isSame = remembered.macAddress === macAddress;
      this.#size = new RequestSize(isSame ? remembered.requestSize : undefined);
      this.#roundTrips.begin(isSame ? remembered.roundTripMs : undefined);
    }
    this.#macAddress = macAddress;
    this.#size.newSession();
  }

  get size(): RequestSize {
    return this.#size;
  }

  get timeoutMs(): number {
    return this.#replyTimeoutMs ?? this.#roundTrips.timeoutMs;
  }

  /** What the time of an answer says of the size. */
  accept({ roundTripMs = Infinity, asked, isLate, properties }: MeterAnswer): void {
    const told = toldOf(properties);
    // Too late for any time-out of ours it is no proof that so much can be asked.
    if (asked && isLate && roundTripMs <= (this.#replyTimeoutMs ?? CEILING_MS))
      this.#size.late(asked.length, asked.filter((code) => told.has(code)).length);
  }

  /** To be remembered of the meter with this EUI-64. */
  rememberedOf(macAddress: string | undefined): RememberedCapacity {
    const { p95Ms } = this.#roundTrips;
    if (macAddress === undefined || macAddress !== this.#macAddress) return {};
    return { requestSize: this.#size.limit, ...(p95Ms === undefined ? {} : { roundTripMs: Math.ceil(p95Ms) }) };
  }
}
