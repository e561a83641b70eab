import { connectAsync } from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';

export interface Seen {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly qos: number;
  /** MQTT 5: what is left of the message's life, s. */
  readonly expiryS: number | undefined;
  /** When it came, monotonic ms. */
  readonly atMs: number;
}

/** A subscriber to everything that keeps what it saw, in order. On MQTT 5 the retain flag is the publisher's. */
export class MqttWatcher {
  readonly seen: Seen[] = [];
  readonly client: MqttClient;

  private constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, packet) =>
      this.seen.push({
        topic,
        payload: payload.toString(),
        retain: packet.retain,
        qos: packet.qos,
        expiryS: packet.properties?.messageExpiryInterval,
        atMs: performance.now(),
      }),
    );
  }

  /** @param options protocolVersion 4 for aedes; an `rh` of 2 sees no retained messages of before. */
  static async open(url: string, options: IClientOptions & { readonly rh?: number } = {}): Promise<MqttWatcher> {
    const { rh = 0, ...rest } = options;
    const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...rest });
    const watcher = new MqttWatcher(client);
    const five = client.options.protocolVersion === 5;
    await client.subscribeAsync('#', five ? { qos: 1, rap: true, rh } : { qos: 1 });
    return watcher;
  }

  topics(): string[] {
    return this.seen.map(({ topic }) => topic);
  }

  on(topic: string): Seen[] {
    return this.seen.filter((message) => message.topic === topic);
  }

  last(topic: string): Seen | undefined {
    return this.on(topic).at(-1);
  }

  clear(): void {
    this.seen.length = 0;
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }
}
