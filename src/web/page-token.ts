import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** One that nobody guesses, in a form that a link, a file and `http.token` bear. */
export const makeToken = (): string => randomBytes(16).toString('hex');

/** The page with its token: opened once, the browser is let in from then on. */
export function linkWithToken(page: string, token: string): string {
  const url = new URL(page);
  url.searchParams.set('token', token);
  return url.href;
}

const PREFIX = 'broute2mqtt_';
const YEAR_S = 365 * 24 * 3600;
const derived = (token: string, what: string): string =>
  createHmac('sha256', token).update(`broute2mqtt ${what}`).digest('base64url');
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Of the request that is answered. */
export interface CookieRequest {
  readonly cookie?: string | undefined;
  readonly 'x-forwarded-proto'?: string | readonly string[] | undefined;
}

/** What a browser keeps instead of the token. */
export interface PageCookie {
  /** What of ours a request brings, good or not. */
  readonly given: (request: CookieRequest) => string | undefined;
  readonly isGood: (request: CookieRequest) => boolean;
  /** `Set-Cookie`: lets in for a year, from a year's last visit on. */
  readonly keep: (request: CookieRequest) => string;
  readonly forget: (request: CookieRequest) => string;
}

/**
 * Made of the token: it lasts over a restart, and a new token ends it everywhere. Its name is too, so that two bridges on
 * one machine, which browsers do not keep apart by their ports, do not log each other out. Without a `Path` it is for
 * the folder that the browser sees the page in, which below a proxy's path only the browser knows.
 */
export function createPageCookie(token: string): PageCookie {
  const name = `${PREFIX}${derived(token, 'name').slice(0, 8)}`;
  const pair = `${name}=${derived(token, 'session')}`;
  const expected = digest(pair);
  const given = ({ cookie = '' }: CookieRequest): string[] =>
    cookie
      .split(';')
      .map((text) => text.trim())
      .filter((text) => text.startsWith(PREFIX));
  const cookie = (text: string, maxAgeS: number, request: CookieRequest): string =>
    `${text}; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${isHttps(request) ? '; Secure' : ''}`;
  return {
    given: (request) => given(request).join(';') || undefined,
    isGood: (request) => given(request).some((text) => timingSafeEqual(digest(text), expected)),
    keep: (request) => cookie(pair, YEAR_S, request),
    forget: (request) => cookie(`${name}=`, 0, request),
  };
}

/** A proxy says so. Whoever says it falsely spoils a cookie of their own. */
const isHttps = ({ 'x-forwarded-proto': proto }: CookieRequest): boolean =>
  String(proto ?? '')
    .split(',')[0]
    ?.trim()
    .toLowerCase() === 'https';
