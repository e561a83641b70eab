import { HALF_HOUR_MS, isoJst } from '../kernel/clock.ts';
import type { HalfHour } from '../model/reading.ts';

/** What a meter is called in the file; whatever else its serial number holds would not fit a line. */
const NOT_IN_A_NAME = /[^0-9A-Za-z-]/g;
const METER_LINE = /^# meter ([0-9A-Za-z-]{1,64})$/;
const MARK_LINE = /^(\d{4}-\d\d-\d\dT\d\d:[03]0),(\d{0,20}(?:\.\d{1,4})?),(\d{0,20}(?:\.\d{1,4})?)$/;

/**
 * What the registers of one meter were at a mark (:00 or :30 JST). Without either register: the meter was asked and had
 * none.
 */
export interface ArchivedMark extends HalfHour {
  /** Which meter: consumption exists only between two marks of the same one. */
  readonly meter: string;
}

export const hasRegister = ({ importKwh, exportKwh }: ArchivedMark): boolean =>
  importKwh !== undefined || exportKwh !== undefined;

/** A meter by its EUI-64 and, where it tells one, its serial number: one of them alone may stay in an exchange. */
export const archiveNameOf = (macAddress: string, serialNumber?: string): string =>
  (serialNumber === undefined ? macAddress : `${macAddress}-${serialNumber}`).replace(NOT_IN_A_NAME, '_').slice(0, 64);

/** The JST month a mark belongs to: `2026-01`. */
export const monthOf = (markMs: number): string => isoJst(markMs).slice(0, 7);

export const isMark = (ms: number): boolean => Number.isInteger(ms) && ms % HALF_HOUR_MS === 0;

/**
 * The marks in a month's file, in the order of its lines: `2026-01-15T12:00,12345.4,0.0`, JST, kWh bought and sold, below a
 * line that names the meter. A line that is none of ours is left out and counted; what has no end a power cut tore.
 */
export function parseMonth(text: string): { readonly marks: readonly ArchivedMark[]; readonly torn: number } {
  const marks: ArchivedMark[] = [];
  let meter: string | undefined;
  let torn = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    if (line === '' || line.startsWith('# time')) continue;
    const named = METER_LINE.exec(line)?.[1];
    meter = named ?? meter;
    if (named !== undefined) continue;
    const mark = meter === undefined ? undefined : parseLine(line, meter);
    if (mark) marks.push(mark);
    else torn++;
  }
  return { marks, torn };
}

function parseLine(line: string, meter: string): ArchivedMark | undefined {
  const [, time, bought = '', sold = ''] = MARK_LINE.exec(line) ?? [];
  const markMs = time === undefined ? NaN : Date.parse(`${time}:00+09:00`);
  if (!isMark(markMs)) return undefined;
  return {
    markMs,
    ...(bought === '' ? {} : { importKwh: Number(bought) }),
    ...(sold === '' ? {} : { exportKwh: Number(sold) }),
    meter,
  };
}

const field = (kwh: number | undefined): string => (kwh === undefined ? '' : String(kwh));

/** Lines for these marks. @param before the meter that the file's last line is of. */
export function formatMarks(marks: readonly ArchivedMark[], before: string | undefined): string {
  let text = before === undefined ? '# time (JST),import kWh,export kWh\n' : '';
  let named = before;
  for (const { markMs, importKwh, exportKwh, meter } of marks) {
    if (meter !== named) text += `# meter ${meter}\n`;
    named = meter;
    text += `${isoJst(markMs).slice(0, 16)},${field(importKwh)},${field(exportKwh)}\n`;
  }
  return text;
}
