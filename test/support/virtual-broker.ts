import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import type { VirtualClock } from './virtual-clock.ts';
import * as mqtt from './mqtt-codec.ts';
import type { Connect, ConnackLimits, Packet, Subscription } from './mqtt-codec.ts';

/** What a subscriber is told. */
export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly qos: number;
  /** Published by the broker because the client went away without a word. */
  readonly isWill: boolean;
}

/** How the address behaves when it is called. */
export type Reach = 'up' | 'refusing' | 'unresolvable' | 'black-hole';

interface Client {
  readonly near: Duplex;
  readonly far: Duplex;
  connect: Connect | undefined;
  readonly subscriptions: Subscription[];
  /** The cable is cut, nobody knows yet. */
  frozen: boolean;
  gone: boolean;
  unacknowledged: number;
}

/** Keep-alive of 30 s and a half: when a broker believes that a silent client is gone. */
const BELIEVED_GONE_MS = 45_000;
/** When the client learns it at the latest: its pings run on the real clock, which stands still here. */
const RESET_MS = 60_000;
const errnos = { refusing: 'ECONNREFUSED', unresolvable: 'ENOTFOUND' } as const;
const SESSION_TAKEN_OVER = 0x8e;

const brokers = new Map<string, VirtualBroker>();
let count = 0;

/** TCP to a host `*.virtual` is a pipe to the broker of that name; every other address is as always. */
const realConnection = net.createConnection;
net.createConnection = ((...args: Parameters<typeof realConnection>) => {
  const [{ host } = {}] = args as unknown as [{ host?: string }?];
  const broker = brokers.get(host ?? '');
  return broker ? broker.call() : realConnection(...args);
}) as typeof realConnection;
syncBuiltinESMExports();

/** A broker in memory: no sockets, so that it is as deterministic as the clock. It keeps retained messages and wills, and fails as told. */
export class VirtualBroker implements Disposable {
  readonly host: string;
  reach: Reach = 'up';
  /** Connections and packets are taken, and no answer comes. */
  mute = false;
  /** Answer to CONNECT by protocol level. */
  connackCode: (level: number) => number = () => 0;
  /** Closes instead of answering this level's CONNECT. */
  hangsUpOn: number | undefined;
  limits: ConnackLimits = {};
  /** Closes without a word on a packet with more bytes than this. */
  longestPacket = Infinity;
  /** Answer to a PUBLISH with QoS 1; undefined: none. */
  pubackCode: (topic: string) => number | undefined = () => 0;
  /** How long it takes to answer a PUBLISH with QoS 1. */
  ackAfterMs = 0;
  /** Messages with QoS 1 that one connection had under way at a time, at most. */
  mostUnacknowledged = 0;
  onMessage: (message: Message) => void = () => undefined;
  onLogin: () => void = () => undefined;
  readonly retained = new Map<string, string>();
  /** How often each topic was published to. */
  readonly told = new Map<string, number>();
  /** Protocol levels asked for, in order. */
  readonly levels: number[] = [];
  /** Of clients that mean to stay: a visitor has no will. */
  logins = 0;
  readonly #clock: VirtualClock;
  readonly #clients = new Set<Client>();
  readonly #end = new AbortController();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.host = `broker-${++count}.virtual`;
    brokers.set(this.host, this);
  }

  get url(): string {
    return `mqtt://${this.host}`;
  }

  /** Connections that are open on the client's side. */
  get open(): number {
    return [...this.#clients].filter(({ near }) => !near.destroyed).length;
  }

  /** A client is logged in and nothing is known to keep its words from us. */
  get hears(): boolean {
    return [...this.#clients].some(({ connect, far, gone }) => connect !== undefined && !far.isPaused() && !gone);
  }

  call(): Duplex {
    const near = this.#dial();
    if (near) return near;
    const failed = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    const code = this.reach === 'unresolvable' ? errnos.unresolvable : errnos.refusing;
    if (this.reach !== 'black-hole')
      process.nextTick(() => failed.destroy(Object.assign(new Error(`connect ${code}`), { code })));
    return failed;
  }

  /** Everything connected is cut off. @param code as the client's socket tells it; undefined: an orderly end. */
  cut(code?: string): void {
    for (const { near, far } of this.#clients) {
      far.destroy();
      near.destroy(code === undefined ? undefined : Object.assign(new Error(`read ${code}`), { code }));
    }
  }

  /** As after a restart without persistence. */
  forget(): void {
    this.retained.clear();
  }

  /** The network drops everything, without a word to either side. */
  freeze(): void {
    for (const client of this.#clients) {
      client.frozen = true;
      client.far.pause();
      this.#after(BELIEVED_GONE_MS, () => this.#gone(client));
      this.#after(RESET_MS, () =>
        client.near.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })),
      );
    }
  }

  /** Nothing is read for so long, but nothing is lost. */
  stall(ms: number): void {
    for (const client of this.#clients) {
      if (client.frozen) continue; // the cable is still cut
      client.far.pause();
      this.#after(ms, () => void (client.frozen || client.far.resume()));
    }
  }

  /** Another client comes with the same id. @param silent close without a DISCONNECT, as MQTT 3.1.1 brokers do. */
  takeOver(silent: boolean): void {
    for (const { far, near, connect } of this.#clients) {
      if (!silent && connect?.level === 5) far.write(mqtt.writeDisconnect(SESSION_TAKEN_OVER));
      far.end();
      setImmediate(() => near.destroy());
    }
  }

  /** A publish to whoever has subscribed. @param retain as its publisher asked. */
  say(topic: string, payload: string, retain = false): void {
    if (retain) this.retained.set(topic, payload);
    this.#pass(topic, payload, retain);
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.cut();
    brokers.delete(this.host);
  }

  #dial(): Duplex | undefined {
    if (this.reach !== 'up') return undefined;
    const [near, far] = duplexPair();
    const client: Client = {
      near,
      far,
      connect: undefined,
      subscriptions: [],
      frozen: false,
      gone: false,
      unacknowledged: 0,
    };
    this.#clients.add(client);
    const reader = new mqtt.PacketReader();
    far.on('data', (chunk: Buffer) => {
      for (const packet of reader.push(chunk)) {
        if (packet.body.length > this.longestPacket) return void near.destroy();
        this.#take(client, packet);
      }
    });
    far.on('error', () => undefined);
    near.once('close', () => {
      far.destroy();
      if (!client.frozen) this.#gone(client); // else the broker learns of it later
    });
    return near;
  }

  #take(client: Client, packet: Packet): void {
    const level = client.connect?.level ?? 4;
    switch (packet.type) {
      case mqtt.packetType.connect:
        return this.#login(client, mqtt.readConnect(packet.body));
      case mqtt.packetType.publish: {
        const { topic, payload, qos, retain, id } = mqtt.readPublish(packet, level);
        const code = this.pubackCode(topic);
        if (qos === 1) this.#acknowledge(client, mqtt.writePuback(id, level, code ?? 0), code !== undefined);
        if ((code ?? 0) < 0x80) this.#tell({ topic, payload, qos, retain, isWill: false });
        return;
      }
      case mqtt.packetType.subscribe: {
        const { id, subscriptions } = mqtt.readSubscribe(packet, level);
        client.subscriptions.push(...subscriptions);
        client.far.write(mqtt.writeSuback(id, level, subscriptions.length));
        for (const { filter, replay } of subscriptions)
          for (const [topic, payload] of replay ? this.retained : [])
            if (mqtt.matches(filter, topic)) client.far.write(mqtt.writePublish(topic, payload, level, true));
        return;
      }
      case mqtt.packetType.pingreq:
        client.far.write(mqtt.writePingresp());
        return;
      case mqtt.packetType.disconnect:
        client.gone = true;
        client.far.end();
        setImmediate(() => client.near.destroy());
        return;
    }
  }

  #acknowledge(client: Client, packet: Buffer, says: boolean): void {
    this.mostUnacknowledged = Math.max(this.mostUnacknowledged, ++client.unacknowledged);
    if (!says) return;
    const now = (): void => {
      client.unacknowledged--;
      if (!client.far.destroyed) client.far.write(packet);
    };
    if (this.ackAfterMs === 0) now();
    else this.#after(this.ackAfterMs, now);
  }

  #login(client: Client, connect: Connect): void {
    const isVisit = connect.will === undefined;
    this.levels.push(connect.level);
    if (this.mute) return;
    if (this.hangsUpOn === connect.level) return void client.near.destroy();
    const code = this.connackCode(connect.level);
    client.far.write(mqtt.writeConnack(connect.level, code, this.limits));
    if (code !== 0) {
      setImmediate(() => client.near.destroy());
      return;
    }
    for (const other of this.#clients) {
      if (other === client || other.connect?.clientId !== connect.clientId) continue;
      this.#gone(other); // the old one has to go, without a word, and its will is told
      if (!other.frozen) other.near.destroy();
    }
    client.connect = connect;
    if (!isVisit) this.logins++;
    this.onLogin();
  }

  #gone(client: Client): void {
    this.#clients.delete(client);
    if (client.gone) return;
    client.gone = true;
    const will = client.connect?.will;
    if (will) this.#tell({ ...will, qos: 1, isWill: true });
  }

  #tell(message: Message): void {
    if (message.retain) this.retained.set(message.topic, message.payload);
    this.told.set(message.topic, (this.told.get(message.topic) ?? 0) + 1);
    this.#pass(message.topic, message.payload, message.retain);
    this.onMessage(message);
  }

  /** Live, so without the flag but where MQTT 5 was asked to keep it. */
  #pass(topic: string, payload: string, retain: boolean): void {
    for (const { far, connect, subscriptions, gone } of this.#clients) {
      const wanted = subscriptions.find(({ filter }) => mqtt.matches(filter, topic));
      if (!wanted || !connect || gone) continue;
      const { level } = connect;
      far.write(mqtt.writePublish(topic, payload, level, retain && wanted.asPublished && level === 5));
    }
  }

  #after(ms: number, action: () => void): void {
    this.#clock.sleep(ms, this.#end.signal).then(action, () => undefined);
  }
}
