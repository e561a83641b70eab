import { join } from 'node:path';
import { BridgeError, textOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { HalfHour } from '../model/reading.ts';
import { ArchiveFolder } from './archive-folder.ts';
import type { MonthStore } from './archive-folder.ts';
import { formatMarks, hasRegister, isMark, monthOf, parseMonth } from './month-file.ts';
import type { ArchivedMark } from './month-file.ts';

/** Of these newest months everything is in memory: some 3,000 marks. */
const MONTHS_IN_MEMORY = 2;
/** Without a disk, as far back as a meter's own memory reaches. */
const MONTHS_WITHOUT_DISK = 4;
/** What a disk that refuses may leave waiting in memory: a hundred days. */
const MOST_WAITING = 5000;
/** The end of the year 9999. */
const LAST_MS = Date.UTC(9999, 11, 31);

type Month = Map<number, ArchivedMark>;

/**
 * The registers at every half-hour mark that was told or read, for ever: half a megabyte a year. What is known of a mark
 * stays: the first register told of it counts, and another meter adds nothing to it. Nothing here throws or
 * makes `add` wait: a disk that refuses is logged once, and is tried again with the next mark.
 */
export class HalfHourArchive {
  readonly #store: MonthStore | undefined;
  readonly #log: Log;
  readonly #months = new Map<string, Month>();
  /** The meter that the last line of a file is of. */
  readonly #lastMeter = new Map<string, string>();
  #waiting: ArchivedMark[] = [];
  #writing: Promise<void> = Promise.resolve();
  #complained = false;
  #oldestMs: number | undefined;

  private constructor(store: MonthStore | undefined, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** @param dir the meter's folder in `state_dir`; without one everything lives in memory. */
  static open(dir: string | undefined, log: Log): Promise<HalfHourArchive> {
    return HalfHourArchive.on(dir === undefined ? undefined : new ArchiveFolder(join(dir, 'halfhours')), log);
  }

  static async on(store: MonthStore | undefined, log: Log): Promise<HalfHourArchive> {
    const archive = new HalfHourArchive(store, log);
    try {
      await archive.#load();
    } catch (error) {
      log.warn({ err: error, path: store?.path }, 'archive of half hours cannot be read');
    }
    return archive;
  }

  /** The oldest mark of all; undefined while there is none. */
  get oldestMs(): number | undefined {
    return this.#oldestMs;
  }

  /** The newest mark with a register; undefined while there is none. */
  get newestMs(): number | undefined {
    let newestMs: number | undefined;
    for (const month of this.#months.values())
      for (const mark of month.values()) if (hasRegister(mark)) newestMs = Math.max(newestMs ?? 0, mark.markMs);
    return newestMs;
  }

  /** Of this month and the last, which are in memory. @returns undefined: not known. */
  at(markMs: number): ArchivedMark | undefined {
    for (const month of this.#months.values()) {
      const mark = month.get(markMs);
      if (mark) return mark;
    }
    return undefined;
  }

  /** What is known of fromMs ≤ mark < toMs, ascending. @throws BridgeError STATE_UNWRITABLE when the disk cannot be read */
  async range(fromMs: number, toMs: number): Promise<readonly ArchivedMark[]> {
    try {
      return await this.#range(fromMs, toMs);
    } catch (error) {
      throw unreadable(error);
    }
  }

  async #range(fromMs: number, toMs: number): Promise<readonly ArchivedMark[]> {
    const [first, last] = [monthOf(Math.max(0, fromMs)), monthOf(Math.min(LAST_MS, toMs))];
    const onDisk = (await this.#store?.list()) ?? [];
    const waiting = this.#waiting.map(({ markMs }) => monthOf(markMs));
    const found: ArchivedMark[] = [];
    for (const month of new Set([...onDisk, ...this.#months.keys(), ...waiting]))
      if (month >= first && month <= last) found.push(...(await this.#month(month)).values());
    return found
      .filter(({ markMs }) => markMs >= fromMs && markMs < toMs)
      .sort(({ markMs: a }, { markMs: b }) => a - b);
  }

  /**
   * A mark the meter told, or one it was asked for and has no register of.
   * @param halfHour one direction may come after the other
   */
  add(meter: string, halfHour: HalfHour): void {
    const { markMs } = halfHour;
    if (!isMark(markMs)) return; // a meter that says 12:07 has no half hour there
    const name = monthOf(markMs);
    const loaded = this.#months.get(name) ?? this.#newMonth(name);
    const known = loaded?.get(markMs);
    const merged = merge(known, { ...halfHour, meter });
    if (merged === known) return;
    loaded?.set(markMs, merged);
    this.#oldestMs = Math.min(this.#oldestMs ?? markMs, markMs);
    if (!this.#store) return;
    this.#waiting.push(merged);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    const store = this.#store;
    this.#writing = this.#writing.then(() => this.#write(store));
  }

  /** Resolves when the disk has what was added, or has refused it. */
  close(): Promise<void> {
    return this.#writing;
  }

  async #load(): Promise<void> {
    const names = (await this.#store?.list()) ?? [];
    for (const name of names.slice(-MONTHS_IN_MEMORY)) this.#months.set(name, await this.#read(name));
    const [first] = names;
    if (first === undefined) return;
    const marks = (await this.#month(first)).keys();
    this.#oldestMs = Array.from(marks).reduce<number | undefined>((a, b) => Math.min(a ?? b, b), undefined);
  }

  async #month(name: string): Promise<Month> {
    return this.#months.get(name) ?? (await this.#read(name));
  }

  async #read(name: string): Promise<Month> {
    const { marks, torn } = parseMonth((await this.#store?.read(name)) ?? '');
    if (torn > 0) this.#log.debug({ month: name, torn }, 'archive of half hours: lines that are none were left out');
    const month: Month = new Map();
    for (const mark of [...marks, ...this.#waiting.filter(({ markMs }) => monthOf(markMs) === name)])
      month.set(mark.markMs, merge(month.get(mark.markMs), mark));
    return month;
  }

  /** A month later than all in memory begins with this mark; an earlier one stays on the disk alone. */
  #newMonth(name: string): Month | undefined {
    const names = [...this.#months.keys()].sort();
    const most = this.#store ? MONTHS_IN_MEMORY : MONTHS_WITHOUT_DISK;
    if (this.#store && names.some((known) => known > name)) return undefined;
    const month: Month = new Map();
    this.#months.set(name, month);
    for (const old of [...names, name].sort().slice(0, -most)) this.#months.delete(old);
    return this.#months.get(name);
  }

  async #write(store: MonthStore): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const month = monthOf(next.markMs);
      const marks = this.#waiting.filter(({ markMs }) => monthOf(markMs) === month);
      try {
        await store.append(month, formatMarks(marks, await this.#meterOf(store, month)));
      } catch (error) {
        if (!this.#complained)
          this.#log.warn(
            { err: error, path: store.path, code: 'STATE_UNWRITABLE' },
            'archive of half hours cannot be written',
          );
        this.#complained = true;
        return;
      }
      this.#complained = false;
      this.#lastMeter.set(month, marks.at(-1)?.meter ?? '');
      this.#waiting = this.#waiting.filter((mark) => !marks.includes(mark));
    }
  }

  async #meterOf(store: MonthStore, month: string): Promise<string | undefined> {
    const known = this.#lastMeter.get(month);
    if (known !== undefined) return known;
    return parseMonth(await store.read(month)).marks.at(-1)?.meter;
  }
}

const unreadable = (cause: unknown): BridgeError =>
  new BridgeError(
    'STATE_UNWRITABLE',
    {
      en: `the archive of half hours cannot be read: ${textOf(cause)}`,
      ja: `30分値の記録を読めません: ${textOf(cause)}`,
    },
    {
      cause,
      hint: {
        en: 'Its files are the bridge’s own: run this as its user, and check owner and mode of state_dir.',
        ja: '記録はブリッジだけが読めます。ブリッジと同じユーザーで実行し、state_dir の所有者と権限を確認してください。',
      },
    },
  );

/** @returns `known` itself where `told` adds nothing. */
function merge(known: ArchivedMark | undefined, told: ArchivedMark): ArchivedMark {
  if (!known) return told;
  if (!hasRegister(known)) return hasRegister(told) ? told : known;
  const adds =
    known.meter === told.meter &&
    ((known.importKwh === undefined && told.importKwh !== undefined) ||
      (known.exportKwh === undefined && told.exportKwh !== undefined));
  return adds ? { ...told, ...known } : known;
}
