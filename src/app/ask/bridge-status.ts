import { join } from 'node:path';
import { BridgeError, Cause, ERROR_CODES } from '../../kernel/errors.ts';
import type { BridgeErrorOptions } from '../../kernel/errors.ts';
import { inBoth, LANGUAGES } from '../../kernel/language.ts';
import type { Language, Text } from '../../kernel/language.ts';
import type { FailureTexts, MeterSnapshot } from '../../web/status-snapshot.ts';
import type { SocketStatus } from '../../web/status-socket.ts';

/** Where a running bridge can be asked how it is. */
export const socketPath = (stateDir: string): string => join(stateDir, 'broute2mqtt.sock');

/** What a running bridge tells of itself; over HTTP without its process id. */
export type BridgeStatus = Omit<SocketStatus, 'pid' | 'late'> & Partial<Pick<SocketStatus, 'pid' | 'late'>>;

/** A thousand meters are some 2 MB. */
export const MOST_BYTES = 16_000_000;

export const tooMuch = (unit: 'bytes' | 'characters'): Cause =>
  new Cause({ en: `more than ${MOST_BYTES} ${unit}`, ja: '応答が大きすぎます' });

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** @returns undefined for what no bridge of ours writes: something else may listen where we ask. */
export function parseStatus(text: string): BridgeStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not ours: the caller says so
  }
  if (!isObject(value) || typeof value['version'] !== 'string' || !Array.isArray(value['meters'])) return undefined;
  const known = (value['meters'] as unknown[]).every(
    (meter) => isObject(meter) && typeof meter['id'] === 'string' && typeof meter['fresh'] === 'boolean',
  );
  return known ? (value as unknown as BridgeStatus) : undefined;
}

/** What came of asking the bridge that runs with this configuration. */
export type Asked =
  | { readonly kind: 'answered'; readonly status: BridgeStatus }
  /** Nobody listens: no bridge is running. */
  | { readonly kind: 'none' }
  /** Somebody is there who cannot be asked: the port may be theirs. */
  | { readonly kind: 'failed'; readonly error: BridgeError };

export const failed = (what: Text | string, options?: BridgeErrorOptions): Asked => ({
  kind: 'failed',
  error: new BridgeError('BRIDGE_SILENT', what, options),
});

/** What a running bridge tells of a failure, as the error it was; undefined for a defect, or a code we do not know. */
export function publishedError(published: MeterSnapshot['error']): BridgeError | undefined {
  const code = ERROR_CODES.find((known) => known === published?.code);
  if (!published || !code) return undefined;
  const suffix = ` [${code}]`;
  const textsIn = (language: Language): FailureTexts => published.both?.[language] ?? published;
  const what = inBoth((language) => {
    const { message } = textsIn(language);
    return message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
  });
  const own = new BridgeError(code, what);
  // a bridge older than this command has one language: where its hint is the catalogue's, that one says it in the user's
  const isOwn =
    published.hint === '' || (!published.both && LANGUAGES.some((language) => own.hint(language) === published.hint));
  return isOwn ? own : new BridgeError(code, what, { hint: inBoth((language) => textsIn(language).hint) });
}
