import type { ConnectionKeeper } from '../broker/connection-keeper.ts';
import type { BridgeError } from '../kernel/errors.ts';
import type { Language } from '../kernel/language.ts';
import type { BrokerHealth } from '../model/health.ts';
import type { ReadingsStream } from './readings-stream.ts';

/**
 * How a meter stands on its broker.
 * @param refusal why this broker has no discovery document of ours
 * @param language of `detail`
 */
export function standingOf(
  { connection, error, url }: Pick<ConnectionKeeper, 'connection' | 'error' | 'url'>,
  { queued, dropped, held: heldBack }: Pick<ReadingsStream, 'queued' | 'dropped' | 'held'>,
  refusal: BridgeError | undefined,
  language: Language,
): BrokerHealth {
  const held = connection && heldBack;
  const unannounced = connection && refusal;
  const protocol = connection?.protocol === 5 ? '5' : '3.1.1';
  const standing = connection
    ? { en: `connected (MQTT ${protocol})`, ja: `接続済み（MQTT ${protocol}）` }[language]
    : (error?.text(language) ?? { en: 'connecting', ja: '接続を試みています' }[language]);
  const objections = [held, unannounced].flatMap((why) => why?.text(language) ?? []);
  return {
    ok: connection !== undefined && !held,
    detail: [standing, ...objections].join({ en: '; ', ja: '。' }[language]),
    error: connection ? undefined : error,
    connected: connection !== undefined,
    broker: url,
    queued,
    dropped,
    held,
    unannounced,
  };
}
