import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { StateFile } from '../store/state-file.ts';
import { isNumber } from './hour-rows.ts';
import type { WrittenHour } from './undo-plan.ts';

/** Which register of a meter: what comes in, what goes out. */
export const DIRECTIONS = ['import', 'export'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Of each direction: all the hours a meter remembers, and less than a state file takes. */
const MOST_HOURS = 4000;

/** `[beginning of the hour, state and sum before (null: no row), state and sum written, 1 when undone]` */
type StoredHour = readonly [number, number | null, number | null, number, number, 0 | 1];
type StoredJournal = Readonly<Record<Direction, readonly StoredHour[]>>;

/**
 * What was written into Home Assistant's hours and what had been there, of one meter. Read anew at every visit: the
 * service and a command share it. It is on the disk before anything is written to Home Assistant.
 */
export class ImportJournal {
  readonly #file: StateFile<StoredJournal>;
  #stored: StoredJournal;

  private constructor(file: StateFile<StoredJournal>, stored: StoredJournal) {
    this.#file = file;
    this.#stored = stored;
  }

  /** @param dir the meter's folder in `state_dir`. */
  static async open(dir: string, log: Log): Promise<ImportJournal> {
    const file = new StateFile(dir, 'statistics-import.json', parseJournal, log);
    return new ImportJournal(file, (await file.load()) ?? { import: [], export: [] });
  }

  /** Hours that hold what we wrote, ascending. */
  written(direction: Direction): readonly WrittenHour[] {
    return this.#stored[direction].filter(([, , , , , isUndone]) => isUndone === 0).map(hourOf);
  }

  /** Beginnings of hours that somebody wanted back as they were. */
  undone(direction: Direction): ReadonlySet<number> {
    return new Set(
      this.#stored[direction].filter(([, , , , , isUndone]) => isUndone === 1).map(([startMs]) => startMs),
    );
  }

  /** Before they are written. @throws BridgeError STATE_UNWRITABLE: then nothing may be written. */
  record(direction: Direction, hours: readonly WrittenHour[]): Promise<void> {
    return this.#put(direction, hours, 0);
  }

  /** After they have been given back. @throws BridgeError STATE_UNWRITABLE */
  markUndone(direction: Direction, hours: readonly WrittenHour[]): Promise<void> {
    return this.#put(direction, hours, 1);
  }

  async #put(direction: Direction, hours: readonly WrittenHour[], isUndone: 0 | 1): Promise<void> {
    const all = new Map(this.#stored[direction].map((hour) => [hour[0], hour]));
    for (const { startMs, before, after } of hours)
      all.set(startMs, [startMs, before?.state ?? null, before?.sum ?? null, after.state, after.sum, isUndone]);
    const newest = [...all.values()].sort(([a], [b]) => a - b).slice(-MOST_HOURS);
    this.#stored = { ...this.#stored, [direction]: newest };
    if (!(await this.#file.save(this.#stored))) throw new BridgeError('STATE_UNWRITABLE', NOT_KEPT, { hint: WRITABLE });
  }
}

const NOT_KEPT = {
  en: 'what is replaced in Home Assistant cannot be kept in state_dir',
  ja: 'Home Assistantで置き換える内容を state_dir に保存できません',
};
const WRITABLE = {
  en: 'Nothing is written to Home Assistant before it can be undone: check owner and free space of state_dir.',
  ja: '元に戻せるようになるまでHome Assistantには書き込みません。state_dir の所有者と空き容量を確認してください。',
};

const hourOf = ([startMs, state, sum, newState, newSum]: StoredHour): WrittenHour => ({
  startMs,
  before: state === null || sum === null ? undefined : { state, sum },
  after: { state: newState, sum: newSum },
});

function parseJournal(value: unknown): StoredJournal {
  const stored = value as Partial<Record<Direction, unknown>> | null;
  for (const direction of DIRECTIONS) {
    const hours: unknown = stored?.[direction];
    if (!Array.isArray(hours) || !hours.every(isStoredHour)) throw new TypeError(`${direction} is no list of hours`);
  }
  return value as StoredJournal;
}

function isStoredHour(value: unknown): value is StoredHour {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [startMs, state, sum, newState, newSum, isUndone] = value as readonly unknown[];
  const hadRow = isNumber(state) && isNumber(sum);
  const hadNone = state === null && sum === null;
  return [startMs, newState, newSum].every(isNumber) && (hadRow || hadNone) && (isUndone === 0 || isUndone === 1);
}
