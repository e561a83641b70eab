import { connectAsync } from 'mqtt';
import type { MqttClient } from 'mqtt';

/** Any subscriber, QoS 0, in this process: so that sending and receiving are told by one clock. */
export class Subscriber implements AsyncDisposable {
  readonly #client: MqttClient;
  #next: ((payload: { readonly text: string; readonly atMs: number }) => void) | undefined;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (_topic, payload) => {
      const atMs = performance.now();
      this.#next?.({ text: payload.toString(), atMs });
    });
  }

  /** Retained messages of before do not come. */
  static async open(url: string, topic: string): Promise<Subscriber> {
    const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
    const subscriber = new Subscriber(client);
    (client.stream as { setNoDelay?: (on: boolean) => void }).setNoDelay?.(true);
    await client.subscribeAsync(topic, { qos: 0, rh: 2 });
    return subscriber;
  }

  /** Resolves with `performance.now()` at the next message that fits. */
  when(fits: (text: string) => boolean, limitMs = 30_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no such message within ${limitMs} ms`)), limitMs);
      this.#next = ({ text, atMs }) => {
        if (!fits(text)) return;
        clearTimeout(timer);
        this.#next = undefined;
        resolve(atMs);
      };
    });
  }

  /** @returns how many messages there were since this call. */
  count(): () => number {
    let n = 0;
    this.#client.on('message', () => void n++);
    return () => n;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }
}
