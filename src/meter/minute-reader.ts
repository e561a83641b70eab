import type { Clock } from '../kernel/clock.ts';
import { isoJst } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { isEmpty, kwhOf } from '../echonet/energy.ts';
import type { Registers } from '../echonet/energy.ts';
import { EPC } from '../echonet/epc.ts';
import { HISTORY3 } from '../echonet/history.ts';
import type { MinuteRegisters } from '../model/reading.ts';
import { GAP_PACE_MS, RETRY_PACE_MS, TRIES } from './history-reader.ts';
import type { HistoryOf } from './history-reader.ts';
import type { MemoryFailure, MemoryQuestions } from './memory-questions.ts';
import { MINUTE_MS, PUT_BACK_MS } from './minute-trail.ts';
import type { MinuteTrail } from './minute-trail.ts';

export interface MinuteReaderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly questions: Pick<MemoryQuestions, 'minutes'>;
  readonly trail: MinuteTrail;
}

/** Where the meter’s memory begins is looked for: it has nothing up to `lackMs`, and something from `hasMs` on. */
interface Search {
  lackMs: number;
  hasMs: number | undefined;
  /** How far ahead of `lackMs` is asked next. */
  strideMs: number;
}

export const keepsMinutes = (getMap: readonly number[]): boolean =>
  [EPC.history3, EPC.history3Request].every((epc) => getMap.includes(epc));

/**
 * Brings the stream of minutes up to what one meter tells now, over one session: a minute that follows the last goes on at
 * once, what lies between is read from its memory (EF, EE), oldest first. How far back that reaches is found out.
 */
export class MinuteReader {
  readonly #of: HistoryOf;
  readonly #deps: MinuteReaderDeps;
  #newest: MinuteRegisters | undefined;
  #nextMs = Infinity;
  #failures = 0;
  /** Minutes that one answer may hold. */
  #slots = HISTORY3.maxCount;
  #search: Search | undefined;
  /** It names the properties and refuses them. */
  #refuses = false;

  constructor(of: HistoryOf, deps: MinuteReaderDeps) {
    this.#of = of;
    this.#deps = deps;
  }

  /** Monotonic ms when the next step may be taken; Infinity: nothing is to be read. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** The meter told its registers at this minute (D0), or that it has come so far (a half-hour mark). */
  told(minute: MinuteRegisters): void {
    const { clock, trail } = this.#deps;
    const { meter } = this.#of;
    const isGap = trail.lacksBefore(meter, minute);
    const aheadMs = (this.#newest?.minuteMs ?? -Infinity) - minute.minuteMs;
    const isOld = aheadMs === 0 ? isUnknown(minute) : aheadMs > 0 && aheadMs <= PUT_BACK_MS;
    if (isOld || minute.minuteMs < (trail.nextMs ?? 0)) return;
    this.#newest = minute;
    if (this.#refuses) this.#giveUp(minute);
    else if (!isGap && !isUnknown(minute)) trail.add(meter, minute);
    else if (this.#nextMs === Infinity && this.#slots > 0) this.#nextMs = clock.monotonicMs() + GAP_PACE_MS;
  }

  /** One question to the meter. @throws BridgeError that ends the session, or the signal's reason. */
  async step(signal: AbortSignal): Promise<void> {
    const { trail, clock } = this.#deps;
    const [newestMs = 0, nextMs = Infinity] = [this.#newest?.minuteMs, trail.nextMs];
    if (nextMs <= newestMs) await this.#ask(nextMs, newestMs, signal);
    const isLeft = (trail.nextMs ?? Infinity) <= (this.#newest?.minuteMs ?? 0);
    const paceMs = this.#failures > 0 ? this.#failures * RETRY_PACE_MS : GAP_PACE_MS;
    this.#nextMs = isLeft && this.#slots > 0 ? clock.monotonicMs() + paceMs : Infinity;
  }

  async #ask(nextMs: number, newestMs: number, signal: AbortSignal): Promise<void> {
    const search = this.#search;
    const reachMs = (this.#slots - 1) * MINUTE_MS;
    const lastMs = search ? probeOf(search, newestMs) : Math.min(nextMs + reachMs, newestMs);
    const firstMs = Math.max(lastMs - reachMs, search ? search.lackMs + MINUTE_MS : nextMs);
    const count = (lastMs - firstMs) / MINUTE_MS + 1;
    let values = await this.#deps.questions.minutes(lastMs, count, signal);
    if (typeof values === 'string') {
      if (!this.#isGivenUp(values, lastMs === newestMs)) return;
      values = []; // refused again and again: it is beyond what the meter remembers
    }
    this.#failures = 0;
    if (this.#refuses) return this.#giveUp(this.#newest);
    const hasAny = !values.every(isEmpty) || (values.length > 0 && this.#isTold(lastMs));
    if (!search && hasAny) return this.#addAll(firstMs, values.toReversed());
    const begun = { lackMs: lastMs, hasMs: undefined, strideMs: this.#slots * MINUTE_MS };
    this.#narrow(search ?? begun, hasAny ? firstMs : undefined, lastMs, newestMs);
  }

  /** The stream goes on with what the meter tells now. */
  #giveUp(newest: MinuteRegisters | undefined): void {
    const { trail } = this.#deps;
    this.#search = undefined;
    if (!newest) return;
    trail.skipTo(newest.minuteMs - MINUTE_MS);
    trail.add(this.#of.meter, newest);
  }

  #addAll(firstMs: number, values: readonly Registers[]): void {
    const { trail } = this.#deps;
    const { meter, scale } = this.#of;
    for (const [i, registers] of values.entries()) {
      const minuteMs = firstMs + i * MINUTE_MS;
      const read: MinuteRegisters = { minuteMs, ...kwhOf(registers, scale) };
      const isLate = isUnknown(read) && this.#isTold(minuteMs); // its memory comes after its register
      trail.add(meter, isLate ? (this.#newest ?? read) : read, this.#newest);
    }
  }

  /** @param hasMs the first minute of an answer that has something; undefined: there was nothing up to `lastMs` */
  #narrow(search: Search, hasMs: number | undefined, lastMs: number, newestMs: number): void {
    const { trail, log } = this.#deps;
    this.#search = search;
    if (hasMs === undefined) {
      search.lackMs = lastMs;
      search.strideMs *= 2;
    } else search.hasMs = hasMs;
    const isFound = search.hasMs !== undefined && search.hasMs - search.lackMs <= this.#slots * MINUTE_MS;
    if (!isFound && search.lackMs < newestMs) return;
    log.info({ until: isoJst(search.lackMs) }, 'minutes that the meter remembers no more: left out');
    trail.skipTo(search.lackMs);
    this.#search = undefined;
  }

  /** The meter told it, registers and all. */
  #isTold(minuteMs: number): boolean {
    return this.#newest?.minuteMs === minuteMs && !isUnknown(this.#newest);
  }

  /** Less is asked at once where an answer is cut or lost. @returns whether these minutes are given up. */
  #isGivenUp(failure: MemoryFailure, isNewest: boolean): boolean {
    if (++this.#failures < TRIES && failure !== 'cut') return false;
    if (failure === 'refused') {
      this.#refuses ||= isNewest;
      return true;
    }
    this.#failures = 0;
    this.#slots = this.#slots === 1 ? 0 : Math.ceil(this.#slots / 2); // 0: not in this session any more
    if (this.#slots === 0)
      this.#deps.log.info('answers of the meter’s memory are lost: minutes wait for the next session');
    return false;
  }
}

const isUnknown = ({ importKwh, exportKwh }: MinuteRegisters): boolean =>
  importKwh === undefined && exportKwh === undefined;

const probeOf = ({ lackMs, hasMs, strideMs }: Search, newestMs: number): number =>
  hasMs === undefined
    ? Math.min(lackMs + strideMs, newestMs)
    : lackMs + Math.ceil((hasMs - lackMs) / 2 / MINUTE_MS) * MINUTE_MS;
