import type { MqttSettings, Settings } from '../model/settings.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import type { BrokerConnection } from '../broker/broker-connection.ts';
import { lostOn } from '../broker/broker-failures.ts';
import { topicRefused } from '../broker/reason-codes.ts';
import { identityOf } from '../mqtt/mqtt-topics.ts';
import { visitBroker } from '../broker/broker-visit.ts';

/** What one visit to the broker found. */
export interface BrokerFindings {
  /** How far it came. */
  readonly stage: 'address' | 'tls' | 'login' | 'in';
  /** Why no further. */
  readonly error?: BridgeError;
  readonly protocol?: '5' | '3.1.1';
  /** The first topic we may not write or read. */
  readonly refusal?: BridgeError;
  readonly birth: 'online' | 'retained' | 'offline' | 'unseen' | 'refused';
}

const VISIT_LIMIT_MS = 15_000;
const ECHO_LIMIT_MS = 3000;
/** Home Assistant says its birth when it starts, so it is rarely seen; a retained one comes at once. */
const BIRTH_PATIENCE_MS = 1500;
const LOOK_MS = 50;
const PROBE = 'broute2mqtt doctor';

/** Connects as the bridge would, under another client id, and tries what an access list may forbid. Leaves nothing retained. */
export async function brokerFindings(
  settings: Settings,
  mqtt: MqttSettings,
  clock: Clock,
  signal: AbortSignal,
): Promise<BrokerFindings> {
  const id = settings.meters[0]?.id ?? '';
  let stage: BrokerFindings['stage'] = 'address';
  try {
    return await visitBroker(mqtt, `${identityOf(id)}_doctor`, clock, VISIT_LIMIT_MS, signal, async (link, inner) => {
      stage = 'in';
      return {
        stage,
        protocol: link.protocol === 5 ? '5' : '3.1.1',
        ...(await tryTopics(settings, mqtt, link, clock, inner)),
      };
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof BridgeError)) throw error;
    if (stage === 'address' && error.code === 'BROKER_TLS') stage = 'tls';
    if (stage === 'address' && error.code === 'BROKER_REFUSED') stage = 'login';
    return { stage, error, birth: 'unseen' };
  }
}

/** Topics that nobody listens to, beside those that count. */
function probesOf({ meters, homeAssistant }: Settings, { baseTopic: base }: MqttSettings): string[] {
  return meters.flatMap(({ id }) => [
    `${base}/${id}/doctor`,
    ...(homeAssistant.discovery ? [`${homeAssistant.prefix}/device/${identityOf(id)}/doctor`] : []),
  ]);
}

async function tryTopics(
  settings: Settings,
  mqtt: MqttSettings,
  link: BrokerConnection,
  clock: Clock,
  signal: AbortSignal,
): Promise<Pick<BrokerFindings, 'refusal' | 'birth'>> {
  const probes = probesOf(settings, mqtt);
  const statusTopic = settings.homeAssistant.discovery ? settings.homeAssistant.statusTopic : undefined;
  const heard = new Set<string>();
  const seen: { birth: BrokerFindings['birth'] } = { birth: 'unseen' };
  link.onMessage((topic, payload, retained) => {
    if (probes.includes(topic) && payload.toString() === PROBE) heard.add(topic);
    if (topic === statusTopic) seen.birth = birthOf(payload.toString(), retained);
  });
  const filters = [...probes, ...(statusTopic === undefined ? [] : [statusTopic])];
  const grants = await link.subscribeWithRetained(filters);
  const startMs = clock.monotonicMs();
  const deaf = probes.findIndex((_, at) => (grants[at] ?? 0) >= 0x80);
  if (deaf !== -1) return { refusal: topicRefused(link.url, 'reading', probes[deaf] ?? '', grants[deaf]), ...seen };
  if (statusTopic !== undefined && (grants.at(-1) ?? 0) >= 0x80) seen.birth = 'refused';
  const refusal = await echo(link, probes, heard, clock, signal);
  if (refusal) return { refusal, ...seen };
  const mayWait = (): boolean => clock.monotonicMs() - startMs < BIRTH_PATIENCE_MS;
  if (statusTopic !== undefined) while (seen.birth === 'unseen' && mayWait()) await clock.sleep(LOOK_MS, signal);
  return seen;
}

function birthOf(payload: string, retained: boolean): BrokerFindings['birth'] {
  if (payload.toLowerCase() !== 'online') return 'offline';
  return retained ? 'retained' : 'online';
}

/** Each probe has to come back: MQTT 3.1.1 refuses without a word, and so does Mosquitto for reading. */
async function echo(
  link: BrokerConnection,
  probes: readonly string[],
  heard: ReadonlySet<string>,
  clock: Clock,
  signal: AbortSignal,
): Promise<BridgeError | undefined> {
  for (const topic of probes) {
    const outcome = await link.published({ topic, payload: PROBE, qos: 1 });
    if (typeof outcome === 'number') return topicRefused(link.url, 'writing', topic, outcome);
    if (outcome instanceof Error) throw lostOn(link.url, outcome);
  }
  const startMs = clock.monotonicMs();
  while (probes.some((topic) => !heard.has(topic))) {
    if (clock.monotonicMs() - startMs > ECHO_LIMIT_MS) {
      const lost = probes.find((topic) => !heard.has(topic)) ?? '';
      return topicRefused(link.url, link.protocol === 5 ? 'reading' : 'writing', lost);
    }
    await clock.sleep(LOOK_MS, signal);
  }
  return undefined;
}
