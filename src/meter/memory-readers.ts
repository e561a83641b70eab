import type { HalfHourArchive } from '../archive/half-hour-archive.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { HalfHour, MinuteRegisters } from '../model/reading.ts';
import { GAP_PACE_MS, HistoryReader } from './history-reader.ts';
import type { HistoryOf } from './history-reader.ts';
import type { MemoryQuestions } from './memory-questions.ts';
import { keepsMinutes, MinuteReader } from './minute-reader.ts';
import type { MinuteTrail } from './minute-trail.ts';

export interface MemoryReadersDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly questions: MemoryQuestions;
  readonly archive: HalfHourArchive;
  /** A half hour that was missed: oldest first. */
  readonly onFilled: (halfHour: HalfHour) => void;
  /** Where the minutes of a meter go, where they are wanted. */
  readonly minutes: MinuteTrail | undefined;
}

/** What is read from the memory of one meter over one session, one question at a time: half hours, and minutes. */
export class MemoryReaders {
  readonly #deps: MemoryReadersDeps;
  #halfHours: HistoryReader | undefined;
  #minutes: MinuteReader | undefined;
  #askedMs = -Infinity;

  constructor(deps: MemoryReadersDeps) {
    this.#deps = deps;
  }

  /** The meter told a half-hour mark, which the archive has. */
  told(markMs: number, of: HistoryOf): void {
    this.#halfHours ??= new HistoryReader(of, this.#deps);
    this.#halfHours.told(markMs);
    this.toldMinute({ minuteMs: markMs }, of);
  }

  toldMinute(minute: MinuteRegisters, of: HistoryOf): void {
    const { minutes: trail } = this.#deps;
    if (!trail) return;
    if (!keepsMinutes(of.getMap)) return trail.isImpossible();
    this.#minutes ??= new MinuteReader(of, { ...this.#deps, trail });
    this.#minutes.told(minute);
  }

  /** Monotonic ms when the next question may be put; Infinity: there is none. */
  get nextMs(): number {
    const { nextMs = Infinity } = this.#next ?? {};
    return this.#halfHours && this.#minutes ? Math.max(nextMs, this.#askedMs + GAP_PACE_MS) : nextMs;
  }

  /** One question to the meter. @throws BridgeError that ends the session, or the signal's reason. */
  async step(signal: AbortSignal): Promise<void> {
    await this.#next?.step(signal);
    this.#askedMs = this.#deps.clock.monotonicMs();
  }

  /** Who has waited longest: they take turns. */
  get #next(): HistoryReader | MinuteReader | undefined {
    const { nextMs = Infinity } = this.#minutes ?? {};
    return this.#halfHours && this.#halfHours.nextMs <= nextMs ? this.#halfHours : this.#minutes;
  }
}
