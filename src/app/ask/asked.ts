import type { BridgeError } from '../../kernel/errors.ts';
import type { BridgeStatus } from './bridge-status.ts';

/** What came of asking the bridge that runs with this configuration. */
export type Asked =
  | { readonly kind: 'answered'; readonly status: BridgeStatus }
  /** Nobody listens: no bridge is running. */
  | { readonly kind: 'none' }
  /** Somebody is there who cannot be asked: the port may be theirs. */
  | { readonly kind: 'failed'; readonly error: BridgeError };
