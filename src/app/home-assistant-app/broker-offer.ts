import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { formatHostPort } from '../../kernel/host-port.ts';

/** The broker among Home Assistant's apps, as variables of the configuration. */
export type BrokerVariables = Readonly<Record<string, string>>;

/** What Home Assistant's Supervisor says when it is asked for a broker. */
export type BrokerOffer =
  | { readonly kind: 'offered'; readonly broker: BrokerVariables }
  /** `none`: no broker app is installed, or it has not started yet. `unknown`: no answer that says either. */
  | { readonly kind: 'none' | 'unknown'; readonly why: string };

export interface SupervisorAccess {
  /** `http://supervisor` */
  readonly url: string;
  /** Every app is given its own. */
  readonly token: string;
}

const LIMIT_MS = 10_000;
const MOST_CHARACTERS = 65_536;

/** `GET /services/mqtt`. Never throws but the signal's reason. */
export async function askForBroker(access: SupervisorAccess, clock: Clock, signal: AbortSignal): Promise<BrokerOffer> {
  const late = (): Error => new Error(`no answer within ${LIMIT_MS / 1000} s`);
  try {
    return offerOf(await within(clock, LIMIT_MS, signal, (limit) => get(access, limit), late));
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'unknown', why: `${access.url}: ${(error as Error).message}` };
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** By `node:http`: `fetch` costs 16 MB of memory for good. */
function get({ url, token }: SupervisorAccess, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const asked = request(
      new URL('/services/mqtt', url),
      { headers, agent: false, signal },
      (reply: IncomingMessage) => {
        let body = '';
        reply.setEncoding('utf8');
        reply.on('data', (piece: string) => {
          body += piece;
          if (body.length > MOST_CHARACTERS) reply.destroy(new Error(`more than ${MOST_CHARACTERS} characters`));
        });
        reply.once('error', reject);
        reply.once('end', () => resolve({ status: reply.statusCode ?? 0, body }));
      },
    );
    asked.once('error', reject);
    asked.end();
  });
}

/** `{"result":"ok","data":{…}}`, or 400 with `{"result":"error","message":"Service not enabled"}`. */
function offerOf({ status, body }: Answer): BrokerOffer {
  const { data, message } = parsed(body);
  const said = typeof message === 'string' ? message.replaceAll(/[\p{Cc}\s]+/gu, ' ').slice(0, 200) : `HTTP ${status}`;
  if (status === 400) return { kind: 'none', why: said };
  if (status !== 200) return { kind: 'unknown', why: `HTTP ${status}: ${said}` };
  const broker = brokerOf(data);
  return broker ? { kind: 'offered', broker } : { kind: 'unknown', why: 'the answer names no broker' };
}

function parsed(body: string): { readonly data?: unknown; readonly message?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // said by its status
  }
}

/** `protocol` says 3.1.1 whatever the broker speaks: it is asked, not believed. */
function brokerOf(data: unknown): BrokerVariables | undefined {
  const { host, port, ssl, username, password } = (data ?? {}) as Record<string, unknown>;
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
