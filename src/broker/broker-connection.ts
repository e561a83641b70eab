import type { IClientSubscribeOptions, IConnackPacket, ISubscriptionMap, MqttClient } from 'mqtt';
import { abortable, deferred, within } from '../kernel/async.ts';
import type { Deferred } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, Cause } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import { failureOf, isHangUp } from './broker-failures.ts';
import type { Protocol } from './mqtt-client.ts';
import { ACK_LIMIT_MS, PublishQuota } from './publish-quota.ts';
import { disconnectedBy, REASON } from './reason-codes.ts';

export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain?: boolean;
  /** The broker forgets the retained copy after this many seconds; MQTT 3.1.1 cannot, so there none is retained. */
  readonly expiryS?: number;
}

/** What became of a publish: undefined = acknowledged (QoS 0: handed over), a number = the broker's refusal, else lost. */
export type Outcome = undefined | number | Error;

export type Send = (message: Message, done?: (outcome: Outcome) => void) => void;

/** Why a connection ended. */
export interface Loss {
  readonly error: BridgeError;
  /** Another client came with our client id. */
  readonly takenOver: boolean;
  /** The broker closed without a DISCONNECT. */
  readonly silent: boolean;
}

/** What the broker can, from its CONNACK. */
export interface Limits {
  readonly maximumPacketSize: number;
  readonly retainAvailable: boolean;
  readonly maximumQos: 0 | 1;
  readonly receiveMaximum: number;
}

const limitsOf = ({ properties }: IConnackPacket): Limits => ({
  maximumPacketSize: properties?.maximumPacketSize ?? 268_435_455,
  retainAvailable: properties?.retainAvailable !== false,
  maximumQos: properties?.maximumQoS === 0 ? 0 : 1,
  receiveMaximum: properties?.receiveMaximum ?? 65_535,
});

/** Fixed header, topic length, packet id and the one property we send. */
const OVERHEAD_BYTES = 16;

const NOT_CONNECTED: Text = { en: 'not connected', ja: '未接続です' };
const NO_ANSWER: Text = { en: 'no answer to a subscription', ja: '購読への応答がありません' };

/** For a clean stop, the broker present or gone. */
const FAREWELL_MS = 1000;

/** One connection that stands, until `lost` settles. Publishing on a dead one is harmless: the outcome says so. */
export class BrokerConnection {
  readonly protocol: Protocol;
  readonly limits: Limits;
  readonly url: string;
  /** Resolves with why, once the connection is gone. Rejects only for a defect in a handler. */
  readonly lost: Promise<Loss>;
  readonly #client: MqttClient;
  readonly #clock: Clock;
  readonly #end: Deferred<Loss> = deferred<Loss>();
  readonly #quota: PublishQuota;
  #room: () => void = () => undefined;

  constructor(client: MqttClient, connack: IConnackPacket, protocol: Protocol, url: string, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    this.protocol = protocol;
    this.limits = limitsOf(connack);
    this.url = url;
    this.lost = this.#end.promise;
    this.#quota = new PublishQuota({
      most: this.limits.receiveMaximum,
      clock,
      late: () =>
        this.abandon(
          new BridgeError('BROKER_UNREACHABLE', {
            en: `${url} left a message unacknowledged for ${ACK_LIMIT_MS / 1000} s`,
            ja: `${url} から ${ACK_LIMIT_MS / 1000} 秒間、メッセージの受信確認がありません`,
          }),
        ),
      room: () => this.#room(),
    });
    let cause: Error | undefined;
    client.on('error', (error) => (cause ??= error));
    client.stream.on('error', (error: Error) => (cause ??= error));
    client.on('disconnect', ({ reasonCode = 0 }) =>
      this.#lose(disconnectedBy(url, reasonCode), { takenOver: reasonCode === REASON.takenOver }),
    );
    client.on('close', () => this.#lose(failureOf(url, cause), { silent: isHangUp(cause) }));
  }

  /** Every message that arrives. A handler that throws is a defect and ends the connection's run. */
  onMessage(handler: (topic: string, payload: Buffer, retained: boolean) => void): void {
    this.#client.on('message', (topic, payload, { retain }) => {
      try {
        handler(topic, payload, retain);
      } catch (error) {
        this.#end.reject(error);
      }
    });
  }

  /** True when the broker takes a message of this size. */
  fits({ topic, payload }: Message): boolean {
    const bytes = Buffer.byteLength(payload) + Buffer.byteLength(topic) + OVERHEAD_BYTES;
    return bytes <= this.limits.maximumPacketSize;
  }

  /** The broker takes one more message that it has to acknowledge, and none waits in line for that. */
  get hasRoom(): boolean {
    return this.#quota.hasRoom;
  }

  /** @param handler called when there is room again. */
  onRoom(handler: () => void): void {
    this.#room = handler;
  }

  /**
   * Handed to the socket before it returns, which sends at the end of this turn; with QoS 1 as soon as the broker takes one
   * more. The caller checks `fits` where the message may be large.
   */
  publish(message: Message, done?: (outcome: Outcome) => void): void {
    if (message.qos === 0 || this.limits.maximumQos === 0) return this.#hand({ ...message, qos: 0 }, done);
    this.#quota.begin((settled) =>
      this.#hand(message, (outcome) => {
        done?.(outcome);
        settled();
      }),
    );
  }

  /** The same, resolving with the outcome. */
  published(message: Message): Promise<Outcome> {
    return new Promise((resolve) => this.publish(message, resolve));
  }

  #hand({ topic, payload, qos, retain = false, expiryS }: Message, done?: (outcome: Outcome) => void): void {
    if (!this.#client.connected) return done?.(new Cause(NOT_CONNECTED));
    const canExpire = this.protocol === 5;
    const properties = expiryS !== undefined && canExpire ? { properties: { messageExpiryInterval: expiryS } } : {};
    const isKept = retain && this.limits.retainAvailable && (expiryS === undefined || canExpire);
    this.#client.publish(
      topic,
      payload,
      { qos, retain: isKept, ...properties },
      done && ((error) => done(outcomeOf(error))),
    );
  }

  /** Sends what was published, now: what comes after it in this turn takes longer than a packet of its own costs. */
  flush(): void {
    if (this.#client.connected) this.#client.stream.uncork();
  }

  /**
   * What the broker keeps is neither wanted nor, on MQTT 5, delivered.
   * @param flagged topics whose live messages keep their publisher's retain flag (MQTT 5). On all others, and with 3.1.1,
   * the flag means: kept since before we came.
   */
  subscribe(topics: readonly string[], flagged: readonly string[], refused: (code: number) => void): void {
    if (!this.#client.connected) return;
    const wanted = (rap: boolean): IClientSubscribeOptions =>
      this.protocol === 5 ? { qos: 1, rh: 2, rap } : { qos: 1 };
    const options = [
      ...topics.map((topic) => [topic, wanted(false)]),
      ...flagged.map((topic) => [topic, wanted(true)]),
    ];
    this.#client.subscribe(Object.fromEntries(options) as ISubscriptionMap, (_error, _grants, packet) => {
      const code = packet?.granted.find((granted) => Number(granted) >= 0x80);
      if (code !== undefined) refused(Number(code));
    });
  }

  /**
   * Wants what is retained too; only that comes with the retain flag.
   * @returns the broker's answer for each topic: 0x80 and above refuses.
   */
  subscribeWithRetained(topics: readonly string[]): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#client.subscribe([...topics], { qos: 1 }, (error, _grants, packet) => {
        if (packet) resolve(packet.granted.map(Number));
        else reject(error ?? new Cause(NO_ANSWER));
      });
    });
  }

  /** Gives the connection up at once, without a DISCONNECT: the broker publishes our will. */
  abandon(error: BridgeError): void {
    this.#lose(error, {});
  }

  #lose(error: BridgeError, how: Partial<Loss>): void {
    this.#end.resolve({ error, takenOver: false, silent: false, ...how });
    this.destroy();
  }

  /**
   * Publishes `last`, waits for what acknowledges it, says DISCONNECT.
   * @throws BridgeError when that takes longer than a second, the signal's reason
   */
  async finish(last: readonly Message[], signal: AbortSignal): Promise<void> {
    const farewell = async (): Promise<void> => {
      await Promise.all(last.map((message) => this.published(message)));
      await new Promise<void>((resolve) => this.#client.end(false, () => resolve()));
    };
    const late = (): BridgeError =>
      new BridgeError('BROKER_UNREACHABLE', {
        en: `${this.url} did not acknowledge our farewell`,
        ja: `${this.url} が終了の通知に応答しませんでした`,
      });
    await within(this.#clock, FAREWELL_MS, signal, (inner) => abortable(farewell(), inner), late);
  }

  destroy(): void {
    this.#quota.close();
    this.#client.end(true); // settles every publish still waiting
    this.#client.stream.destroy();
  }
}

const outcomeOf = (error: Error | null | undefined): Outcome => {
  if (!error) return undefined;
  const { code } = error as Error & { code?: unknown };
  return typeof code === 'number' ? code : error;
};
