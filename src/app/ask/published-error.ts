import { BridgeError, errorCodes } from '../../kernel/errors.ts';
import { inBoth, languages } from '../../kernel/language.ts';
import type { MeterSnapshot } from '../../web/status-snapshot.ts';

/** What a running bridge tells of a failure, as the error it was; undefined for a defect, or a code we do not know. */
export function publishedError(told: MeterSnapshot['error']): BridgeError | undefined {
  const code = errorCodes.find((known) => known === told?.code);
  if (!told || !code) return undefined;
  const { message, hint } = told;
  const suffix = ` [${code}]`;
  const plain = message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
  const own = new BridgeError(code, plain);
  // it comes in the bridge's language: where it is the catalogue's own, that one says it in the user's
  const isOwn = hint === '' || languages.some((language) => own.hint(language) === hint);
  return isOwn ? own : new BridgeError(code, plain, { hint: inBoth(() => hint) });
}
