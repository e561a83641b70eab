import { BridgeError } from '../kernel/errors.ts';
import type { MackerelAnswer } from './mackerel-api.ts';

/**
 * What an answer means for what was sent: `taken`; `spoilt`: will never be taken; `refused`: the account has to be mended
 * first; `busy`: too much at once; `down`: not now.
 */
export type Verdict = 'taken' | 'spoilt' | 'refused' | 'busy' | 'down';

const BASE_MS = 5000;
const CAP_MS = 300_000;
/** A wrong key heals only by a human. */
const REFUSED_MS = 300_000;
/** Its limit counts requests per minute. */
const BUSY_LEAST_MS = 60_000;
const LONGEST_MS = 3_600_000;

export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return 'taken';
  if (status === 401 || status === 403 || status === 404) return 'refused';
  if (status === 429) return 'busy';
  return status >= 400 && status < 500 && status !== 408 ? 'spoilt' : 'down';
}

/**
 * How long to wait before the next try, ms, so that many bridges do not return in lock-step.
 * @param tries failures in a row before this one.
 * @param random 0 ≤ x < 1.
 */
export function pauseMs(verdict: Verdict, tries: number, random: number, retryAfterMs = 0): number {
  const jittered = (ms: number): number => ms * (0.5 + random / 2);
  if (verdict === 'refused') return REFUSED_MS;
  const backoff = jittered(Math.min(CAP_MS, BASE_MS * 2 ** Math.min(tries, 10)));
  const least = verdict === 'busy' ? BUSY_LEAST_MS : 0;
  return Math.min(LONGEST_MS, Math.max(least, retryAfterMs, backoff));
}

/** The answer as an error for the log, with what to do. */
export function errorOf({ status, message }: MackerelAnswer, where: string): BridgeError {
  const said = `${where}: HTTP ${status}${message === '' ? '' : `, ${message}`}`;
  const code = ['down', 'busy'].includes(verdictOf(status)) ? 'MACKEREL_UNREACHABLE' : 'MACKEREL_REFUSED';
  return new BridgeError(code, said);
}
