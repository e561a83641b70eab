import { setTimeout as delay } from 'node:timers/promises';

/** The only source of time. Tests put a virtual one in its place, so nothing but this file touches timers or `Date`. */
export interface Clock {
  /** Wall clock in ms since 1970: for stamps that leave the program, never for intervals (it jumps). */
  now(): number;
  /** Monotonic ms from an arbitrary start: for intervals, ages and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`. @throws the signal's reason when aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(Math.max(0, ms), undefined, { signal });
    } catch (error) {
      signal.throwIfAborted(); // the reason our caller gave, not the timer's AbortError
      throw error;
    }
  },
};

const pad = (value: number): string => String(value).padStart(2, '0');

/** ISO 8601 in the zone this process runs in, with its offset: `2026-01-15T12:00:30.120+09:00`. */
export function isoLocal(ms: number): string {
  const offset = -new Date(ms).getTimezoneOffset(); // minutes east of Greenwich
  const local = new Date(ms + offset * 60_000).toISOString().slice(0, 23);
  const size = Math.abs(offset);
  return `${local}${offset < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

/** How far Japan's clocks are ahead of UTC: the meter's own clock is JST whatever TZ says. */
export const JST_MS = 9 * 3_600_000;

/** ISO 8601 in Japan's time, to the second. */
export const isoJst = (ms: number): string => `${new Date(ms + JST_MS).toISOString().slice(0, 19)}+09:00`;

/** From one mark of the meter's registers to the next. */
export const HALF_HOUR_MS = 1_800_000;
export const DAY_MS = 86_400_000;

/** 0:00 in Japan of the first day of the month that holds this moment, ms since 1970. */
export const jstMonthStart = (ms: number): number => Date.parse(`${isoJst(ms).slice(0, 7)}-01T00:00:00+09:00`);
/** The same of the month after it. */
export const jstNextMonth = (ms: number): number => jstMonthStart(jstMonthStart(ms) + 32 * DAY_MS);

/** 0:00 in Japan of a day as a person writes it, `2026-01-15`. @returns undefined where there is no such day */
export function jstDay(text: string): number | undefined {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00+09:00`) : NaN;
  return !Number.isNaN(ms) && isoJst(ms).startsWith(text) ? ms : undefined;
}

/** 0:00 in Japan of the day that holds this moment, ms since 1970. */
export const jstMidnight = (ms: number): number => Math.floor((ms + JST_MS) / DAY_MS) * DAY_MS - JST_MS;
