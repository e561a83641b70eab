import { HALF_HOUR_MS } from '../kernel/clock.ts';
import type { Text } from '../kernel/language.ts';
import { HOUR_MS, isMore, isSame, rounded } from './hour-rows.ts';
import type { HourFigures, HourRow } from './hour-rows.ts';

/** A register at a half-hour mark, in the unit of the statistic. */
export interface RegisterMark {
  /** Which meter: the register of another one begins anew. */
  readonly meter: string;
  readonly value: number;
}

/** By the mark, ms since 1970. */
export type RegisterMarks = ReadonlyMap<number, RegisterMark>;

/** An hour to write. */
export interface HourToWrite {
  readonly startMs: number;
  /** What Home Assistant has; undefined: no row. */
  readonly before: HourFigures | undefined;
  readonly after: HourFigures;
  /** Energy of the hour as Home Assistant shows it; undefined where it shows none. */
  readonly changeBefore: number | undefined;
  readonly changeAfter: number;
}

/** A run of hours that Home Assistant missed, between two rows it made itself. */
export interface GapToFill {
  readonly hours: readonly HourToWrite[];
  /** The first row after the gap: it stays as it is, and no longer shows the energy of the whole gap. */
  readonly next: Pick<HourToWrite, 'startMs' | 'changeAfter'> & { readonly changeBefore: number };
}

/** Why hours stay as they are. */
export const leftTexts = {
  unknown: {
    en: 'the meter’s registers are not known at every hour',
    ja: 'メーターの積算値がわからない時刻があります',
  },
  meter: { en: 'the meter was exchanged', ja: 'メーターが交換されました' },
  fell: { en: 'the register fell', ja: '積算値が減っています' },
  sums: {
    en: 'the sums on both sides do not fit each other (corrected by hand, or a reset)',
    ja: '前後の合計値のつじつまが合いません（手での修正、またはリセット）',
  },
  states: {
    en: 'the values on both sides do not fit the meter’s registers',
    ja: '前後の値がメーターの積算値と合いません',
  },
} as const satisfies Readonly<Record<string, Text>>;
export type LeftReason = keyof typeof leftTexts;

export interface GapLeft {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: LeftReason;
}

export interface ImportPlan {
  readonly gaps: readonly GapToFill[];
  readonly left: readonly GapLeft[];
  /** Hours are missing at the end: they can be written once Home Assistant has a row after them. */
  readonly isOpen: boolean;
}

/** Hours without a row, or with a row that stands still, and the rows of Home Assistant's own on both sides. */
interface Gap {
  /** Two before it: only for what the last one shows. */
  readonly earlier: HourRow | undefined;
  readonly last: HourRow;
  readonly flat: ReadonlyMap<number, HourRow>;
  readonly next: HourRow;
}

/**
 * What to write so that every hour shows the energy of its own. Only hours are written for which Home Assistant has no
 * row, or one that stood still while the register moved, and the hour in which the gap began, whose row ends early. The
 * sum goes on from the row before, so that it fits its neighbours: later rows stay as they are, and so does the total.
 * @param rows of one statistic, ascending. @param nowMs hours that are not over are left alone.
 */
export function planImport(register: RegisterMarks, rows: readonly HourRow[], nowMs: number): ImportPlan {
  const gaps: GapToFill[] = [];
  const left: GapLeft[] = [];
  let earlier: HourRow | undefined;
  let last: HourRow | undefined;
  let flat = new Map<number, HourRow>();
  for (const row of rows) {
    if (row.startMs + HOUR_MS > nowMs) break;
    if (last && standsStill(row, last, register, flat.size > 0)) {
      flat.set(row.startMs, row);
      continue;
    }
    if (last && row.startMs > last.startMs + HOUR_MS) {
      const judged = judge({ earlier, last, flat, next: row }, register);
      if (judged && 'hours' in judged) gaps.push(judged);
      else if (judged) left.push(judged);
    }
    earlier = flat.size > 0 ? [...flat.values()].at(-1) : last;
    [last, flat] = [row, new Map()];
  }
  return { gaps, left, isOpen: last !== undefined && isOpenAfter(last, register, nowMs) };
}

/**
 * A row that shows nothing new although the register had moved before the last half hour of it: what moved later may
 * not have been read yet when the row was made. Within a gap also a row of which nothing is known.
 */
function standsStill(row: HourRow, last: HourRow, register: RegisterMarks, isInGap: boolean): boolean {
  if (!isSame(row.state, last.state) || !isSame(row.sum, last.sum)) return false;
  const mark = register.get(row.startMs + HALF_HOUR_MS) ?? register.get(row.startMs);
  return mark === undefined ? isInGap : isMore(mark.value, row.state);
}

function isOpenAfter(last: HourRow, register: RegisterMarks, nowMs: number): boolean {
  const lastHourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS - HOUR_MS;
  const mark = register.get(lastHourMs);
  return last.startMs + HOUR_MS < lastHourMs && mark !== undefined && isMore(mark.value, last.state);
}

/** @returns what to write, or why nothing is; undefined: nothing is missing there. */
function judge(gap: Gap, register: RegisterMarks): GapToFill | GapLeft | undefined {
  const { last, next } = gap;
  const [fromMs, toMs] = [last.startMs + HOUR_MS, next.startMs];
  if (!isMore(next.sum, last.sum)) return undefined;
  const leave = (reason: LeftReason): GapLeft => ({ fromMs, toMs, reason });
  const known: RegisterMark[] = [];
  for (let atMs = fromMs; atMs <= toMs; atMs += HOUR_MS) {
    const mark = register.get(atMs);
    if (!mark) return leave('unknown');
    known.push(mark);
  }
  const [first, second, end] = [known[0], known[1], known.at(-1)];
  if (!first || !second || !end) return undefined; // a gap has an hour
  if (known.some(({ meter }) => meter !== first.meter)) return leave('meter');
  if (known.some(({ value }, i) => isMore(known[i - 1]?.value ?? value, value))) return leave('fell');
  if (!isMore(end.value, first.value)) return undefined;
  if (!isSame(next.sum - last.sum, next.state - last.state)) return leave('sums');
  if (isMore(last.state, second.value) || isMore(end.value, next.state)) return leave('states');
  return fill(gap, register);
}

function fill({ earlier, last, flat, next }: Gap, register: RegisterMarks): GapToFill | undefined {
  const hours: HourToWrite[] = [];
  let [shownSum, newSum] = [earlier?.sum, earlier?.sum]; // of the newest row so far, before and after
  const take = (row: HourRow): void => void ([shownSum, newSum] = [row.sum, row.sum]);
  const write = (startMs: number, before: HourRow | undefined, state: number): void => {
    const after = { state, sum: rounded(last.sum + (state - last.state)) };
    const changeBefore = before && shownSum !== undefined ? rounded(before.sum - shownSum) : undefined;
    const changeAfter = rounded(after.sum - (newSum ?? 0)); // the very first row shows its own sum
    hours.push({ startMs, before: before && figuresOf(before), after, changeBefore, changeAfter });
    [shownSum, newSum] = [before?.sum ?? shownSum, after.sum];
  };
  const began = endsEarly(last, register);
  if (began === undefined) take(last);
  else write(last.startMs, last, began);
  for (let startMs = last.startMs + HOUR_MS; startMs < next.startMs; startMs += HOUR_MS) {
    const [start, end] = [register.get(startMs), register.get(startMs + HOUR_MS)];
    const before = flat.get(startMs);
    // without a row an hour shows nothing, which is right where nothing was used
    if (start && end && (before ? isMore(end.value, before.state) : isMore(end.value, start.value)))
      write(startMs, before, end.value);
  }
  if (shownSum === undefined || newSum === undefined) return undefined;
  const [changeBefore, changeAfter] = [rounded(next.sum - shownSum), rounded(next.sum - newSum)];
  return { hours, next: { startMs: next.startMs, changeBefore, changeAfter } };
}

/** The register at the end of the hour in which a gap began, when its row says less. */
function endsEarly({ startMs, state }: HourRow, register: RegisterMarks): number | undefined {
  const [start, end] = [register.get(startMs), register.get(startMs + HOUR_MS)];
  return start && end && start.meter === end.meter && isMore(end.value, state) ? end.value : undefined;
}

const figuresOf = ({ state, sum }: HourRow): HourFigures => ({ state, sum });
