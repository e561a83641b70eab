import type { BridgeError } from '../kernel/errors.ts';
import type { ConnectionKeeper } from '../broker/connection-keeper.ts';
import type { ReadingsStream } from './readings-stream.ts';

export interface MqttHealth {
  readonly ok: boolean;
  readonly detail: string;
  /** Why there is no connection. */
  readonly error: BridgeError | undefined;
  readonly connected: boolean;
  /** The broker's address, without credentials. */
  readonly broker: string;
  /** Readings the broker has not acknowledged yet. */
  readonly queued: number;
  /** Readings given up since the start: the outbox was full, they were too old, or the broker can never take them. */
  readonly dropped: number;
  /** Why the broker takes no readings although it is connected; its hint says what to do. */
  readonly held: BridgeError | undefined;
  /** Why Home Assistant is told of no device although there is a connection. */
  readonly unannounced: BridgeError | undefined;
}

/** @param refusal why there is no discovery document on this broker */
export function mqttHealth(
  { connection, error, url }: ConnectionKeeper,
  { held: stuck, queued, dropped }: ReadingsStream,
  refusal: BridgeError | undefined,
): MqttHealth {
  const held = connection && stuck;
  const unannounced = connection && refusal;
  const standing = connection && `connected (MQTT ${connection.protocol === 5 ? '5' : '3.1.1'})`;
  const objections = [held, unannounced].flatMap((objection) => (objection ? [objection.text('en')] : []));
  return {
    ok: connection !== undefined && !held,
    detail: [standing ?? error?.text('en') ?? 'connecting', ...objections].join('; '),
    error: connection ? undefined : error,
    connected: connection !== undefined,
    broker: url,
    queued,
    dropped,
    held,
    unannounced,
  };
}
