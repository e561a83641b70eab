import { isoJst } from '../../src/kernel/clock.ts';
import type { MinuteRegisters } from '../../src/model/reading.ts';
import type { MeterWord } from './meter-word.ts';

const MINUTE_MS = 60_000;
/** How far back the simulated meter remembers minutes. */
const MEMORY_MS = 24 * 3_600_000;
/** The position is written with each hour of minutes, and what was told in the very moment of a kill may come again. */
const MOST_AGAIN_MS = 61 * MINUTE_MS;
/** The registers of a minute are asked for once a minute, what lies between them some seconds later. */
const LATEST_MS = 5 * MINUTE_MS;

/** The stream of minutes as the reader tells it: each once, in order, as the meter told it, none left out that the meter remembers. */
export class MinutesWatch {
  /** Minutes told, in all. */
  told = 0;
  /** Told again after a kill or a disk that refused, in all. */
  again = 0;
  readonly #word: MeterWord;
  readonly #wrong: (what: string) => void;
  /** The newest minute of all runs, and how far this one's trail has come. */
  #newestMs: number | undefined;
  #lastMs: number | undefined;
  readonly #leftOut = new Set<number>();

  constructor(word: MeterWord, wrong: (what: string) => void) {
    this.#word = word;
    this.#wrong = wrong;
  }

  /**
   * A run begins.
   * @param positionMs how far the last one came, as it stands on the disk
   */
  began(positionMs: number | undefined, how: 'stopped' | 'killed' | 'disk refused'): void {
    const aheadMs = (this.#lastMs ?? 0) - (positionMs ?? this.#lastMs ?? 0);
    const mostMs = how === 'stopped' ? 0 : how === 'killed' ? MOST_AGAIN_MS : Infinity;
    if (aheadMs > mostMs) this.#wrong(`${aheadMs / MINUTE_MS} minutes will come again (${how})`);
    this.#lastMs = positionMs;
  }

  /** Its registers fell or rose beyond belief, says the log. */
  leftOut(minuteMs: number): void {
    if (!this.#word.isSetBack && this.#word.meter === 0) this.#wrong(`${isoJst(minuteMs)} was left out for no reason`);
    this.#leftOut.add(minuteMs);
  }

  accept(minute: MinuteRegisters, meterNowMs: number): void {
    const { minuteMs } = minute;
    const name = `minute ${isoJst(minuteMs)}`;
    this.told++;
    if (minuteMs <= (this.#newestMs ?? 0)) this.again++;
    const last = this.#lastMs;
    if (last !== undefined && minuteMs <= last) this.#wrong(`${name} came after ${isoJst(last)}`);
    const contradiction = this.#word.contradicts(minuteMs, minute);
    if (contradiction !== undefined) this.#wrong(`${name}: ${contradiction}`);
    const rememberedMs = Math.max(meterNowMs - MEMORY_MS, this.#word.hungMs);
    for (let ms = Math.max(last ?? Infinity, rememberedMs) + MINUTE_MS; ms < minuteMs; ms += MINUTE_MS) {
      const missingMs = Math.floor(ms / MINUTE_MS) * MINUTE_MS;
      if (missingMs <= (last ?? 0) || this.#leftOut.has(missingMs)) continue;
      this.#wrong(`minute ${isoJst(missingMs)} is missing before ${isoJst(minuteMs)}, but the meter remembers it`);
      break;
    }
    this.#lastMs = minuteMs;
    this.#newestMs = Math.max(this.#newestMs ?? 0, minuteMs);
    this.#leftOut.clear();
  }

  get facts(): string {
    return `${this.told} told, ${this.again} of them again, the last ${isoJst(this.#lastMs ?? 0)}`;
  }

  /** All that the meter could tell until now has been told. */
  isWhole(meterNowMs: number): boolean {
    return meterNowMs - (this.#lastMs ?? 0) <= LATEST_MS;
  }
}
