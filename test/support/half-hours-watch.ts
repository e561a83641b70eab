import type { HalfHourArchive } from '../../src/archive/half-hour-archive.ts';
import { HALF_HOUR_MS, isoJst } from '../../src/kernel/clock.ts';
import type { HalfHour } from '../../src/model/reading.ts';
import type { MeterWord } from './meter-word.ts';

/** So far back the archive is looked through. */
const LOOK_BACK_MS = 7 * 86_400_000;

/** Half hours, told and read from the meter's memory: as the meter told them, each missed one once, none missing in the archive in the end. */
export class HalfHoursWatch {
  /** Missed half hours that were read, in all. */
  filled = 0;
  readonly #word: MeterWord;
  readonly #wrong: (what: string) => void;
  /** Of each mark, when it was last filled or told: counts kills and what the disk refused. */
  readonly #known = new Map<number, number>();
  #firstMs: number | undefined;
  #newestMs: number | undefined;
  readonly #leftOut = new Set<number>();

  constructor(word: MeterWord, wrong: (what: string) => void) {
    this.#word = word;
    this.#wrong = wrong;
  }

  told(halfHour: HalfHour, before: HalfHour | undefined, losses: number): void {
    const { markMs } = halfHour;
    this.#mustBeTold('half hour', halfHour);
    if (before) this.#mustBeTold('half hour before', before);
    if (before && before.markMs !== markMs - HALF_HOUR_MS)
      this.#wrong(`${isoJst(markMs)} is told with another's begin`);
    if (halfHour.importKwh !== undefined) this.#known.set(markMs, losses);
    this.#firstMs ??= markMs;
    this.#newestMs = Math.max(this.#newestMs ?? 0, markMs);
  }

  /** @param losses grows when a kill or the disk may have taken what was known */
  read(halfHour: HalfHour, losses: number): void {
    const { markMs } = halfHour;
    this.filled++;
    this.#mustBeTold('history', halfHour);
    if (this.#known.get(markMs) === losses) this.#wrong(`history ${isoJst(markMs)} came, though it was known`);
    this.#known.set(markMs, losses);
  }

  /** It does not fit its neighbours, says the log. */
  leftOut(markMs: number): void {
    if (!this.#word.isSetBack && this.#word.meter === 0) this.#wrong(`${isoJst(markMs)} was left out for no reason`);
    this.#leftOut.add(markMs);
  }

  /** @returns the marks that the archive lacks although the meter that hangs there remembers them. */
  missing(archive: Pick<HalfHourArchive, 'at'>): readonly string[] {
    const [first = Infinity, newest = 0] = [this.#firstMs, this.#newestMs];
    const missing: string[] = [];
    for (let markMs = Math.max(first, newest - LOOK_BACK_MS); markMs <= newest; markMs += HALF_HOUR_MS) {
      const known = archive.at(markMs);
      if (known?.importKwh !== undefined || markMs < this.#word.hungMs || this.#leftOut.has(markMs)) continue;
      if (known?.exportKwh !== undefined && this.#word.meter > 0) continue; // told under another name
      missing.push(`${isoJst(markMs)} ${JSON.stringify(known)}`);
    }
    return missing;
  }

  /** What stands in the archive is what a meter told. */
  checkArchive(archive: Pick<HalfHourArchive, 'at'>): void {
    const newest = this.#newestMs ?? 0;
    for (let markMs = newest - LOOK_BACK_MS; markMs <= newest; markMs += HALF_HOUR_MS)
      for (const direction of ['importKwh', 'exportKwh'] as const) {
        const kwh = archive.at(markMs)?.[direction];
        if (kwh !== undefined && !this.#word.at(markMs, direction).some((told) => told.kwh === kwh))
          this.#wrong(`archive ${isoJst(markMs)}: ${direction} ${kwh} was never told`);
      }
  }

  #mustBeTold(what: string, halfHour: HalfHour): void {
    const contradiction = this.#word.contradicts(halfHour.markMs, halfHour);
    if (contradiction !== undefined) this.#wrong(`${what} ${isoJst(halfHour.markMs)}: ${contradiction}`);
  }
}
