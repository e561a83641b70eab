import { text } from 'node:stream/consumers';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, textOf } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import { plainLine } from '../kernel/plain-text.ts';

/** From the first look-up of the name to the last byte of the answer. */
const LIMIT_MS = 15_000;
/** An answer is `{"success":true}`; more than this is none of Mackerel's. */
const MOST_BYTES = 16_384;

export interface MackerelAccount {
  /** `https://api.mackerelio.com`, or another base with the same paths. */
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly version: string;
}

export interface MackerelAnswer {
  readonly status: number;
  /** What it says was wrong, at most 200 characters; empty when it says nothing. */
  readonly message: string;
  /** It is JSON with an `error`, as Mackerel says it: no proxy between, no page of a network that wants a login. */
  readonly isMackerels: boolean;
  /** `Retry-After`, ms. */
  readonly retryAfterMs: number | undefined;
}

/** Posts JSON. @throws BridgeError MACKEREL_UNREACHABLE when no answer comes in time, or the signal's reason. */
export type MackerelPost = (path: string, body: unknown, signal: AbortSignal) => Promise<MackerelAnswer>;

/**
 * By `node:https`, loaded with the first post: `fetch` costs 16 MB of memory for good, this 3 MB. Redirects are not
 * followed: they would carry the key elsewhere.
 */
export function mackerelPost(account: MackerelAccount, clock: Clock): MackerelPost {
  return (path, body, signal) =>
    within(
      clock,
      LIMIT_MS,
      signal,
      async (limit) => {
        try {
          return await exchange(account, path, JSON.stringify(body), limit);
        } catch (error) {
          limit.throwIfAborted(); // the reason our caller gave, not the socket's AbortError
          throw unreachable(
            account,
            inBoth(() => textOf(error)),
            error,
          );
        }
      },
      () =>
        unreachable(account, {
          en: `no answer within ${LIMIT_MS / 1000} s`,
          ja: `${LIMIT_MS / 1000} 秒以内に応答がありません`,
        }),
    );
}

function unreachable({ apiUrl }: MackerelAccount, what: Text, cause?: unknown): BridgeError {
  const { host } = new URL(apiUrl);
  return new BridgeError('MACKEREL_UNREACHABLE', { en: `${host}: ${what.en}`, ja: `${host}: ${what.ja}` }, { cause });
}

async function exchange(
  { apiUrl, apiKey, version }: MackerelAccount,
  path: string,
  body: string,
  signal: AbortSignal,
): Promise<MackerelAnswer> {
  const url = new URL(path, apiUrl);
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  const options: RequestOptions = {
    method: 'POST',
    agent: false, // once a minute: a connection kept open would be closed by the other end
    signal,
    headers: {
      'X-Api-Key': apiKey,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'User-Agent': `broute2mqtt/${version}`,
    },
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, options, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
  const retryAfterS = Number(response.headers['retry-after'] ?? Number.NaN);
  return {
    status: response.statusCode ?? 0,
    ...parseBody(await text(atMost(MOST_BYTES, response))),
    retryAfterMs: Number.isFinite(retryAfterS) && retryAfterS >= 0 ? retryAfterS * 1000 : undefined,
  };
}

async function* atMost(bytes: number, stream: IncomingMessage): AsyncIterable<Buffer> {
  let left = bytes;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return; // leaving the loop closes the connection
  }
}

/** `{"error":{"message":"…"}}` or `{"error":"…"}`; what is neither is shown as it is. */
function parseBody(body: string): Pick<MackerelAnswer, 'message' | 'isMackerels'> {
  let told: unknown = body;
  let isMackerels = false;
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    isMackerels = error !== undefined;
    told = (error as { message?: unknown } | undefined)?.message ?? error;
  } catch {
    // a proxy's HTML, say
  }
  return { message: typeof told === 'string' ? plainLine(told) : '', isMackerels };
}

/**
 * What an answer means for what was sent: `taken`; `spoilt`: Mackerel itself says that the data is wrong; `refused`: the
 * account, or something between us and Mackerel, has to be mended first; `busy`: too much at once; `down`: not now.
 */
export type PostVerdict = 'taken' | 'spoilt' | 'refused' | 'busy' | 'down';

const BETWEEN_HINT: Text = {
  en: 'Not Mackerel’s own words: look for a proxy or a login page between this computer and Mackerel, then check mackerel.api_url, api_key and that service or host_id exists. The values wait.',
  ja: 'Mackerel自身の応答ではありません。途中のプロキシやログインページを確認し、次に mackerel.api_url、api_key と、service・host_id の存在を確認してください。値は保管されます。',
};

/** What is wrong with the data, or its amount. */
const OF_DATA: ReadonlySet<number> = new Set([400, 413, 422]);
/** A wrong key heals only by a human. */
const REFUSED_MS = 300_000;
/** Its limit counts requests per minute. */
const BUSY_LEAST_MS = 60_000;
const LONGEST_MS = 3_600_000;

export function verdictOf({ status, isMackerels }: Pick<MackerelAnswer, 'status' | 'isMackerels'>): PostVerdict {
  if (status >= 200 && status < 300) return 'taken';
  if (status === 429) return 'busy';
  if (status === 408 || status < 400 || status >= 500) return 'down';
  return OF_DATA.has(status) && isMackerels ? 'spoilt' : 'refused';
}

/** Fewer at once may be taken: too much for something on the way, or only one of them is wrong. */
export const asksForLess = (status: number): boolean => OF_DATA.has(status);

/** How long to wait before the next try, ms. @param backoffMs as the failures in a row have it */
export function pauseMs(verdict: PostVerdict, backoffMs: number, retryAfterMs = 0): number {
  if (verdict === 'refused') return REFUSED_MS;
  const least = verdict === 'busy' ? BUSY_LEAST_MS : 0;
  return Math.min(LONGEST_MS, Math.max(least, retryAfterMs, backoffMs));
}

/** The answer as an error for the log, with what to do. */
export function errorOf(answer: MackerelAnswer, where: string): BridgeError {
  const { status, message, isMackerels } = answer;
  const what = `${where}: HTTP ${status}${message === '' ? '' : `, ${message}`}`;
  const code = ['down', 'busy'].includes(verdictOf(answer)) ? 'MACKEREL_UNREACHABLE' : 'MACKEREL_REFUSED';
  return new BridgeError(code, what, code === 'MACKEREL_REFUSED' && !isMackerels ? { hint: BETWEEN_HINT } : undefined);
}
