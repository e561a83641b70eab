import { text } from 'node:stream/consumers';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, textOf } from '../kernel/errors.ts';

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
          throw unreachable(account, textOf(error), error);
        }
      },
      () => unreachable(account, `no answer within ${LIMIT_MS / 1000} s`),
    );
}

const unreachable = ({ apiUrl }: MackerelAccount, what: string, cause?: unknown): BridgeError =>
  new BridgeError('MACKEREL_UNREACHABLE', `${new URL(apiUrl).host}: ${what}`, { cause });

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
    ...saidIn(await text(atMost(MOST_BYTES, response))),
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
function saidIn(body: string): Pick<MackerelAnswer, 'message' | 'isMackerels'> {
  let said: unknown = body;
  let isMackerels = false;
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    isMackerels = error !== undefined;
    said = (error as { message?: unknown } | undefined)?.message ?? error ?? '';
  } catch {
    // a proxy's HTML, say
  }
  const plain = typeof said === 'string' ? said : '';
  const message = plain
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);
  return { message, isMackerels };
}
