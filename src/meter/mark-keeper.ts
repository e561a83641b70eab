import type { HalfHourArchive } from '../archive/half-hour-archive.ts';
import type { Clock } from '../kernel/clock.ts';
import { HALF_HOUR_MS, isoJst } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { LogThrottle } from '../kernel/log-writer.ts';
import type { HalfHour } from '../model/reading.ts';
import type { MeterSession } from './meter-session.ts';

const MOST_AHEAD_MS = 31 * 86_400_000;
const QUIET_MS = 3_600_000;

/**
 * Puts the marks a meter tells into the archive, which is for ever: one further ahead of our clock waits until the meter's
 * own clock (97, 98) agrees with it. Then ours is the one that is wrong.
 */
export class MarkKeeper {
  readonly #archive: HalfHourArchive;
  readonly #log: Log;
  readonly #aheadLog: LogThrottle;
  /** Meter minus ours, where the meter told its time. */
  #skewMs = 0;
  #waiting: HalfHour | undefined;

  constructor(archive: HalfHourArchive, clock: Clock, log: Log) {
    this.#archive = archive;
    this.#log = log;
    this.#aheadLog = new LogThrottle(clock, QUIET_MS);
  }

  /** @param wallMs when it was told, by our clock */
  accept(halfHour: HalfHour, session: Pick<MeterSession, 'archiveName' | 'told'>, wallMs: number): void {
    const isAhead = halfHour.markMs - wallMs - Math.max(0, this.#skewMs) > MOST_AHEAD_MS;
    this.#waiting = isAhead ? halfHour : undefined;
    if (!isAhead) {
      this.#archive.add(session.archiveName, halfHour);
      session.told(halfHour.markMs);
    } else if (this.#aheadLog.due('ahead') !== undefined)
      this.#log.warn(
        { mark: isoJst(halfHour.markMs) },
        'the meter’s half hour is more than a month ahead of our clock: kept when the meter’s clock agrees',
      );
  }

  /** The mark before this one, where the archive has it of the same meter. */
  before({ markMs }: HalfHour, { archiveName }: Pick<MeterSession, 'archiveName'>): HalfHour | undefined {
    const before = this.#archive.at(markMs - HALF_HOUR_MS);
    return before?.meter === archiveName && before.importKwh !== undefined ? before : undefined;
  }

  /** The meter told its time. @param skewMs meter minus ours */
  compared(skewMs: number, session: Pick<MeterSession, 'archiveName' | 'told'>, wallMs: number): void {
    this.#skewMs = skewMs;
    if (this.#waiting) this.accept(this.#waiting, session, wallMs);
  }
}
