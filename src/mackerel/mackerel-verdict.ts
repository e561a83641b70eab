import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { MackerelAnswer } from './mackerel-api.ts';

/**
 * What an answer means for what was sent: `taken`; `spoilt`: Mackerel itself says that the data is wrong; `refused`: the
 * account, or something between us and Mackerel, has to be mended first; `busy`: too much at once; `down`: not now.
 */
export type PostVerdict = 'taken' | 'spoilt' | 'refused' | 'busy' | 'down';

const betweenHint: Text = {
  en: 'Not Mackerel’s own words: look for a proxy or a login page between this computer and Mackerel, then check mackerel.api_url, api_key and that service or host_id exists. The values wait.',
  ja: 'Mackerel自身の応答ではありません。途中のプロキシやログインページを確認し、次に mackerel.api_url、api_key と、service・host_id の存在を確認してください。値は保管されます。',
};

const BASE_MS = 5000;
const CAP_MS = 300_000;
/** What is wrong with the data, or its amount. */
const ofData: ReadonlySet<number> = new Set([400, 413, 422]);
/** A wrong key heals only by a human. */
const REFUSED_MS = 300_000;
/** Its limit counts requests per minute. */
const BUSY_LEAST_MS = 60_000;
const LONGEST_MS = 3_600_000;

export function verdictOf({ status, isMackerels }: Pick<MackerelAnswer, 'status' | 'isMackerels'>): PostVerdict {
  if (status >= 200 && status < 300) return 'taken';
  if (status === 429) return 'busy';
  if (status === 408 || status < 400 || status >= 500) return 'down';
  return ofData.has(status) && isMackerels ? 'spoilt' : 'refused';
}

/** Fewer at once may be taken: too much for something on the way, or only one of them is wrong. */
export const asksForLess = (status: number): boolean => ofData.has(status);

/**
 * How long to wait before the next try, ms, so that many bridges do not return in lock-step.
 * @param tries failures in a row before this one.
 * @param random 0 ≤ x < 1.
 */
export function pauseMs(verdict: PostVerdict, tries: number, random: number, retryAfterMs = 0): number {
  const jittered = (ms: number): number => ms * (0.5 + random / 2);
  if (verdict === 'refused') return REFUSED_MS;
  const backoff = jittered(Math.min(CAP_MS, BASE_MS * 2 ** Math.min(tries, 10)));
  const least = verdict === 'busy' ? BUSY_LEAST_MS : 0;
  return Math.min(LONGEST_MS, Math.max(least, retryAfterMs, backoff));
}

/** The answer as an error for the log, with what to do. */
export function errorOf(answer: MackerelAnswer, where: string): BridgeError {
  const { status, message, isMackerels } = answer;
  const said = `${where}: HTTP ${status}${message === '' ? '' : `, ${message}`}`;
  const code = ['down', 'busy'].includes(verdictOf(answer)) ? 'MACKEREL_UNREACHABLE' : 'MACKEREL_REFUSED';
  return new BridgeError(code, said, code === 'MACKEREL_REFUSED' && !isMackerels ? { hint: betweenHint } : undefined);
}
