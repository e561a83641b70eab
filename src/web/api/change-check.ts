import type { IncomingHttpHeaders } from 'node:http';

/** Why a request may not change anything. */
export interface RefusedChange {
  readonly status: 403 | 415;
  readonly text: string;
}

const ELSEWHERE: RefusedChange = {
  status: 403,
  text: 'This request comes from another page: only our own may change something.',
};
const NO_JSON: RefusedChange = { status: 415, text: 'Send JSON, with "content-type: application/json".' };

const first = (header: string | readonly string[] | undefined): string | undefined =>
  String(header ?? '')
    .split(',')[0]
    ?.trim()
    .toLowerCase();

/**
 * A page elsewhere can make a browser send us a form, with the cookie of ours: what changes something therefore has to be
 * JSON, which no form sends, and must not come from another origin. A proxy may hand on another Host and tell the real one.
 */
export function refusedChange(headers: IncomingHttpHeaders): RefusedChange | undefined {
  const { origin, host } = headers;
  const site = first(headers['sec-fetch-site']);
  if (site) {
    if (site !== 'same-origin' && site !== 'none') return ELSEWHERE;
  } else if (origin !== undefined) {
    const ours = [first(host), first(headers['x-forwarded-host'])];
    if (!URL.canParse(origin) || !ours.includes(new URL(origin).host)) return ELSEWHERE;
  }
  return first(headers['content-type'])?.split(';')[0]?.trim() === 'application/json' ? undefined : NO_JSON;
}
