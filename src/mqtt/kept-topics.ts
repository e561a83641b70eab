import { retainedOn } from '../broker/retained.ts';
import type { BrokerConnection } from '../broker/broker-connection.ts';
import type { Clock } from '../kernel/clock.ts';
import { discoveryTopic, isOwnTopic, topicsOf } from './mqtt-topics.ts';

export interface MeterOnBroker {
  readonly meterId: string;
  readonly baseTopic: string;
  readonly prefix: string;
}

export interface Kept {
  /** Ours, the device document first: without it the rest is nothing to Home Assistant. */
  readonly own: readonly string[];
  /** Below the meter's level, but not ours. */
  readonly foreign: readonly string[];
  /** The broker was told that a bridge is connected, and its will has not told otherwise. */
  readonly online: boolean;
}

/** What the broker keeps of one meter. @throws BridgeError BROKER_REFUSED when we may not look. */
export async function keptOf(
  connection: BrokerConnection,
  meter: MeterOnBroker,
  clock: Clock,
  signal: AbortSignal,
): Promise<Kept> {
  const { meterId, baseTopic, prefix } = meter;
  const document = discoveryTopic(prefix, meterId);
  const root = `${baseTopic}/${meterId}/`;
  const found = await retainedOn(connection, [document, `${root}#`], clock, signal);
  const topics = [...found.keys()].sort();
  const below = topics.filter((topic) => topic.startsWith(root));
  return {
    own: [
      ...topics.filter((topic) => topic === document),
      ...below.filter((topic) => isOwnTopic(topic, baseTopic, meterId)),
    ],
    foreign: below.filter((topic) => !isOwnTopic(topic, baseTopic, meterId)),
    online: found.get(topicsOf(baseTopic, meterId).bridgeAvailability) === 'online',
  };
}
