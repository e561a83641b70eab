import { PERIODS } from '../../archive/consumption.ts';
import type { Period } from '../../archive/consumption.ts';
import { DAY_MS, jstDay, jstMidnight } from '../../kernel/clock.ts';
import type { Text } from '../../kernel/language.ts';
import { textOf } from '../access.ts';
import type { Query } from '../access.ts';

/** What one answer may hold, in days: 31 days, 400 days, ten years. */
const MOST_DAYS: Readonly<Record<Period, number>> = { 'half-hour': 31, day: 400, month: 3660 };
/** What is shown when nothing is said: today and so many days before. */
const USUAL_DAYS: Readonly<Record<Period, number>> = { 'half-hour': 0, day: 30, month: 365 };
export const HISTORY_ANSWERS = ['json', 'csv'] as const;

/** Which part of the past is asked for. */
export interface HistoryQuery {
  readonly by: Period;
  /** 0:00 in Japan of the first day, and of the day after the last. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly format: (typeof HISTORY_ANSWERS)[number];
}

/** What would be right. */
export interface RefusedQuery {
  readonly refused: Text;
}

const BY: Text = {
  en: `by: one of ${PERIODS.join(', ')}`,
  ja: `by には ${PERIODS.join('、')} のいずれかを指定してください`,
};
const FORMAT: Text = {
  en: `format: one of ${HISTORY_ANSWERS.join(', ')}`,
  ja: `format には ${HISTORY_ANSWERS.join('、')} のいずれかを指定してください`,
};
const DAYS: Text = {
  en: 'from, to: days in Japan such as 2026-01-15, both included, the later one last',
  ja: 'from と to には日付（例: 2026-01-15、日本時間、両端を含む）を、from が to より後にならないように指定してください',
};
const tooLong = (by: Period): Text => ({
  en: `from, to: at most ${MOST_DAYS[by]} days with by=${by}`,
  ja: `by=${by} のとき from から to までは最大 ${MOST_DAYS[by]} 日です`,
});

/** Absent parts have usual values. */
export function historyQuery(query: Query, nowMs: number): HistoryQuery | RefusedQuery {
  const by = PERIODS.find((one) => one === (textOf(query, 'by') ?? 'day'));
  if (!by) return { refused: BY };
  const format = HISTORY_ANSWERS.find((one) => one === (textOf(query, 'format') ?? 'json'));
  if (!format) return { refused: FORMAT };
  const day = (name: string, usualMs: number): number | undefined =>
    query[name] === undefined ? usualMs : jstDay(textOf(query, name) ?? '');
  const lastMs = day('to', jstMidnight(nowMs));
  if (lastMs === undefined) return { refused: DAYS };
  const fromMs = day('from', lastMs - USUAL_DAYS[by] * DAY_MS);
  if (fromMs === undefined || fromMs > lastMs) return { refused: DAYS };
  const toMs = lastMs + DAY_MS;
  return toMs - fromMs > MOST_DAYS[by] * DAY_MS ? { refused: tooLong(by) } : { by, fromMs, toMs, format };
}
