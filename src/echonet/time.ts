import { concatBytes, readU16, writeInteger } from '../kernel/bytes.ts';
import { JST_MS } from '../kernel/clock.ts';
import { ok, refuse, type Result } from '../kernel/result.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const FIRST_YEAR = 1970;
const LAST_YEAR = 9999;

/** Midnight JST, ms since 1970. @returns undefined for a day that does not exist. */
function midnight(year: number, month: number, day: number): number | undefined {
  if (year < FIRST_YEAR || year > LAST_YEAR) return undefined;
  const ms = Date.UTC(year, month - 1, day);
  return new Date(ms).getUTCMonth() === month - 1 ? ms - JST_MS : undefined; // a day too many is in another month
}

/** ms since midnight; 24:00:00 is the end of the day. @returns undefined for a time that does not exist. */
function timeOfDay(hour: number, minute: number, second: number): number | undefined {
  if (hour === 24 && minute === 0 && second === 0) return 24 * HOUR_MS;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return hour * HOUR_MS + minute * MINUTE_MS + second * 1000;
}

/** Calendar fields in JST. @throws RangeError before 1970 or after 9999. */
function fields(atMs: number): Date {
  const date = new Date(Math.floor(atMs) + JST_MS);
  const year = date.getUTCFullYear();
  if (!(year >= FIRST_YEAR && year <= LAST_YEAR))
    throw new RangeError(`not a time in ${FIRST_YEAR}–${LAST_YEAR}: ${atMs}`);
  return date;
}

/**
 * Seven bytes (year 2, month, day, hour, minute, second) or six (without the second), as in EA, EB, D0, EC–EF.
 * All FF is "never set": undefined. 24:00 is 0:00 of the next day. Years before 1970 are refused like any impossible date.
 * @returns ms since 1970.
 */
export function decodeDateTime(bytes: Uint8Array): Result<number | undefined> {
  if (bytes.length !== 6 && bytes.length !== 7) return refuse('date-time of a wrong length');
  if (bytes.every((byte) => byte === 0xff)) return ok(undefined);
  const day = midnight(readU16(bytes, 0), bytes[2]!, bytes[3]!);
  const time = timeOfDay(bytes[4]!, bytes[5]!, bytes.length === 7 ? bytes[6]! : 0);
  return day === undefined || time === undefined ? refuse('impossible date-time') : ok(day + time);
}

/**
 * Rounds down to the second (7 bytes) or the minute (6 bytes); undefined is "never set".
 * @throws RangeError before 1970 or after 9999 (JST).
 */
export function encodeDateTime(atMs: number | undefined, length: 6 | 7): Uint8Array {
  if (atMs === undefined) return new Uint8Array(length).fill(0xff);
  const seconds = Uint8Array.of(fields(atMs).getUTCSeconds());
  return concatBytes(encodeDate(atMs), encodeTimeOfDay(atMs), seconds).slice(0, length);
}

/** Current date, EPC 98: year(2) month day. ECHONET Appendix 2.1. @returns 0:00 JST of that day, ms since 1970; undefined for "never set", an impossible date or a wrong length. */
export const decodeDate = (edt: Uint8Array): number | undefined =>
  edt.length === 4 ? midnight(readU16(edt, 0), edt[2]!, edt[3]!) : undefined;

/** EPC 98 at a moment, ms since 1970. @throws RangeError before 1970 or after 9999 (JST). */
export function encodeDate(atMs: number): Uint8Array {
  const date = fields(atMs);
  const edt = new Uint8Array(4);
  writeInteger(edt, 0, 2, date.getUTCFullYear());
  edt.set([date.getUTCMonth() + 1, date.getUTCDate()], 2);
  return edt;
}

/** Current time, EPC 97: hour minute, JST. ECHONET Appendix 2.1. @returns ms since midnight (24:00 is 86,400,000, so that date + time is right); undefined for an impossible time or a wrong length. */
export const decodeTimeOfDay = (edt: Uint8Array): number | undefined =>
  edt.length === 2 ? timeOfDay(edt[0]!, edt[1]!, 0) : undefined;

/** EPC 97 at a moment, ms since 1970, rounded down to the minute. @throws RangeError before 1970 or after 9999 (JST). */
export function encodeTimeOfDay(atMs: number): Uint8Array {
  const date = fields(atMs);
  return Uint8Array.of(date.getUTCHours(), date.getUTCMinutes());
}
