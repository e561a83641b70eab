import type { IClientOptions, MqttClient } from 'mqtt';
import { abortable, deferred, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, systemCode } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { MqttSettings } from '../model/settings.ts';
import { readBounded } from '../store/state-file.ts';
import { failureOf, hungUp, isHangUp, noAnswerWithin } from './broker-failures.ts';
import { BrokerConnection } from './broker-connection.ts';
import { refuseLongPackets } from './mqtt-client.ts';
import type { NewClient, Protocol } from './mqtt-client.ts';
import { asMqtt5, refusedBy } from './reason-codes.ts';

/** An address is enough. */
export type BrokerOptions = Pick<MqttSettings, 'url' | 'username' | 'password'> & {
  readonly tls?: Partial<MqttSettings['tls']>;
};

/** How this broker wants to be spoken to, as learned from what it refused. */
export interface ConnectParameters {
  readonly protocol: Protocol;
  readonly willRetain: boolean;
  readonly willQos: 0 | 1;
}

export interface ClientIdentity {
  readonly clientId: string;
  /** Says `offline` when we are gone; a visitor leaves nothing behind. */
  readonly willTopic?: string;
}

/** Why an attempt failed, beyond what the operator is told; `code` as MQTT 5 has it. */
export type ConnectRefusal = { readonly kind: 'connack'; readonly code: number } | { readonly kind: 'hang-up' };
export class AttemptFailed extends Error {
  readonly error: BridgeError;
  readonly refusal: ConnectRefusal | undefined;
  constructor(error: BridgeError, refusal?: ConnectRefusal) {
    super(error.text('en'), { cause: error });
    this.error = error;
    this.refusal = refusal;
  }
}

/** Longest wait for certificates, TCP, TLS and CONNACK together: three times the first back-off cap. */
const CONNECT_LIMIT_MS = 15_000;
const KEEPALIVE_S = 30;
/**
 * Longest packet we read, header included. A broker with MQTT 5 is told and keeps longer ones to itself. One with 3.1.1
 * cannot be told: what is only somewhat too long is read, and refused by whom it is for, without losing the connection.
 */
const LONGEST_INCOMING_BYTES: Readonly<Record<Protocol, number>> = { 5: 16_384, 4: 262_144 };
/** A message of a WebSocket may hold several packets; `ws` collects it whole before we see its first byte. */
const LONGEST_WEB_MESSAGE_BYTES = 1_048_576;
/** A bundle of authorities has some 200 kB. */
const LONGEST_CERTIFICATE_BYTES = 1_000_000;

/** The address as it may be shown: without user, password, query. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

/** One client, one try. Whatever happens, no client is left behind. @throws AttemptFailed, or the signal's reason. */
export async function openConnection(
  newClient: NewClient,
  broker: BrokerOptions,
  identity: ClientIdentity,
  parameters: ConnectParameters,
  clock: Clock,
  signal: AbortSignal,
): Promise<BrokerConnection> {
  const url = shownUrl(broker.url);
  let isRead = false;
  const attempt = async (limit: AbortSignal): Promise<BrokerConnection> => {
    const tls = await abortable(tlsOf(broker, url), limit);
    isRead = true;
    const client = open(newClient, { ...addressOf(broker), ...tls, ...sessionOf(identity, parameters) }, url);
    refuseLongPackets(client, LONGEST_INCOMING_BYTES[parameters.protocol], url);
    try {
      return await abortable(connectionOf(client, parameters.protocol, url, clock), limit);
    } catch (error) {
      client.end(true);
      client.stream.destroy();
      throw error;
    }
  };
  return within(clock, CONNECT_LIMIT_MS, signal, attempt, () =>
    isRead ? new AttemptFailed(noAnswerWithin(url, CONNECT_LIMIT_MS)) : unread(url, 'mqtt.tls', 'ETIMEDOUT'),
  );
}

function open(newClient: NewClient, options: IClientOptions, url: string): MqttClient {
  try {
    return newClient(options);
  } catch (error) {
    // a certificate or key that OpenSSL cannot read throws here
    throw new AttemptFailed(failureOf(url, error as Error));
  }
}

/** Resolves at CONNACK 0, rejects with the first thing that went wrong. */
function connectionOf(client: MqttClient, protocol: Protocol, url: string, clock: Clock): Promise<BrokerConnection> {
  const { promise, resolve, reject } = deferred<BrokerConnection>();
  const failed = (error: Error): void => {
    const code = (error as { code?: unknown }).code;
    if (typeof code === 'number')
      reject(new AttemptFailed(refusedBy(url, code), { kind: 'connack', code: asMqtt5(code) }));
    else if (isHangUp(error)) reject(new AttemptFailed(hungUp(url, error), { kind: 'hang-up' }));
    else reject(new AttemptFailed(failureOf(url, error)));
  };
  client.on('error', failed);
  client.stream.on('error', failed); // what has no `code` the client swallows: a web server that answers 404
  client.on('close', () => reject(new AttemptFailed(hungUp(url), { kind: 'hang-up' })));
  client.on('connect', (connack) => {
    const { stream } = client as { stream: { setNoDelay?: (on: boolean) => void } };
    stream.setNoDelay?.(true); // else the second packet of a reading waits for the first one's TCP acknowledgement
    resolve(new BrokerConnection(client, connack, protocol, url, clock));
  });
  return promise;
}

function addressOf({ url, username, password }: BrokerOptions): IClientOptions {
  const address = new URL(url); // its parts are getters: a rest of it would be empty
  const { protocol, hostname, port, pathname, search } = address;
  const scheme = protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss';
  const web = scheme === 'ws' || scheme === 'wss';
  const user = username ?? (decodeURIComponent(address.username) || undefined);
  const pass = password ?? (decodeURIComponent(address.password) || undefined);
  return {
    protocol: scheme,
    hostname: web ? hostname : hostname.replace(/^\[|\]$/g, ''),
    ...(port === '' ? {} : { port: Number(port) }),
    ...(web ? { path: `${pathname}${search}`, wsOptions: { maxPayload: LONGEST_WEB_MESSAGE_BYTES } } : {}),
    ...(user === undefined ? {} : { username: user }),
    ...(pass === undefined ? {} : { password: pass }),
  };
}

const sessionOf = (
  { clientId, willTopic }: ClientIdentity,
  { protocol, willQos, willRetain }: ConnectParameters,
): IClientOptions => ({
  clientId,
  protocolVersion: protocol,
  ...(protocol === 5 ? { properties: { maximumPacketSize: LONGEST_INCOMING_BYTES[5] } } : {}),
  clean: true,
  keepalive: KEEPALIVE_S,
  reconnectPeriod: 0, // reconnecting is ours
  resubscribe: false,
  queueQoSZero: false,
  connectTimeout: 10 * CONNECT_LIMIT_MS, // ours ends first
  ...(willTopic === undefined
    ? {}
    : { will: { topic: willTopic, payload: Buffer.from('offline'), qos: willQos, retain: willRetain } }),
});

/** Read at every attempt: a file corrected or a certificate renewed needs no restart. */
async function tlsOf({ url, tls = {} }: BrokerOptions, shown: string): Promise<IClientOptions> {
  if (!/^(mqtts|wss):/.test(url)) return {};
  const read = async (key: string, path: string | undefined): Promise<string | undefined> => {
    if (path === undefined) return undefined;
    try {
      return await readBounded(path, LONGEST_CERTIFICATE_BYTES);
    } catch (error) {
      const code = error instanceof RangeError ? NO_CERTIFICATE : (systemCode(error) ?? '');
      throw unread(shown, `mqtt.tls.${key} ${path}`, code, error);
    }
  };
  const [ca, cert, key] = await Promise.all([
    read('ca_file', tls.caFile),
    read('cert_file', tls.certFile),
    read('key_file', tls.keyFile),
  ]);
  return { rejectUnauthorized: tls.insecure !== true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

const NO_CERTIFICATE: Text = { en: 'no plain file of at most 1 MB', ja: '1MB以下の通常のファイルではありません' };

function unread(shown: string, file: string, why: Text | string, cause?: unknown): AttemptFailed {
  const { en, ja } = typeof why === 'string' ? { en: why, ja: why } : why;
  const what = { en: `${shown}: ${file} cannot be read (${en})`, ja: `${shown}: ${file} を読めません（${ja}）` };
  return new AttemptFailed(new BridgeError('BROKER_TLS', what, { cause }));
}
