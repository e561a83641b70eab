import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { BrokerConnection } from './broker-connection.ts';
import { reasonText } from './broker-failures.ts';

/** A broker passes on what it keeps right after the SUBACK; so long after the last of it nothing more is expected. */
const QUIET_MS = 700;

/** Retained messages, by topic. @throws BridgeError BROKER_REFUSED */
export async function retainedOn(
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
    const outcome = await new Promise<undefined | number | Error>((resolve) =>
      connection.publish({ topic, payload: '', qos: 1, retain: true }, resolve),
    );
    if (typeof outcome === 'number') throw topicRefused(connection.url, 'writing', topic, outcome);
    if (outcome instanceof Error) throw new BridgeError('BROKER_UNREACHABLE', `${connection.url}: ${outcome.message}`);
  }
}

const doing = { reading: { en: 'read', ja: '読み取り' }, writing: { en: 'write', ja: '書き込み' } } as const;

/** An ACL in words. */
export function topicRefused(url: string, what: keyof typeof doing, topic: string, code?: number): BridgeError {
  const why = code === undefined ? 'without a word' : reasonText(code);
  return new BridgeError('BROKER_REFUSED', `${url} refuses ${what} ${topic}: ${why}`, {
    hint: {
      en: `Allow this user to ${doing[what].en} ${topic} in the broker’s access list (acl_file of Mosquitto; deploy/mosquitto/acl is an example).`,
      ja: `ブローカーのアクセス制御（Mosquittoのacl_fileなど。例: deploy/mosquitto/acl）で、このユーザーに ${topic} の${doing[what].ja}を許可してください。`,
    },
  });
}
