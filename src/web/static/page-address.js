// Addresses of the bridge, relative to the page, and questions to it.
import { language } from './page-words.js';

/** While the page's own address carries it, each request does; else the cookie of the login speaks. */
const token = new URLSearchParams(location.search).get('token');
const ANSWER_MS = 8000;

export function addressOf(path, query = {}) {
  const all = new URLSearchParams({ ...query, lang: language, ...(token ? { token } : {}) });
  return `${path}?${all}`;
}

/** The link to this page in the other language keeps the rest of the address. */
export function keepQuery(link) {
  const wanted = new URLSearchParams(link.search).get('lang');
  const all = new URLSearchParams(location.search);
  all.set('lang', wanted);
  link.search = all.toString();
}

/** @returns the answer, or undefined where this bridge has nothing there. @throws when it could not be asked */
export async function askFor(path, query) {
  const response = await fetch(addressOf(path, query), { signal: AbortSignal.timeout(ANSWER_MS) });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

export const tell = (path, body) =>
  fetch(addressOf(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
