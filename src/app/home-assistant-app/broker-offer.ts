import type { Clock } from '../../kernel/clock.ts';
import { formatHostPort } from '../../kernel/host-port.ts';
import { askSupervisor, saidBy } from './ask-supervisor.ts';
import type { SupervisorAccess, SupervisorAnswer } from './ask-supervisor.ts';

/** The broker among Home Assistant's apps, as variables of the configuration. */
export type BrokerVariables = Readonly<Record<string, string>>;

/** What Home Assistant's Supervisor says when it is asked for a broker. */
export type BrokerOffer =
  | { readonly kind: 'offered'; readonly broker: BrokerVariables }
  /** `none`: no broker app is installed, or it has not started yet. `unknown`: no answer that says either. */
  | { readonly kind: 'none' | 'unknown'; readonly why: string };

/** `GET /services/mqtt`. Never throws but the signal's reason. */
export async function askForBroker(access: SupervisorAccess, clock: Clock, signal: AbortSignal): Promise<BrokerOffer> {
  try {
    return offerOf(await askSupervisor(access, '/services/mqtt', clock, signal));
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'unknown', why: `${access.url}: ${(error as Error).message}` };
  }
}

/** 400 with `Service not enabled` is how it says that there is none. */
function offerOf(answer: SupervisorAnswer): BrokerOffer {
  const { status, data } = answer;
  if (status === 400) return { kind: 'none', why: saidBy(answer) };
  if (status !== 200) return { kind: 'unknown', why: saidBy(answer) };
  const broker = brokerOf(data);
  return broker ? { kind: 'offered', broker } : { kind: 'unknown', why: 'the answer names no broker' };
}

/** `protocol` says 3.1.1 whatever the broker speaks: it is asked, not believed. */
function brokerOf(data: SupervisorAnswer['data']): BrokerVariables | undefined {
  const { host, port, ssl, username, password } = data;
  if (typeof host !== 'string' || !/^[A-Za-z0-9._:-]{1,253}$/.test(host)) return undefined;
  if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535) return undefined;
  const scheme = ssl === true ? 'mqtts' : 'mqtt';
  const login = typeof username === 'string' && username !== '';
  return {
    BROUTE2MQTT_MQTT_URL: `${scheme}://${formatHostPort({ host, port: port as number })}`,
    ...(login && { BROUTE2MQTT_MQTT_USERNAME: username }),
    ...(login && typeof password === 'string' && password !== '' && { BROUTE2MQTT_MQTT_PASSWORD: password }),
  };
}
