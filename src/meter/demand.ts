import { HALF_HOUR_MS } from '../kernel/clock.ts';
import { gainedKwh } from '../archive/consumption.ts';
import type { HalfHourArchive } from '../archive/half-hour-archive.ts';
import type { ArchivedMark } from '../archive/month-file.ts';
import type { DemandPeak } from '../model/usage.ts';

/** Where the registers at the marks of this month are. */
export type Marks = Pick<HalfHourArchive, 'at'>;

export const halfHourStartMs = (ms: number): number => Math.floor(ms / HALF_HOUR_MS) * HALF_HOUR_MS;

/** What was bought on average in the half hour that ended at this mark, W; undefined where that is not known. */
export function demandBeforeW(marks: Marks, markMs: number): number | undefined {
  const kwh = gainedKwh(marks.at(markMs - HALF_HOUR_MS), marks.at(markMs), 'importKwh');
  return kwh === undefined ? undefined : Math.round(kwh * 2000);
}

/** The highest of the half hours from one mark to another; of several the first. Half hours that are not known do not count. */
export function peakBetween(marks: Marks, fromMs: number, toMs: number): DemandPeak | undefined {
  let peak: DemandPeak | undefined;
  for (let markMs = fromMs + HALF_HOUR_MS; markMs <= toMs; markMs += HALF_HOUR_MS) {
    const watts = demandBeforeW(marks, markMs);
    if (watts !== undefined && watts > (peak?.watts ?? -1)) peak = { watts, startMs: markMs - HALF_HOUR_MS };
  }
  return peak;
}

/** What a register shows now beside one of its marks. */
export interface Since {
  readonly meter: string;
  readonly register: 'importKwh' | 'exportKwh';
  readonly kwh: number;
}

/**
 * What a register gained since a mark.
 * @param lastMs the newest mark there may be
 * @returns undefined where that mark is not known, another meter hung there since, or the register fell.
 */
export function gainedSince(
  marks: Marks,
  fromMs: number,
  lastMs: number,
  { meter, register, kwh }: Since,
): number | undefined {
  const from = marks.at(fromMs)?.[register];
  if (from === undefined) return undefined;
  let before = from;
  for (let markMs = fromMs; markMs <= lastMs; markMs += HALF_HOUR_MS) {
    const mark: ArchivedMark | undefined = marks.at(markMs);
    if (mark && mark.meter !== meter) return undefined;
    const at = mark?.[register] ?? before;
    if (at < before) return undefined;
    before = at;
  }
  return kwh < before ? undefined : withoutResidue(kwh - from);
}

/** 12345.6 − 12345.1 is 0.5; no register has steps below 0.0001 kWh. */
const withoutResidue = (kwh: number): number => Math.round(kwh * 1e6) / 1e6;
