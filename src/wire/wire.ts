import { Duplex } from 'node:stream';

/** What a module speaks: the ASCII commands of SKSTACK-IP, in either edition, or J11's binary frames. */
export type Family = 'SKSTACK' | 'J11';

/** The way to a module: a serial port, a TCP serial server, or one end of `stream.duplexPair()` in tests. */
export interface Wire {
  /** As configured, for messages: `/dev/ttyUSB0`, `tcp://pi:2000`. */
  readonly name: string;
  /** What is behind it, where that is known before it is asked. */
  readonly family?: Family | undefined;
  /** Opens it; whoever opened the stream destroys it. @throws BridgeError PORT_… */
  open(signal: AbortSignal): Promise<Duplex>;
  /** Resolves when opening is worth a try: at once for TCP, when the path exists for a port. */
  whenPresent(signal: AbortSignal): Promise<void>;
}

/** Receives both directions of a wire. */
export interface WireListener {
  hear(from: 'host' | 'module', bytes: Uint8Array): void;
  /** The stream has ended; the next one is another. */
  closed(): void;
}

/** The same wire, with somebody who receives everything that passes; what the host writes, when it is handed over. */
export function recordingWire(wire: Wire, listener: WireListener): Wire {
  return {
    get name() {
      return wire.name; // `auto` knows it only when it has opened
    },
    open: async (signal) => tapped(await wire.open(signal), listener),
    whenPresent: (signal) => wire.whenPresent(signal),
  };
}

function tapped(stream: Duplex, listener: WireListener): Duplex {
  const tap = new Duplex({
    read: () => void stream.resume(),
    write: (chunk: Uint8Array, _encoding, done) => {
      listener.hear('host', chunk);
      stream.write(chunk, done);
    },
    destroy: (error, done) => {
      if (stream.closed) return done(error);
      stream.once('close', () => done(error));
      return void stream.destroy();
    },
  });
  stream.on('data', (chunk: Uint8Array) => {
    listener.hear('module', chunk);
    if (!tap.push(chunk)) stream.pause();
  });
  stream.once('end', () => tap.push(null));
  stream.on('error', (error) => tap.destroy(error));
  stream.once('close', () => {
    listener.closed();
    tap.destroy();
  });
  return tap;
}
