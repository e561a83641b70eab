import { DAY_MS } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { MeterClock } from '../model/reading.ts';
import { EPC } from '../echonet/epc.ts';
import { edtOf } from '../echonet/frame.ts';
import { decodeDate, decodeTimeOfDay } from '../echonet/time.ts';
import type { MeterAnswer } from './meter-client.ts';

const MINUTE_MS = 60_000;
/** A meter that is asked for one property at a time sends time and date in two answers. Further apart they are not compared. */
const PAIR_MS = MINUTE_MS;
/** A request that waited longer, for airtime or a module that hung: nobody knows when the meter said it. */
const MOST_TRIP_MS = MINUTE_MS;
/** A larger difference is logged. We measure it to half a minute, and half hours are announced some minutes late anyway. */
const WARN_MS = 3 * MINUTE_MS;
/** At most one warning a day, however often a clock is set. */
const WARN_EVERY_MS = DAY_MS;

interface Told {
  /** Undefined: not a time. */
  readonly ms: number | undefined;
  /** When the meter said it, by our two clocks: half a round trip before it arrived. */
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Compares the meter's clock (97 and 98, JST) with ours. */
export class ClockCheck {
  readonly #clock: Clock;
  readonly #log: Log;
  #time: Told | undefined;
  #date: Told | undefined;
  #warnedMs = -Infinity;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** It may be with another meter: a time and a date from two sessions must not be compared. */
  newSession(): void {
    this.#time = this.#date = undefined;
  }

  /** @returns undefined when this answer leaves nothing to compare. */
  compare({ properties, datagram, roundTripMs = 0 }: MeterAnswer): MeterClock | undefined {
    if (roundTripMs > MOST_TRIP_MS) return undefined;
    const said = { wallMs: datagram.atMs - roundTripMs / 2, monotonicMs: datagram.monotonicMs - roundTripMs / 2 };
    const [time, date] = [edtOf(properties, EPC.currentTime), edtOf(properties, EPC.currentDate)];
    if (time) this.#time = { ...said, ms: decodeTimeOfDay(time) };
    if (date) this.#date = { ...said, ms: decodeDate(date) };
    if (!this.#time || !this.#date) return undefined;
    const skew = skewOf(this.#time, this.#date);
    if (skew === 'apart') return undefined;
    this.newSession();
    if (skew === undefined) return { atMs: datagram.atMs };
    this.#warn(skew);
    return { atMs: datagram.atMs, skewMs: skew };
  }

  #warn(skewMs: number): void {
    const now = this.#clock.monotonicMs();
    if (Math.abs(skewMs) <= WARN_MS || now < this.#warnedMs + WARN_EVERY_MS) return;
    this.#warnedMs = now;
    this.#log.warn({ skewS: Math.round(skewMs / 1000) }, 'meter’s clock and ours differ: is this machine’s clock set?');
  }
}

/** @returns ms, meter minus ours; undefined when the meter told no time; `apart` when the two do not belong together. */
function skewOf(time: Told, date: Told): number | 'apart' | undefined {
  const laterMs = date.monotonicMs - time.monotonicMs;
  if (Math.abs(laterMs) > PAIR_MS) return 'apart';
  // 24:00 can be the end of the date that was sent or of the day before: we cannot know which.
  if (time.ms === undefined || time.ms >= DAY_MS || date.ms === undefined) return undefined;
  const isOverMidnight = laterMs !== 0 && (time.ms + laterMs < MINUTE_MS || time.ms + laterMs > DAY_MS - 2 * MINUTE_MS);
  if (isOverMidnight) return 'apart';
  const middle = date.ms + time.ms + MINUTE_MS / 2;
  return middle - time.wallMs;
}
