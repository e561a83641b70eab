// The house's time: Japan's, wherever the reader is. A day here is one of the meter's.
import { language } from './page-words.js';

const HOUR_S = 3600;
/** Japan has no summer time. */
const OFFSET_S = 9 * HOUR_S;
export const DAY_S = 24 * HOUR_S;
export const HALF_HOUR_S = 1800;

export const epochOf = (iso) => Date.parse(iso) / 1000;

const formats = new Map();
function format(style, epochS) {
  const key = JSON.stringify(style);
  if (!formats.has(key))
    formats.set(key, new Intl.DateTimeFormat(language, { timeZone: 'Asia/Tokyo', hourCycle: 'h23', ...style }));
  return formats.get(key).format(new Date(epochS * 1000));
}

export const clockTime = (epochS) => format({ hour: '2-digit', minute: '2-digit' }, epochS);
export const exactTime = (epochS) => format({ hour: '2-digit', minute: '2-digit', second: '2-digit' }, epochS);
export const dayText = (epochS) => format({ month: 'long', day: 'numeric', weekday: 'short' }, epochS);
export const monthText = (epochS) => format({ year: 'numeric', month: 'long' }, epochS);
export const yearText = (epochS) => format({ year: 'numeric' }, epochS);

/** With the date unless it is of the last hours. */
export const stampText = (epochS, nowS) =>
  nowS - epochS < 12 * HOUR_S ? exactTime(epochS) : `${dayText(epochS)} ${exactTime(epochS)}`;

/** `2026-11-28`. */
export const dateOf = (epochS) => new Date((epochS + OFFSET_S) * 1000).toISOString().slice(0, 10);
/** When that day began. */
export const startOf = (date) => epochOf(`${date}T00:00:00+09:00`);
export const midnight = (epochS) => startOf(dateOf(epochS));

/** Round times between two, as many as have `least` seconds between them and no fewer than three where it can be. */
export function roundTimes(fromS, toS, least) {
  const steps = [
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    HOUR_S,
    2 * HOUR_S,
    3 * HOUR_S,
    4 * HOUR_S,
    6 * HOUR_S,
    12 * HOUR_S,
  ];
  const most = (toS - fromS) / 4;
  const step = steps.find((seconds) => seconds >= least) ?? DAY_S;
  const chosen = step <= most ? step : (steps.filter((seconds) => seconds <= most).at(-1) ?? step);
  const first = Math.ceil((fromS + OFFSET_S) / chosen) * chosen - OFFSET_S;
  const times = [];
  for (let at = first; at <= toS; at += chosen) times.push(at);
  return times;
}
