import { areSame, HOUR_MS } from './hour-rows.ts';
import type { HourFigures, HourRow } from './hour-rows.ts';

/** What was written into an hour, and what had been there. */
export interface WrittenHour {
  readonly startMs: number;
  /** undefined: there was no row. */
  readonly before: HourFigures | undefined;
  readonly after: HourFigures;
}

/** Hours from `fromMs` to before `toMs`. */
export interface HourRange {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface UndoPlan {
  /** Rows that get back what they held. */
  readonly restore: readonly HourRow[];
  /** Rows that were not there. */
  readonly remove: readonly HourRange[];
  /** Where Home Assistant cannot remove single rows: these in their place, which show nothing, as no row does. */
  readonly flatten: readonly HourRow[];
  /** Of those written, which hours can be undone. */
  readonly undone: readonly WrittenHour[];
  /** They hold something else than was written, or nothing: they stay as they are. */
  readonly left: readonly number[];
}

/** @param written ascending, each hour once. @param rows what Home Assistant has now, ascending. */
export function planUndo(written: readonly WrittenHour[], rows: readonly HourRow[]): UndoPlan {
  const present = new Map(rows.map((row) => [row.startMs, row]));
  const [undone, left]: [WrittenHour[], number[]] = [[], []];
  for (const hour of written) {
    const row = present.get(hour.startMs);
    if (row && areSame(row, hour.after)) undone.push(hour);
    else left.push(hour.startMs);
  }
  const old = new Map(undone.map(({ startMs, before }) => [startMs, before]));
  const flatten: HourRow[] = [];
  let shown: HourFigures | undefined; // by the newest row, once all is as it was
  for (const { startMs, state, sum } of rows) {
    const isOurs = old.has(startMs);
    const before = isOurs ? old.get(startMs) : { state, sum };
    if (before) shown = before;
    else if (shown) flatten.push({ startMs, ...shown });
  }
  const restore = undone.flatMap(({ startMs, before }) => (before ? [{ startMs, ...before }] : []));
  return { restore, remove: rangesOf(undone.filter(({ before }) => !before)), flatten, undone, left };
}

function rangesOf(hours: readonly WrittenHour[]): HourRange[] {
  const ranges: HourRange[] = [];
  for (const { startMs } of hours) {
    const last = ranges.at(-1);
    const next = { fromMs: last?.toMs === startMs ? last.fromMs : startMs, toMs: startMs + HOUR_MS };
    if (last?.toMs === startMs) ranges.pop();
    ranges.push(next);
  }
  return ranges;
}
