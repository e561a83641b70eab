import { visitBroker } from '../../broker/broker-visit.ts';
import { within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';

/** A broker that answered. */
export interface FoundBroker {
  readonly url: string;
  /** It asks for a name and a password. */
  readonly needsLogin: boolean;
}

/** Where one is found without being told: Compose's, the one among Home Assistant's apps, Home Assistant's, this machine's. */
const USUAL_BROKERS = [
  'mqtt://mosquitto:1883',
  'mqtt://core-mosquitto:1883',
  'mqtt://homeassistant.local:1883',
  'mqtt://localhost:1883',
] as const;

/** A name that nobody knows costs a resolver some seconds; a broker answers in milliseconds. */
const LIMIT_MS = 5000;

export type VisitBroker = typeof visitBroker;

/** Visits the usual addresses, all at once. @returns who answers, in the order above. */
export async function findBrokers(
  clock: Clock,
  signal: AbortSignal,
  { visit = visitBroker, urls = USUAL_BROKERS }: { visit?: VisitBroker; urls?: readonly string[] } = {},
): Promise<readonly FoundBroker[]> {
  const found = await Promise.all(urls.map((url) => lookAt(url, clock, signal, visit)));
  return found.filter((broker) => broker !== undefined);
}

async function lookAt(
  url: string,
  clock: Clock,
  signal: AbortSignal,
  visit: VisitBroker,
): Promise<FoundBroker | undefined> {
  const broker = { url, tls: { insecure: false } };
  const nothing = (): Promise<void> => Promise.resolve();
  const late = (): Error =>
    new BridgeError('BROKER_UNREACHABLE', { en: `${url} is silent`, ja: `${url} が応答しません` });
  try {
    await within(
      clock,
      LIMIT_MS,
      signal,
      (inner) => visit(broker, 'broute2mqtt_setup', clock, LIMIT_MS, inner, nothing),
      late,
    );
    return { url, needsLogin: false };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof BridgeError)) throw error;
    return error.code === 'BROKER_REFUSED' ? { url, needsLogin: true } : undefined; // nobody there
  }
}
