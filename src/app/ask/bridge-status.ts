import type { BridgeError } from '../../kernel/errors.ts';
import type { SocketStatus } from '../../web/status-socket.ts';

/** What a running bridge tells of itself; over HTTP without its process id. */
export type BridgeStatus = Omit<SocketStatus, 'pid' | 'late'> & Partial<Pick<SocketStatus, 'pid' | 'late'>>;

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
