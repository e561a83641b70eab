import type { HalfHourArchive } from '../archive/half-hour-archive.ts';
import type { Clock } from '../kernel/clock.ts';
import { DAY_MS, HALF_HOUR_MS, isoJst, jstMidnight } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { isEmpty, kwhOf } from '../echonet/energy.ts';
import type { Registers } from '../echonet/energy.ts';
import { EPC } from '../echonet/epc.ts';
import { HISTORY2 } from '../echonet/history.ts';
import type { EnergyScale, HalfHour } from '../model/reading.ts';
import { HistoryGaps, OLDEST_DAY } from './history-gaps.ts';
import type { MemoryFailure, MemoryQuestions } from './memory-questions.ts';

/** Between two steps: what is missing is wanted, but live values come first; the past has all the time. */
export const GAP_PACE_MS = 8000;
const PAST_PACE_MS = 60_000;
/** After a failure, times how many there were in a row. */
export const RETRY_PACE_MS = 60_000;
export const TRIES = 3;
/** E5 counts days back from the meter's own today: nothing is asked while that changes. */
const MIDNIGHT_MS = 5 * 60_000;

export interface HistoryDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly questions: Pick<MemoryQuestions, 'slots' | 'day'>;
  readonly archive: HalfHourArchive;
  /** A mark that had been missed, with its registers, oldest first. The archive has it. */
  readonly onFilled: (halfHour: HalfHour) => void;
}

/** The meter that is asked. */
export interface HistoryOf {
  /** Its name in the archive. */
  readonly meter: string;
  readonly scale: EnergyScale;
  readonly getMap: readonly number[];
}

/**
 * Reads from the memory of one meter, over one session, what the archive lacks: gaps first, from their oldest mark on, by
 * slots (ED, EC) and where those hold nothing by days (E5 with E2 and E4); then the past, day by day back, until the
 * meter has none. What a lost session breaks off the next one continues, for the archive tells what is missing.
 */
export class HistoryReader {
  readonly #of: HistoryOf;
  readonly #deps: HistoryDeps;
  #gaps: HistoryGaps | undefined;
  #newest: { readonly markMs: number; readonly monotonicMs: number } | undefined;
  #nextMs = Infinity;
  #failures = 0;
  /** Half hours that one answer may hold. */
  #slots = HISTORY2.maxCount;
  /** By slots the meter has nothing up to this mark. */
  #slotsFromMs: number;
  /** Whether it can be asked for whole days: never, or not in this session any more. */
  #days: 'yes' | 'never' | 'not now';

  constructor(of: HistoryOf, deps: HistoryDeps) {
    const has = (...epcs: readonly number[]): boolean => epcs.every((epc) => of.getMap.includes(epc));
    this.#of = of;
    this.#deps = deps;
    this.#slotsFromMs = has(EPC.history2, EPC.history2Request) ? -Infinity : Infinity;
    this.#days = has(EPC.importHistory, EPC.historyDay) ? 'yes' : 'never';
  }

  /** Monotonic ms when the next step may be taken; Infinity: nothing is to be read. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** The meter told a mark, which the archive has. */
  told(markMs: number): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#newest && markMs <= this.#newest.markMs) return;
    this.#newest = { markMs, monotonicMs: nowMs };
    this.#gaps?.told(markMs);
    if (this.#nextMs === Infinity) this.#nextMs = nowMs + GAP_PACE_MS;
  }

  /** One question to the meter. @throws BridgeError that ends the session, or the signal's reason. */
  async step(signal: AbortSignal): Promise<void> {
    const gaps = (this.#gaps ??= await this.#find());
    if (gaps) {
      const [first] = gaps.gaps;
      if (first !== undefined && first > this.#slotsFromMs) await this.#bySlots(gaps, first, signal);
      else if (first === undefined && this.#days !== 'yes') await this.#pastBySlots(gaps, signal);
      else await this.#byDay(gaps, first, signal);
    }
    this.#nextMs = this.#deps.clock.monotonicMs() + this.#paceMs();
  }

  async #find(): Promise<HistoryGaps | undefined> {
    const { archive, log } = this.#deps;
    if (!this.#newest) return undefined;
    try {
      const found = await HistoryGaps.find(archive, this.#of.meter, this.#newest.markMs);
      const { length: missing, 0: first = 0 } = found.gaps;
      if (missing > 0)
        log.info({ missing, first: isoJst(first) }, 'half hours are missing: the meter is asked for them');
      return found;
    } catch (error) {
      log.warn({ err: error }, 'archive of half hours cannot be read: nothing is filled in this session');
      return undefined;
    }
  }

  #paceMs(): number {
    if (!this.#gaps) return Infinity;
    if (this.#failures > 0) return this.#failures * RETRY_PACE_MS;
    const [first] = this.#gaps.gaps;
    if (first !== undefined && first > this.#slotsFromMs) return GAP_PACE_MS;
    if (first !== undefined) return this.#days === 'not now' ? Infinity : GAP_PACE_MS;
    const canAsk = this.#days === 'yes' || this.#slotsFromMs < Infinity;
    return this.#gaps.pastMs === undefined || !canAsk ? Infinity : PAST_PACE_MS;
  }

  async #bySlots(gaps: HistoryGaps, first: number, signal: AbortSignal): Promise<void> {
    const count = Math.min(this.#slots, (gaps.newestMs - first) / HALF_HOUR_MS + 1);
    const atMs = first + (count - 1) * HALF_HOUR_MS;
    const values = await this.#deps.questions.slots(atMs, count, signal);
    if (typeof values === 'string') return this.#slotsFailed(values);
    this.#failures = 0;
    const wanted = new Set(gaps.gaps);
    for (let i = count - 1; i >= 0; i--) {
      const [markMs, registers = {}] = [atMs - i * HALF_HOUR_MS, values[i]];
      if (!wanted.has(markMs)) continue;
      if (isEmpty(registers)) this.#slotsFromMs = Math.max(this.#slotsFromMs, markMs);
      else this.#fill(gaps, markMs, registers);
    }
  }

  /** Where whole days cannot be had: the slots before the oldest mark, until a question for them finds none. */
  async #pastBySlots(gaps: HistoryGaps, signal: AbortSignal): Promise<void> {
    const { archive, questions } = this.#deps;
    const { oldestMs } = archive;
    if (oldestMs === undefined || gaps.pastMs === undefined || this.#slotsFromMs === Infinity) return;
    const atMs = oldestMs - HALF_HOUR_MS;
    const values = await questions.slots(atMs, this.#slots, signal);
    if (typeof values === 'string') return this.#slotsFailed(values);
    this.#failures = 0;
    for (const [i, registers] of values.entries()) this.#fill(gaps, atMs - i * HALF_HOUR_MS, registers);
    while (gaps.pastMs !== undefined && gaps.pastMs > atMs) gaps.pastRead(true);
    if (values.every(isEmpty)) gaps.pastRead(false);
  }

  /** @param gapMs of the day that is read; undefined: the next one of the past */
  async #byDay(gaps: HistoryGaps, gapMs: number | undefined, signal: AbortSignal): Promise<void> {
    const midnightMs = gapMs === undefined ? gaps.pastMs : jstMidnight(gapMs);
    if (midnightMs === undefined || this.#days === 'not now' || this.#isMidnight()) return;
    const day = (jstMidnight(this.#meterNowMs()) - midnightMs) / DAY_MS;
    const isOutOfReach = this.#days === 'never' || day > OLDEST_DAY || day < 0;
    const hasExport = this.#of.getMap.includes(EPC.exportHistory);
    let values = isOutOfReach ? [] : await this.#deps.questions.day(day, hasExport, signal);
    if (typeof values === 'string') {
      if (!this.#dayFailed(gaps, values)) return;
      values = []; // refused again and again: it is beyond what the meter remembers
    }
    this.#failures = 0;
    const wanted = new Set(gaps.gaps);
    const oldestMs = this.#deps.archive.oldestMs ?? Infinity;
    for (let slot = 0; slot < DAY_MS / HALF_HOUR_MS; slot++) {
      const markMs = midnightMs + slot * HALF_HOUR_MS;
      const isMissing = gapMs === undefined ? markMs < oldestMs : wanted.has(markMs);
      if (isMissing) this.#fill(gaps, markMs, values[slot] ?? {});
    }
    if (gapMs === undefined) gaps.pastRead(!values.every(isEmpty));
  }

  /** Less is asked at once where an answer is cut or lost, and whole days where slots are refused. */
  #slotsFailed(failure: MemoryFailure): void {
    if (++this.#failures < TRIES && failure !== 'cut') return;
    this.#failures = 0;
    if (failure === 'refused' || this.#slots === 1) this.#slotsFromMs = Infinity;
    else this.#slots = Math.ceil(this.#slots / 2);
  }

  /** @returns whether the day is given up. */
  #dayFailed({ gaps: { length: missing } }: HistoryGaps, failure: MemoryFailure): boolean {
    const { log } = this.#deps;
    if (++this.#failures < TRIES && failure !== 'cut') return false;
    if (failure === 'refused') return true;
    this.#failures = 0;
    this.#days = 'not now';
    if (failure === 'cut') log.warn({ missing }, 'this stick cuts long answers: whole days of the past cannot be read');
    else log.info({ missing }, 'answers of the meter’s memory are lost: asked again in the next session');
    return false;
  }

  #fill(gaps: HistoryGaps, markMs: number, registers: Registers): void {
    const { archive, log, onFilled } = this.#deps;
    const { meter, scale } = this.#of;
    const isGap = gaps.filled(markMs);
    const told: HalfHour = { markMs, ...kwhOf(registers, scale) };
    const why = isGap ? gaps.objectionTo(meter, told) : undefined;
    if (why)
      log.warn(
        { mark: isoJst(markMs), ...told, ...why },
        'half hour of the meter’s memory does not fit its neighbours: left out',
      );
    const before = archive.at(markMs); // a half of it, or told meanwhile by a late answer
    archive.add(meter, why ? { markMs } : told);
    const isNews = !before || archive.at(markMs) !== before;
    if (isGap && !why && !isEmpty(registers) && isNews) onFilled(told);
    if (isGap && gaps.gaps.length === 0)
      log.info({ until: isoJst(markMs) }, 'half hours filled from the meter’s memory');
  }

  #isMidnight(): boolean {
    const nowMs = this.#meterNowMs();
    const intoDayMs = nowMs - jstMidnight(nowMs);
    return intoDayMs < MIDNIGHT_MS || intoDayMs > DAY_MS - MIDNIGHT_MS;
  }

  /** By its newest mark, which is told some minutes late, or by our clock where the two agree. */
  #meterNowMs(): number {
    const { clock } = this.#deps;
    const { markMs, monotonicMs } = this.#newest ?? { markMs: 0, monotonicMs: 0 };
    const byMarkMs = markMs + clock.monotonicMs() - monotonicMs;
    const aheadMs = clock.now() - byMarkMs;
    return aheadMs >= 0 && aheadMs < 2 * HALF_HOUR_MS ? clock.now() : byMarkMs;
  }
}
