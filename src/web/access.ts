import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Clock } from '../kernel/clock.ts';
import { isLanguage } from '../kernel/language.ts';
import type { Language } from '../kernel/language.ts';
import { isLoopback } from '../kernel/host-port.ts';
import { Guesses } from './household-limits.ts';
import { createPageCookie } from './page-token.ts';
import type { CookieRequest } from './page-token.ts';

/** The parts of a query we read; a name given twice is an array and counts as not given. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export const textOf = (query: Query, name: string): string | undefined => {
  const value = query[name];
  return typeof value === 'string' ? value : undefined;
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The token a request brings. */
const tokenOf = (header: string | undefined, query: Query): string | undefined =>
  /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? textOf(query, 'token');

/** Takes as long for a wrong token as for a nearly right one: digests of equal length are compared. */
export function createTokenCheck(token: string | undefined): (header: string | undefined, query: Query) => boolean {
  if (token === undefined) return () => true;
  const expected = digest(token);
  return (header, query) => {
    const given = tokenOf(header, query);
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

/** Why a request may not read, and the header that belongs to it. */
export interface AccessRefusal {
  readonly status: 401 | 429;
  readonly header: readonly [name: string, value: string];
  readonly text: string;
}

const NO_TOKEN: AccessRefusal = {
  status: 401,
  header: ['www-authenticate', 'Bearer'],
  text: 'Send the value of http.token as "Authorization: Bearer …" or as ?token=….',
};

/** What a request shows of who sends it. */
export interface ShownHeaders extends CookieRequest {
  readonly authorization?: string | undefined;
}

/** @returns undefined for who may read. */
export type Door = (ip: string, headers: ShownHeaders, query: Query) => AccessRefusal | undefined;

/** Lets in who has the token, or the cookie made of it, whatever others at that address tried. */
export function createDoor(token: string | undefined, clock: Clock): Door {
  const allowed = createTokenCheck(token);
  const cookie = token === undefined ? undefined : createPageCookie(token);
  const guesses = new Guesses(clock);
  return (ip, headers, query) => {
    if (allowed(headers.authorization, query) || cookie?.isGood(headers)) return undefined;
    const waitS = guesses.waitS(ip);
    if (waitS > 0) return tooMany(waitS);
    const given = tokenOf(headers.authorization, query) ?? cookie?.given(headers);
    if (given !== undefined) guesses.wrong(ip, given);
    return NO_TOKEN;
  };
}

/** Whether everybody who reaches the machine can open the page. It stays to be read, but commands nothing. */
export const isOpenToAll = ({ listen, token }: { listen: { host: string }; token?: string }): boolean =>
  token === undefined && !isLoopback(listen.host);

const tooMany = (waitS: number): AccessRefusal => ({
  status: 429,
  header: ['retry-after', String(waitS)],
  text: `Too many different tokens were tried from this address. Try again in ${waitS} s.`,
});

/** The name in a Host header: without port, brackets and the root's dot. */
const nameOf = (header: string): string =>
  header
    .trim()
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');

/**
 * Endings no registry of the internet will ever give away (RFC 6761, 6762, 8375; ICANN on .internal, .home and .lan): no
 * page elsewhere can have a name under them.
 */
const NEVER_PUBLIC = /\.(localhost|local|internal|home\.arpa|home|lan)$/;
/** `broute2mqtt`, `raspberrypi`: found by the house's own search list, a container network or a hosts file, never on the internet. */
const isSingleLabel = (name: string): boolean => /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(name);

/**
 * Whether a request may be meant for us. A page anywhere can let its own name point to an address in this house and then
 * read, as its own, what a server there tells ("DNS rebinding"); but the browser still names that page's host. So who
 * asks for no token answers, whatever address it listens on, to IP addresses and to names that cannot be somebody else's
 * on the internet: local ones, this machine's own, and those of `http.hosts`.
 */
export function createHostCheck(options: {
  readonly listenHost: string;
  readonly hosts: readonly string[];
  readonly hasToken: boolean;
}): (header: string | undefined) => boolean {
  const { listenHost, hosts, hasToken } = options;
  if (hasToken) return () => true;
  const known = new Set([listenHost, hostname(), ...hosts].map(nameOf));
  return (header) => {
    if (header === undefined) return true; // HTTP/1.0: no browser
    const name = nameOf(header);
    return isIP(name) !== 0 || known.has(name) || isSingleLabel(name) || NEVER_PUBLIC.test(name);
  };
}

/** `?lang=` decides, then the browser's first choice among ours, then the configured language. */
export function languageOfRequest(query: Query, acceptLanguage: string | undefined, configured: Language): Language {
  const asked = textOf(query, 'lang');
  if (isLanguage(asked)) return asked;
  const ours = (acceptLanguage ?? '').split(',').flatMap((entry) => {
    const [tag = '', ...parameters] = entry
      .toLowerCase()
      .split(';')
      .map((part) => part.trim());
    const language = tag.split('-')[0];
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    return isLanguage(language) && quality > 0 ? [{ language, quality }] : [];
  });
  return ours.sort((a, b) => b.quality - a.quality)[0]?.language ?? configured;
}

/** On every answer. `'self'` may frame the page, so that a proxy can show it inside its own pages. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};
