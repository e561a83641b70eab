import { createConnection } from 'node:net';
import type { IClientOptions, MqttClient } from 'mqtt';
import { tooLong } from './broker-failures.ts';

/** The two protocol levels we speak: 3.1.1 and 5. */
export type Protocol = 4 | 5;

/** Begins a connection. @throws when a certificate or key cannot be read by OpenSSL. */
export type NewClient = (options: IClientOptions) => MqttClient;

const MQTT_PORT = 1883;

/**
 * Loads mqtt.js, in the lightest way for the broker at hand: its `connect` loads WebSocket, SOCKS and TLS whatever the URL
 * says (4 MB, 30 ms), which a plain connection needs none of.
 */
export async function loadMqtt(): Promise<NewClient> {
  const [{ default: mqtt }, { default: packets }] = await Promise.all([import('mqtt'), import('mqtt-packet')]);
  // mqtt-packet would make a buffer of each number up to 65,535 at the first packet: 8 MB and 30 ms, for ever
  (packets.writeToStream as unknown as { cacheNumbers: boolean }).cacheNumbers = false;
  return (options) => {
    const { protocol, hostname: host = 'localhost', port = MQTT_PORT } = options;
    return protocol === 'mqtt'
      ? new mqtt.MqttClient(() => createConnection({ host, port }), options)
      : mqtt.connect(options);
  };
}

/** Ends the connection at the header of a packet that is too long: the client would collect all of it, up to 256 MB. */
export function refuseLongPackets({ stream }: MqttClient, most: number, url: string): void {
  const lengths = new PacketLengths(most);
  // beside the client’s own reading of the stream, and before it
  stream.prependListener('data', (chunk: Uint8Array) => {
    const length = lengths.push(chunk);
    if (length !== undefined && !stream.destroyed) stream.destroy(tooLong(url, length, most));
  });
}

/** Follows the fixed headers in a stream of MQTT packets (3.1.1 and 5, §2.1) and keeps no byte of it. */
export class PacketLengths {
  readonly #most: number;
  /** Bytes of the current packet that are still to come. */
  #bodyLeft = 0;
  /** Of the header being read: its length in bytes so far, 0 between packets. */
  #headerBytes = 0;
  #remaining = 0;

  /** @param most longest packet allowed, header included. */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns the length of the first packet that is too long, as soon as its header is there. */
  push(chunk: Uint8Array): number | undefined {
    for (let at = 0; at < chunk.length;) {
      if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= skipped;
        at += skipped;
        continue;
      }
      const length = this.#header(chunk[at++] ?? 0);
      if (length !== undefined && length > this.#most) return length;
    }
    return undefined;
  }

  /** One byte of a header. @returns the packet's length when it was the last. A fifth byte of length is the parser's to refuse. */
  #header(byte: number): number | undefined {
    this.#headerBytes++;
    if (this.#headerBytes === 1) return undefined; // type and flags
    this.#remaining += (byte & 0x7f) * 128 ** (this.#headerBytes - 2);
    if (byte >= 0x80 && this.#headerBytes < 5) return undefined;
    const length = this.#headerBytes + this.#remaining;
    this.#bodyLeft = this.#remaining;
    this.#headerBytes = 0;
    this.#remaining = 0;
    return length;
  }
}
