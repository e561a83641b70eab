import type { IncomingHttpHeaders } from 'node:http';

type Headers = Pick<IncomingHttpHeaders, 'origin' | 'host' | 'sec-fetch-site'> & {
  readonly 'x-forwarded-host'?: string | readonly string[] | undefined;
};

/**
 * Whether a page that is not ours makes a browser ask. Over https and on this machine browsers say so themselves; over
 * plain http they name the asking page, and ours has the name it was opened by. `x-forwarded-host` is a proxy's: another
 * site cannot set it without asking us first, which we refuse. Who says neither is no browser.
 */
export function isForeign(headers: Headers): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin';
  if (origin === undefined) return false;
  const forwarded = String(headers['x-forwarded-host'] ?? '')
    .split(',')[0]
    ?.trim();
  return !URL.canParse(origin) || ![host, forwarded].includes(new URL(origin).host);
}
