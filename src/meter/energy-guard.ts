/** kW of a household without a known contract: 60 A at 200 V. */
const USUAL_MOST_KW = 12;
/** Power is a sample, a register is a sum: between two samples more may have flowed than either shows. */
const BETWEEN_SAMPLES = 1.5;
/** Readings, and the time they must span, that confirm what looked wrong. */
const CONFIRMATIONS = 3;
const CONFIRMATION_SPAN_MS = 5 * 60_000;
/** A fall from the top hundredth of the counter to its bottom hundredth is a roll-over. */
const ROLL_OVER_ZONE = 0.01;
/** A stamp older than this program was made by a clock that was not set: it does not tell how long we were away. */
const CLOCK_WAS_SET_MS = Date.UTC(2025, 0);

/** A register told for a whole minute may be so old. */
const VIEW_AGE_MS = 2 * 60_000;

/** One register's last accepted value, as it is remembered over restarts. */
export interface Accepted {
  readonly kwh: number;
  /** Wall clock ms. */
  readonly atMs: number;
}

export interface RegisterForm {
  /** Smallest step of the register, kWh. */
  readonly stepKwh: number;
  /** Where it rolls over to 0, kWh. */
  readonly modulusKwh: number;
  /** What a house moves it by without anybody wondering, kW. Only a floor: measured power allows as much as it shows. */
  readonly mostKw: number;
}

/** @param contractAmpere at 200 V, the double of what the contract lets through for long. It binds what is bought alone. */
export const mostKw = (contractAmpere: number | undefined, coefficient: number): number =>
  2 * coefficient * (contractAmpere === undefined ? USUAL_MOST_KW : contractAmpere * 0.2);

export type Verdict =
  | { readonly accepted: true; readonly why: 'growth' | 'first' | 'roll-over' | 'confirmed' }
  | { readonly accepted: false; readonly why: 'fall' | 'jump' };

/** Readings held back, each no less than the one before. */
interface Held {
  readonly count: number;
  /** When the first came. */
  readonly sinceMs: number;
  /** The newest. */
  readonly kwh: number;
}

/**
 * Lets a cumulative register pass only when it behaves like one. Home Assistant books every glitch for ever, so a fall, or
 * a jump beyond what the power measured since can explain, is held back and counted until three readings over five minutes
 * went on from each other, at whatever pace.
 *
 * Where nothing was measured for a while, the power at both ends and the floor bound what passed meanwhile, not the most
 * ever seen: to hold a good register back costs five minutes, to let a bad one pass is booked for ever.
 */
export class EnergyGuard {
  #last: Accepted | undefined;
  #lastMonotonicMs: number | undefined;
  #held: Held | undefined;
  /** kW towards this register: the newest sample, and the highest since the last accepted reading. */
  #newestKw = 0;
  #peakKw = 0;
  /** Readings held back since the start. */
  heldBack = 0;

  constructor(remembered?: Accepted) {
    this.#last = remembered;
  }

  get last(): Accepted | undefined {
    return this.#last;
  }

  /** The newest reading was held back, and none has been accepted since. */
  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  /** Power towards this register, kW; 0 while it flows the other way, undefined where an answer does not say. */
  sample(kw: number | undefined): void {
    if (kw === undefined) return;
    this.#newestKw = kw;
    this.#peakKw = Math.max(this.#peakKw, kw);
  }

  /** Another meter: whatever it shows first is right. */
  forget(): void {
    this.#last = undefined;
    this.#lastMonotonicMs = undefined;
    this.#held = undefined;
  }

  /** Another view of this register, some minutes older at most: whether it may be true. Not while a reading is held back. */
  fits(kwh: number, monotonicMs: number, form: RegisterForm): boolean {
    if (this.#lastMonotonicMs === undefined || this.isHolding) return false;
    const { kwh: last } = this.#last as Accepted;
    const mostKw = Math.max(form.mostKw, BETWEEN_SAMPLES * this.#peakKw);
    const apartMs = monotonicMs - this.#lastMonotonicMs + VIEW_AGE_MS;
    return grows(Math.min(last, kwh), Math.max(last, kwh), apartMs, { ...form, mostKw });
  }

  judge(kwh: number, atMs: number, monotonicMs: number, form: RegisterForm): Verdict {
    const verdict = this.#verdict(kwh, atMs, monotonicMs, form);
    if (verdict.accepted) {
      this.#last = { kwh, atMs };
      this.#lastMonotonicMs = monotonicMs;
      this.#held = undefined;
      this.#peakKw = this.#newestKw;
    } else {
      this.heldBack++;
    }
    return verdict;
  }

  #verdict(kwh: number, atMs: number, monotonicMs: number, form: RegisterForm): Verdict {
    if (!this.#last) return { accepted: true, why: 'first' };
    // Across a restart only the wall clock knows how long we were away; within a run the monotonic one cannot jump.
    const awayMs = this.#last.atMs < CLOCK_WAS_SET_MS ? 0 : atMs - this.#last.atMs;
    const elapsedMs = this.#lastMonotonicMs === undefined ? awayMs : monotonicMs - this.#lastMonotonicMs;
    const most = Math.max(form.mostKw, BETWEEN_SAMPLES * this.#peakKw);
    if (grows(this.#last.kwh, kwh, elapsedMs, { ...form, mostKw: most })) return { accepted: true, why: 'growth' };
    const zone = ROLL_OVER_ZONE * form.modulusKwh;
    if (this.#last.kwh >= form.modulusKwh - zone && kwh <= zone) return { accepted: true, why: 'roll-over' };
    if (this.#confirmed(kwh, monotonicMs)) return { accepted: true, why: 'confirmed' };
    return { accepted: false, why: kwh < this.#last.kwh ? 'fall' : 'jump' };
  }

  #confirmed(kwh: number, monotonicMs: number): boolean {
    // Of a fall only one side is the register: it does not go on from the other.
    const before = this.#held && kwh >= this.#held.kwh ? this.#held : { count: 0, sinceMs: monotonicMs };
    this.#held = { ...before, count: before.count + 1, kwh };
    return this.#held.count >= CONFIRMATIONS && monotonicMs - before.sinceMs >= CONFIRMATION_SPAN_MS;
  }
}

function grows(from: number, to: number, elapsedMs: number, { mostKw, stepKwh }: RegisterForm): boolean {
  const mostKwh = (Math.max(0, elapsedMs) / 3_600_000) * mostKw + 2.001 * stepKwh; // 1000.2 − 1000 is a little over 0.2
  return to >= from && to - from <= mostKwh;
}
