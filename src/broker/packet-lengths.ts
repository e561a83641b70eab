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
