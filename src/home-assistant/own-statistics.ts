import type { ArchivedMark } from '../archive/month-file.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { areSame, HOUR_MS, inUnit } from './hour-rows.ts';
import type { HourRow } from './hour-rows.ts';
import { DIRECTIONS, ImportJournal } from './import-journal.ts';
import type { Direction } from './import-journal.ts';
import { planImport } from './import-plan.ts';
import type { ImportPlan, RegisterMark } from './import-plan.ts';
import type { OwnStatistic, RecorderApi } from './recorder-api.ts';
import { planUndo } from './undo-plan.ts';
import type { HourRange, UndoPlan } from './undo-plan.ts';

/** A meter remembers 99 days at most. */
const WINDOW_MS = 101 * 24 * HOUR_MS;
/** The recorder writes in its own time, about a second later; a busy one takes longer. */
const LOOKS = 30;
const BETWEEN_LOOKS_MS = 1000;

/** What the import has to know of a meter. */
export interface ImportedMeter {
  readonly id: string;
  /** Of its two energy entities in Home Assistant. */
  readonly uniqueIds: Readonly<Record<Direction, string>>;
  /** Its registers at half-hour marks, fromMs ≤ mark < toMs. */
  readonly marks: (fromMs: number, toMs: number) => Promise<readonly ArchivedMark[]>;
  /** The meter's folder in `state_dir`. */
  readonly stateDir: string;
}

/** A register of ours that Home Assistant keeps a statistic of. */
export interface OwnRegister {
  readonly meter: ImportedMeter;
  readonly direction: Direction;
  readonly statistic: OwnStatistic;
}

export interface PlannedImport extends OwnRegister {
  readonly plan: ImportPlan;
}

export interface PlannedUndo extends OwnRegister {
  readonly plan: UndoPlan;
}

/** What can be done with our own statistics during a visit: see what is missing, write it, give it back. */
export class OwnStatistics {
  readonly #api: RecorderApi;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(api: RecorderApi, clock: Clock, log: Log) {
    this.#api = api;
    this.#clock = clock;
    this.#log = log;
  }

  /** Those of these meters that Home Assistant knows; without surplus there may be no export, without discovery nothing. */
  async registers(meters: readonly ImportedMeter[], signal: AbortSignal): Promise<readonly OwnRegister[]> {
    await this.#api.mustRun(signal);
    const wanted = meters.flatMap((meter) => DIRECTIONS.map((direction) => ({ meter, direction })));
    const uniqueIds = wanted.map(({ meter, direction }) => meter.uniqueIds[direction]);
    const found = await this.#api.ownStatistics(uniqueIds, signal);
    return wanted.flatMap(({ meter, direction }) => {
      const statistic = found.get(meter.uniqueIds[direction]);
      return statistic ? [{ meter, direction, statistic }] : [];
    });
  }

  /** @param again also what somebody has undone. @throws BridgeError HOME_ASSISTANT_REFUSED for a unit we do not know. */
  async planImport(register: OwnRegister, again: boolean, signal: AbortSignal): Promise<PlannedImport> {
    const { meter, direction, statistic } = register;
    const nowMs = this.#clock.now();
    const range = { fromMs: fullHour(nowMs - WINDOW_MS), toMs: fullHour(nowMs) };
    const [marks, rows, journal] = await Promise.all([
      meter.marks(range.fromMs, range.toMs + HOUR_MS),
      this.#api.hours(statistic, range, signal),
      this.#journal(meter),
    ]);
    const plan = planImport(registerMarks(marks, direction, statistic.unit), rows, nowMs);
    const undone = again ? new Set<number>() : journal.undone(direction);
    const gaps = plan.gaps.filter(({ hours }) => !hours.some(({ startMs }) => undone.has(startMs)));
    return { ...register, plan: { ...plan, gaps } };
  }

  /** Journal first. Resolves when Home Assistant shows what was written. */
  async carryOut({ meter, direction, statistic, plan }: PlannedImport, signal: AbortSignal): Promise<void> {
    const hours = plan.gaps.flatMap((gap) => gap.hours);
    if (hours.length === 0) return;
    const journal = await this.#journal(meter);
    await journal.record(direction, hours);
    const rows = hours.map(({ startMs, after }) => ({ startMs, ...after }));
    await this.#api.write(statistic, rows, signal);
    await this.#seen(statistic, rows, [], signal);
  }

  /** @returns undefined: nothing was written, or all of it has been undone. */
  async planUndo(register: OwnRegister, signal: AbortSignal): Promise<PlannedUndo | undefined> {
    const { meter, direction, statistic } = register;
    const written = (await this.#journal(meter)).written(direction);
    const [first, last] = [written[0], written.at(-1)];
    if (!first || !last) return undefined;
    // the row before a gap is no further away than a gap may be long
    const range = { fromMs: first.startMs - WINDOW_MS, toMs: last.startMs + HOUR_MS };
    return { ...register, plan: planUndo(written, await this.#api.hours(statistic, range, signal)) };
  }

  /** Resolves when Home Assistant shows what was there before. */
  async carryOutUndo({ meter, direction, statistic, plan }: PlannedUndo, signal: AbortSignal): Promise<void> {
    const { restore, remove, flatten, undone } = plan;
    const { canRemove } = this.#api;
    const rows = canRemove ? restore : [...restore, ...flatten];
    if (rows.length > 0) await this.#api.write(statistic, rows, signal);
    if (canRemove) for (const range of remove) await this.#api.remove(statistic, range, signal);
    await this.#seen(statistic, rows, canRemove ? remove : [], signal);
    await (await this.#journal(meter)).markUndone(direction, undone);
  }

  /** Rows that were not there can be taken out; an older Home Assistant keeps them, empty. */
  get canRemove(): boolean {
    return this.#api.canRemove;
  }

  #journal({ stateDir }: ImportedMeter): Promise<ImportJournal> {
    return ImportJournal.open(stateDir, this.#log);
  }

  /** @throws BridgeError HOME_ASSISTANT_REFUSED when it does not come. */
  async #seen(
    statistic: OwnStatistic,
    rows: readonly HourRow[],
    gone: readonly HourRange[],
    signal: AbortSignal,
  ): Promise<void> {
    const all = [...rows.map(({ startMs }) => startMs), ...gone.map(({ fromMs }) => fromMs)];
    if (all.length === 0) return;
    const toMs = Math.max(...all, ...gone.map((range) => range.toMs)) + HOUR_MS;
    for (let look = 0; look < LOOKS; look++) {
      const shown = await this.#api.hours(statistic, { fromMs: Math.min(...all), toMs }, signal);
      const present = new Map(shown.map((row) => [row.startMs, row]));
      const isThere = rows.every((row) => isSameRow(present.get(row.startMs), row));
      const isGone = !shown.some(({ startMs }) =>
        gone.some((range) => startMs >= range.fromMs && startMs < range.toMs),
      );
      if (isThere && isGone) return;
      await this.#clock.sleep(BETWEEN_LOOKS_MS, signal);
    }
    throw new BridgeError('HOME_ASSISTANT_REFUSED', {
      en: `${statistic.statisticId}: what was written does not appear in the statistics`,
      ja: `${statistic.statisticId}: 書き込んだ内容が統計に反映されません`,
    });
  }
}

const isSameRow = (row: HourRow | undefined, wanted: HourRow): boolean => row !== undefined && areSame(row, wanted);
const fullHour = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

function registerMarks(
  marks: readonly ArchivedMark[],
  direction: Direction,
  unit: string,
): ReadonlyMap<number, RegisterMark> {
  return new Map(
    marks.flatMap(({ markMs, meter, importKwh, exportKwh }) => {
      const kwh = direction === 'import' ? importKwh : exportKwh;
      if (kwh === undefined) return [];
      const value = inUnit(kwh, unit);
      if (value === undefined) throw unknownUnit(unit);
      return [[markMs, { meter, value }] as const];
    }),
  );
}

const unknownUnit = (unit: string): BridgeError =>
  new BridgeError(
    'HOME_ASSISTANT_REFUSED',
    {
      en: `the statistic is in ${unit}, which is none of Wh, kWh and MWh`,
      ja: `統計の単位が ${unit} です（Wh、kWh、MWhのいずれでもありません）`,
    },
    {
      hint: {
        en: 'In Home Assistant, set the unit of the energy entity back to kWh.',
        ja: 'Home Assistantで電力量エンティティの単位をkWhに戻してください。',
      },
    },
  );
