import { HALF_HOUR_MS } from '../kernel/clock.ts';
import { EPC } from '../echonet/epc.ts';
import { hasJumped, METER_CLOCK_INTERVAL_S } from '../model/reading.ts';
import type { MeterSettings } from '../model/settings.ts';

/** A meter announces a half-hour mark within 5 minutes; without it we ask a minute later. */
const MARK_PATIENCE_MS = 6 * 60_000;
/** A question for a mark that brought no new one is put again after so long, then after twice as long, up to a half hour. */
const MARK_PACE_MS = 5 * 60_000;

/** The meter's clock is asked along with what is asked anyway, in the room one request has; after this wait regardless. */
const ROOM = 6;
const CLOCK_PATIENCE_MS = 10 * 60_000;
/** Half hours and days are the meter's: until it was asked once in a session, it waits no longer than this. */
const FIRST_CLOCK_PATIENCE_MS = 30_000;
/** After a jump of our clock, no sooner than this after the question before. */
const CLOCK_PACE_MS = 60_000;

interface Item {
  readonly epcs: readonly number[];
  everyMs: number;
  dueMs: number;
}

/** By our two clocks, and whether the meter told it unasked. */
export interface MarkReceipt {
  readonly nowMs: number;
  readonly wallMs: number;
  readonly isAnnounced: boolean;
}

/** What to ask at which moment of the monotonic clock. Only what the meter's Get map offers is ever asked. */
export class PollPlan {
  readonly #instant: Item;
  readonly #energy: Item;
  readonly #clock: Item;
  /** When the meter's clock was last asked for, by our two clocks. */
  #clockAsked: { readonly monotonicMs: number; readonly wallMs: number } | undefined;
  #offered: ReadonlySet<number> | undefined;
  /** The half-hour mark the meter told last. Only the meter says which marks there are: our clock may be wrong. */
  #markMs: number | undefined;
  /** Monotonic ms when the next mark is asked for, if it has not been announced by then. */
  #markDueMs: number;
  #markPaceMs = MARK_PACE_MS;
  /** What the request under way asks: what falls due meanwhile waits for the next one. */
  #asking: readonly Item[] = [];

  constructor({ intervalS, energyIntervalS }: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>, nowMs: number) {
    this.#instant = { epcs: [EPC.power, EPC.currents], everyMs: intervalS * 1000, dueMs: nowMs };
    const registers = [EPC.importEnergy, EPC.exportEnergy, EPC.oneMinuteEnergy, EPC.faultStatus];
    this.#energy = { epcs: registers, everyMs: energyIntervalS * 1000, dueMs: nowMs };
    const clock = [EPC.currentTime, EPC.currentDate];
    this.#clock = { epcs: clock, everyMs: METER_CLOCK_INTERVAL_S * 1000, dueMs: nowMs };
    this.#markDueMs = nowMs;
  }

  /** @param getMap EPCs of property map 9F. Before it is known only E7 and E8 are asked, which every meter must have. */
  offer(getMap: readonly number[]): void {
    this.#offered = new Set(getMap);
  }

  /**
   * The meter told a half-hour mark. Our wall clock says how old it is, and so when the next one is to be expected; where
   * the two clocks disagree, one that was announced is new, and after one that was asked for a half hour brings another.
   */
  acceptMark(markMs: number, { nowMs, wallMs, isAnnounced }: MarkReceipt): void {
    if (markMs === this.#markMs) return;
    this.#markMs = markMs;
    this.#markPaceMs = MARK_PACE_MS;
    const ageMs = wallMs - markMs;
    const isPlausible = ageMs >= 0 && ageMs < HALF_HOUR_MS + MARK_PATIENCE_MS;
    const toNextMs = HALF_HOUR_MS + MARK_PATIENCE_MS - (isPlausible ? ageMs : isAnnounced ? 0 : MARK_PATIENCE_MS);
    this.#markDueMs = nowMs + toNextMs;
  }

  /** Power and currents are asked for at another interval. */
  pace(intervalS: number): void {
    this.#instant.everyMs = intervalS * 1000;
  }

  /** Everything is due now. */
  hurry(nowMs: number): void {
    this.#instant.dueMs = nowMs;
    this.#energy.dueMs = nowMs;
  }

  /**
   * EPCs due now, the instantaneous ones first.
   * @param wallMs for the meter's clock alone
   * @param countsEnergy its unit is known: half-hour marks can be read
   */
  due(nowMs: number, wallMs: number, countsEnergy = true): number[] {
    const items = this.#offered ? [this.#instant, this.#energy] : [this.#instant];
    this.#asking = items.filter((item) => item.dueMs <= nowMs);
    const epcs = this.#asking.flatMap((item) => item.epcs);
    if (countsEnergy && this.#offered && this.#areMarksDue(nowMs)) epcs.push(EPC.importAtMark, EPC.exportAtMark);
    const offered = epcs.filter((code) => !this.#offered || this.#offered.has(code));
    return [...offered, ...this.#dueClock(offered.length, nowMs, wallMs)];
  }

  /** Told or not, it is some minutes until the next question: a meter that goes on telling the old mark is not worn out. */
  #areMarksDue(nowMs: number): boolean {
    if (nowMs < this.#markDueMs) return false;
    this.#markDueMs = nowMs + this.#markPaceMs;
    this.#markPaceMs = Math.min(HALF_HOUR_MS, 2 * this.#markPaceMs);
    return true;
  }

  /** The meter's clock never makes a request of its own but where there is never room. */
  #dueClock(others: number, nowMs: number, wallMs: number): readonly number[] {
    const { epcs } = this.#clock;
    if (others === 0 || !epcs.every((code) => this.#offered?.has(code))) return [];
    const last = this.#clockAsked;
    if (last && hasJumped(last.wallMs - last.monotonicMs, wallMs, nowMs))
      this.#clock.dueMs = Math.min(this.#clock.dueMs, last.monotonicMs + CLOCK_PACE_MS);
    const waitedMs = nowMs - this.#clock.dueMs;
    const patienceMs = last ? CLOCK_PATIENCE_MS : FIRST_CLOCK_PATIENCE_MS;
    if (waitedMs < 0 || (others + epcs.length > ROOM && waitedMs < patienceMs)) return [];
    this.#clockAsked = { monotonicMs: nowMs, wallMs };
    this.#asking = [...this.#asking, this.#clock];
    return epcs;
  }

  /** To be told when what was due has been asked, answered or not. @param shortestMs never faster than this. */
  asked(nowMs: number, shortestMs: number): void {
    for (const item of this.#asking) {
      const everyMs = Math.max(item.everyMs, shortestMs);
      const missed = Math.floor((nowMs - item.dueMs) / everyMs);
      item.dueMs += (missed + 1) * everyMs; // keeps the beat: no drift, and no burst after a pause
    }
  }

  /** Monotonic ms when something is due again. */
  get nextMs(): number {
    return this.#offered ? Math.min(this.#instant.dueMs, this.#energy.dueMs) : this.#instant.dueMs;
  }
}
