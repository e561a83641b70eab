import type { HalfHourArchive } from '../archive/half-hour-archive.ts';
import { DAY_MS, HALF_HOUR_MS, jstMidnight } from '../kernel/clock.ts';
import type { ArchivedMark } from '../archive/month-file.ts';
import type { HalfHour } from '../model/reading.ts';

/** The oldest day that E5 can name. */
export const OLDEST_DAY = 99;

/** 0:00 of the oldest day that can be asked for on the day of this mark. */
const oldestReachable = (markMs: number): number => jstMidnight(markMs) - OLDEST_DAY * DAY_MS;

/** This meter told what was sold alone: what was bought had no data then, and the memory may have it. */
const isHalf = (mark: ArchivedMark, meter: string): boolean =>
  mark.meter === meter && mark.importKwh === undefined && mark.exportKwh !== undefined;

/**
 * The marks that are to be read from the meter's memory. Between two marks of the archive that is a gap: something was
 * missed. Before its oldest mark it is the past, of which nobody knows how far the meter remembers it.
 */
export class HistoryGaps {
  readonly #archive: HalfHourArchive;
  readonly #meter: string;
  #newestMs: number;
  /** Ascending. */
  #gaps: number[] = [];
  /** Midnight of the next day of the past; undefined when there is none. */
  #pastMs: number | undefined;

  private constructor(archive: HalfHourArchive, meter: string, newestMs: number) {
    this.#archive = archive;
    this.#meter = meter;
    this.#newestMs = newestMs;
  }

  /** @param newestMs the newest mark the meter told. @throws BridgeError STATE_UNWRITABLE when the archive cannot be read */
  static async find(archive: HalfHourArchive, meter: string, newestMs: number): Promise<HistoryGaps> {
    const found = new HistoryGaps(archive, meter, newestMs);
    const { oldestMs = newestMs } = archive;
    const fromMs = Math.max(oldestMs, oldestReachable(newestMs));
    const marks = await archive.range(fromMs, newestMs + 1);
    // A half of a month that is not in memory stays one: whether an answer adds to it could not be told.
    const isLacking = (mark: ArchivedMark): boolean => isHalf(mark, meter) && archive.at(mark.markMs) !== undefined;
    const known = new Set(marks.filter((mark) => !isLacking(mark)).map(({ markMs }) => markMs));
    for (let markMs = fromMs; markMs <= newestMs; markMs += HALF_HOUR_MS)
      if (!known.has(markMs)) found.#gaps.push(markMs);
    await found.#begin(oldestMs);
    return found;
  }

  get newestMs(): number {
    return this.#newestMs;
  }

  get gaps(): readonly number[] {
    return this.#gaps;
  }

  get pastMs(): number | undefined {
    return this.#pastMs;
  }

  /** A newer mark was told; those before it may have been missed. */
  told(markMs: number): void {
    const fromMs = Math.max(this.#newestMs, oldestReachable(markMs)); // its clock may have been set
    for (let missed = fromMs; missed < markMs; missed += HALF_HOUR_MS) {
      const known = this.#archive.at(missed);
      if ((!known || isHalf(known, this.#meter)) && !this.#gaps.includes(missed)) this.#gaps.push(missed);
    }
    this.#newestMs = Math.max(this.#newestMs, markMs);
  }

  /** @returns whether it was a gap. */
  filled(markMs: number): boolean {
    const before = this.#gaps.length;
    this.#gaps = this.#gaps.filter((gap) => gap !== markMs);
    return this.#gaps.length < before;
  }

  /**
   * Registers only rise: what was read must lie between the nearest known marks of the same meter. Across a roll-over
   * nothing can be said. @returns the neighbour that it does not fit
   */
  objectionTo(meter: string, told: HalfHour): Readonly<Record<string, unknown>> | undefined {
    const before = this.#known(meter, told.markMs, -HALF_HOUR_MS);
    const after = this.#known(meter, told.markMs, HALF_HOUR_MS);
    for (const register of ['importKwh', 'exportKwh'] as const) {
      const [kwh, least = 0, most = Infinity] = [told[register], before?.[register], after?.[register]];
      if (kwh !== undefined && least <= most && (kwh < least || kwh > most)) return { before: least, after: most };
    }
    return undefined;
  }

  /** The nearest mark of that meter in one direction, as far as the archive has it in memory. */
  #known(meter: string, markMs: number, stepMs: number): HalfHour | undefined {
    for (let at = markMs + stepMs; at <= this.#newestMs && at > markMs - 2 * DAY_MS; at += stepMs) {
      const known = this.#archive.at(at);
      if (known?.meter === meter && (known.importKwh !== undefined || known.exportKwh !== undefined)) return known;
    }
    return undefined;
  }

  /** A day of the past was read. @param hadAny a register of it was there: the day before may be there too. */
  pastRead(hadAny: boolean): void {
    this.#pastMs = hadAny && this.#pastMs !== undefined ? this.#within(this.#pastMs - DAY_MS) : undefined;
  }

  /** The past goes on where it was left off, unless the last day of it that was read was empty. */
  async #begin(oldestMs: number): Promise<void> {
    const midnightMs = jstMidnight(oldestMs);
    if (oldestMs > midnightMs) this.#pastMs = this.#within(midnightMs);
    else {
      const last = await this.#archive.range(midnightMs, midnightMs + DAY_MS);
      const hadAny = last.some(({ importKwh, exportKwh }) => importKwh !== undefined || exportKwh !== undefined);
      this.#pastMs = hadAny ? this.#within(midnightMs - DAY_MS) : undefined;
    }
  }

  #within(midnightMs: number): number | undefined {
    return midnightMs < oldestReachable(this.#newestMs) ? undefined : midnightMs;
  }
}
