import { createHash, timingSafeEqual } from 'node:crypto';
import type { Language } from '../kernel/language.ts';

/** The parts of a query we read; a name given twice is an array and counts as not given. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export const textOf = (query: Query, name: string): string | undefined => {
  const value = query[name];
  return typeof value === 'string' ? value : undefined;
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Takes as long for a wrong token as for a nearly right one: digests of equal length are compared. */
export function createTokenCheck(token: string | undefined): (header: string | undefined, query: Query) => boolean {
  if (token === undefined) return () => true;
  const expected = digest(token);
  return (header, query) => {
    const bearer = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
    const given = bearer ?? textOf(query, 'token');
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

/** `?lang=` decides, then the browser's first choice among ours, then the configured language. */
export function languageOfRequest(query: Query, acceptLanguage: string | undefined, configured: Language): Language {
  const asked = textOf(query, 'lang');
  if (asked === 'ja' || asked === 'en') return asked;
  const choices = (acceptLanguage ?? '').split(',').map((entry) => {
    const [tag = '', ...parameters] = entry.trim().toLowerCase().split(';');
    const quality = parameters.find((parameter) => parameter.trim().startsWith('q='));
    return { language: tag.split('-')[0], quality: quality ? Number(quality.trim().slice(2)) : 1 };
  });
  const ours = choices.filter(({ language, quality }) => (language === 'ja' || language === 'en') && quality > 0);
  const best = ours.sort((a, b) => b.quality - a.quality)[0];
  return best ? (best.language as Language) : configured;
}

/** On every answer. `'self'` may frame the page, so that a proxy can show it inside its own pages. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};
