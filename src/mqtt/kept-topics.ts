import type { BrokerConnection } from '../broker/broker-connection.ts';
import { lostOn } from '../broker/broker-failures.ts';
import { topicRefused } from '../broker/reason-codes.ts';
import type { Clock } from '../kernel/clock.ts';
import { discoveryTopic, isOwnTopic, topicsOf } from './mqtt-topics.ts';

/** A broker passes on what it keeps right after the SUBACK; so long after the last of it nothing more is expected. */
const QUIET_MS = 700;

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
  /** What is retained says that a bridge is connected; its last will would have said `offline`. */
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

/** Retained messages, by topic. @throws BridgeError BROKER_REFUSED */
async function retainedOn(
  connection: BrokerConnection,
  filters: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  let lastMs = clock.monotonicMs();
  connection.onMessage((topic, payload, retained) => {
    if (!retained || payload.length === 0) return;
    found.set(topic, payload.toString());
    lastMs = clock.monotonicMs();
  });
  const grants = await connection.subscribeWithRetained(filters);
  const refused = grants.findIndex((code) => code >= 0x80);
  if (refused !== -1) throw topicRefused(connection.url, 'reading', filters[refused] ?? '', grants[refused] ?? 0);
  lastMs = Math.max(lastMs, clock.monotonicMs());
  for (let restMs = QUIET_MS; restMs > 0; restMs = lastMs + QUIET_MS - clock.monotonicMs())
    await clock.sleep(restMs, signal);
  return found;
}

/** Makes the broker forget these topics, in order. @throws BridgeError BROKER_REFUSED naming the first it does not let us write. */
export async function forget(connection: BrokerConnection, topics: readonly string[]): Promise<void> {
  for (const topic of topics) {
    const outcome = await connection.published({ topic, payload: '', qos: 1, retain: true });
    if (typeof outcome === 'number') throw topicRefused(connection.url, 'writing', topic, outcome);
    if (outcome instanceof Error) throw lostOn(connection.url, outcome);
  }
}
