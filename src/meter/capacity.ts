import { toldOf } from '../echonet/frame.ts';
import type { MeterAnswer } from './meter-client.ts';
import type { Remembered } from './meter-memory.ts';
import { RequestSize } from './request-size.ts';
import { CEILING_MS } from './round-trips.ts';
import type { RoundTrips } from './round-trips.ts';

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
  begin(macAddress: string, remembered: Remembered): void {
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
  heard({ roundTripMs = Infinity, asked, isLate, properties }: MeterAnswer): void {
    const told = toldOf(properties);
    // Too late for any time-out of ours it is no proof that so much can be asked.
    if (asked && isLate && roundTripMs <= (this.#replyTimeoutMs ?? CEILING_MS))
      this.#size.late(asked.length, asked.filter((code) => told.has(code)).length);
  }

  /** To be remembered of the meter with this EUI-64. */
  rememberedOf(macAddress: string | undefined): Pick<Remembered, 'requestSize' | 'roundTripMs'> {
    const { p95Ms } = this.#roundTrips;
    if (macAddress === undefined || macAddress !== this.#macAddress) return {};
    return { requestSize: this.#size.limit, ...(p95Ms === undefined ? {} : { roundTripMs: Math.ceil(p95Ms) }) };
  }
}
