import { gainedKwh } from '../../archive/consumption.ts';
import type { HalfHourArchive } from '../../archive/half-hour-archive.ts';
import { DAY_MS, HALF_HOUR_MS, jstMidnight } from '../../kernel/clock.ts';
import { known } from '../status-snapshot.ts';
import type { CompareSnapshot, EnergySnapshot } from '../status-snapshot.ts';

const DAYS = 7;
/** What is between two marks is a guess anyway. */
const DECIMALS = 3;

/** Of this month and the last. */
export type KnownMarks = Pick<HalfHourArchive, 'at'>;
type Register = 'importKwh' | 'exportKwh';

/**
 * What passed the meter on the days before, to hold today against: some twenty look-ups in memory. "So far" is up to the
 * same time of day, a straight line between two marks. A day that is not known leaves out all that rests on it.
 */
export function compareDays(marks: KnownMarks, nowMs: number): CompareSnapshot | undefined {
  const todayMs = jstMidnight(nowMs);
  const sinceMs = nowMs - todayMs;
  const day = (ago: number): number => todayMs - ago * DAY_MS;
  const both = (of: (register: Register) => number | undefined): EnergySnapshot | undefined =>
    some(known<EnergySnapshot>({ import: rounded(of('importKwh')), export: rounded(of('exportKwh')) }));
  const mean = (register: Register): number | undefined => {
    const days = Array.from({ length: DAYS }, (_, i) => soFar(marks, day(i + 1), sinceMs, register));
    const sum = days.reduce<number | undefined>((a, b) => (a === undefined || b === undefined ? undefined : a + b), 0);
    return sum === undefined ? undefined : sum / DAYS;
  };
  return some(
    known<CompareSnapshot>({
      yesterday: both((register) => gainedKwh(marks.at(day(1)), marks.at(todayMs), register)),
      yesterday_so_far: both((register) => soFar(marks, day(1), sinceMs, register)),
      mean_7_days_so_far: both(mean),
    }),
  );
}

/** What a register gained from a day's begin. */
function soFar(marks: KnownMarks, dayMs: number, sinceMs: number, register: Register): number | undefined {
  const beforeMs = dayMs + Math.floor(sinceMs / HALF_HOUR_MS) * HALF_HOUR_MS;
  const part = (sinceMs % HALF_HOUR_MS) / HALF_HOUR_MS;
  const before = marks.at(beforeMs);
  const whole = gainedKwh(marks.at(dayMs), before, register);
  if (whole === undefined || part === 0) return whole;
  const running = gainedKwh(before, marks.at(beforeMs + HALF_HOUR_MS), register);
  return running === undefined ? undefined : whole + part * running;
}

const rounded = (kwh: number | undefined): number | undefined =>
  kwh === undefined ? undefined : Number(kwh.toFixed(DECIMALS));
const some = <T extends object>(facts: T): T | undefined => (Object.keys(facts).length > 0 ? facts : undefined);
