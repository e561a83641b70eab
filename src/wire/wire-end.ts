import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';

/** The module's end of whatever wire is attached; without one, what is written is lost, as on an unread serial line. */
export class WireEnd {
  readonly #onBytes: (bytes: Uint8Array) => void;
  #wire: Duplex | undefined;
  #host: Duplex | undefined;

  constructor(onBytes: (bytes: Uint8Array) => void) {
    this.#onBytes = onBytes;
  }

  get attached(): boolean {
    return this.#wire !== undefined;
  }

  /** A new wire in the process. @returns the host's end. */
  connect(): Duplex {
    const [host, wire] = duplexPair();
    this.attach(wire);
    this.#host = host;
    host.once('close', () => {
      if (this.#host === host) this.detach();
    });
    return host;
  }

  /** Any other wire: stdio, a TCP connection. The one before is let go of. */
  attach(wire: Duplex): void {
    this.detach();
    this.#wire = wire;
    const gone = (): void => {
      if (this.#wire === wire) this.detach();
    };
    wire.on('data', (chunk: Uint8Array) => {
      if (this.#wire === wire) this.#onBytes(chunk);
    });
    wire.on('error', gone);
    wire.once('close', gone);
    wire.once('end', gone);
  }

  /** Both ends close: what a host sees when a stick is pulled out. */
  detach(): void {
    const [wire, host] = [this.#wire, this.#host];
    this.#wire = this.#host = undefined;
    wire?.destroy();
    host?.destroy();
  }

  write(bytes: Uint8Array): void {
    if (this.#wire?.writable) this.#wire.write(bytes);
  }
}
