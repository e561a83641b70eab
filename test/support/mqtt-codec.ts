/** As much of MQTT 3.1.1 and 5 as a broker needs that only records: written by hand, so that it shares nothing with the client. */
export interface Packet {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

export const packetType = {
  connect: 1,
  publish: 3,
  subscribe: 8,
  pingreq: 12,
  disconnect: 14,
} as const;

export interface Connect {
  readonly level: number;
  readonly clientId: string;
  readonly will: { readonly topic: string; readonly payload: string; readonly retain: boolean } | undefined;
}

export interface Publish {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly duplicate: boolean;
  readonly id: number;
}

/** Cuts a stream of bytes into packets. */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): Packet[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const packets: Packet[] = [];
    for (;;) {
      const length = this.#rest.length < 2 ? undefined : varint(this.#rest, 1);
      if (!length || this.#rest.length < length.end + length.value) return packets;
      const [first = 0] = this.#rest;
      const body = this.#rest.subarray(length.end, length.end + length.value);
      packets.push({ type: first >> 4, flags: first & 15, body });
      this.#rest = this.#rest.subarray(length.end + length.value);
    }
  }
}

/** @returns undefined while its bytes have not all come. */
function varint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 128 ** i;
    if (byte < 128) return { value, end: at + i + 1 };
  }
  throw new Error('not a packet of MQTT');
}

class Cursor {
  readonly #bytes: Buffer;
  at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  byte(): number {
    return this.#bytes.readUInt8(this.at++);
  }
  word(): number {
    this.at += 2;
    return this.#bytes.readUInt16BE(this.at - 2);
  }
  text(): string {
    const length = this.word();
    this.at += length;
    return this.#bytes.toString('utf8', this.at - length, this.at);
  }
  /** Jumps over MQTT 5's properties. */
  properties(level: number): void {
    const length = level === 5 ? varint(this.#bytes, this.at) : undefined;
    if (length) this.at = length.end + length.value;
  }
  rest(): string {
    return this.#bytes.toString('utf8', this.at);
  }
}

export function readConnect(body: Buffer): Connect {
  const cursor = new Cursor(body);
  cursor.text();
  const level = cursor.byte();
  const flags = cursor.byte();
  cursor.word();
  cursor.properties(level);
  const clientId = cursor.text();
  if (!(flags & 4)) return { level, clientId, will: undefined };
  cursor.properties(level);
  return { level, clientId, will: { topic: cursor.text(), payload: cursor.text(), retain: (flags & 0x20) !== 0 } };
}

export function readPublish({ flags, body }: Packet, level: number): Publish {
  const cursor = new Cursor(body);
  const topic = cursor.text();
  const qos = (flags >> 1) & 3;
  const id = qos > 0 ? cursor.word() : 0;
  cursor.properties(level);
  return { topic, payload: cursor.rest(), qos, retain: (flags & 1) !== 0, duplicate: (flags & 8) !== 0, id };
}

export interface Subscription {
  readonly filter: string;
  /** MQTT 5's Retain As Published: a live message keeps the flag its publisher gave it. */
  readonly asPublished: boolean;
  /** Wants what is retained, now. */
  readonly replay: boolean;
}

export function readSubscribe(
  { body }: Packet,
  level: number,
): { readonly id: number; readonly subscriptions: Subscription[] } {
  const cursor = new Cursor(body);
  const id = cursor.word();
  cursor.properties(level);
  const subscriptions: Subscription[] = [];
  while (cursor.at < body.length) {
    const filter = cursor.text();
    const options = cursor.byte();
    subscriptions.push({ filter, asPublished: (options & 8) !== 0, replay: ((options >> 4) & 3) !== 2 });
  }
  return { id, subscriptions };
}

/** As much of topic filters as we use: a whole topic, or everything below a level. */
export const matches = (filter: string, topic: string): boolean =>
  filter.endsWith('/#') ? topic.startsWith(filter.slice(0, -1)) : filter === topic;

const packet = (first: number, body: readonly number[] | Buffer): Buffer => {
  const length: number[] = [];
  for (let rest = body.length, more = true; more;) {
    more = rest > 127;
    length.push((rest & 127) | (more ? 128 : 0));
    rest >>= 7;
  }
  return Buffer.concat([Buffer.from([first, ...length]), Buffer.from(body)]);
};
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

export interface ConnackLimits {
  readonly maximumPacketSize?: number;
  readonly maximumQos?: 0 | 1;
  readonly retainAvailable?: boolean;
  readonly receiveMaximum?: number;
}

export function writeConnack(level: number, code: number, limits: ConnackLimits = {}): Buffer {
  if (level < 5) return packet(0x20, [0, code]);
  const { maximumPacketSize, maximumQos, retainAvailable, receiveMaximum } = limits;
  const properties: number[] = [
    ...(receiveMaximum === undefined ? [] : [0x21, receiveMaximum >> 8, receiveMaximum & 255]),
    ...(maximumQos === undefined ? [] : [0x24, maximumQos]),
    ...(retainAvailable === undefined ? [] : [0x25, Number(retainAvailable)]),
    ...(maximumPacketSize === undefined ? [] : [0x27, 0, 0, maximumPacketSize >> 8, maximumPacketSize & 255]),
  ];
  return packet(0x20, [0, code, properties.length, ...properties]);
}

/** @param code MQTT 5's reason; 0 is success and the only one 3.1.1 has. */
export const writePuback = (id: number, level: number, code: number): Buffer =>
  packet(0x40, [id >> 8, id & 255, ...(level === 5 && code !== 0 ? [code, 0] : [])]);
export const writeSuback = (id: number, level: number, topics: number): Buffer =>
  packet(0x90, [id >> 8, id & 255, ...(level === 5 ? [0] : []), ...Array.from({ length: topics }, () => 1)]);
export const writePingresp = (): Buffer => packet(0xd0, []);
export const writeDisconnect = (code: number): Buffer => packet(0xe0, [code, 0]);
export const writePublish = (topic: string, payload: string, level: number, retain = false): Buffer =>
  packet(retain ? 0x31 : 0x30, Buffer.concat([text(topic), Buffer.from(level === 5 ? [0] : []), Buffer.from(payload)]));
