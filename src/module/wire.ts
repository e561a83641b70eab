import type { Duplex } from 'node:stream';

/** The way to a module: a serial port, a TCP serial server, or one end of `stream.duplexPair()` in tests. */
export interface Wire {
  /** As configured, for messages: `/dev/ttyUSB0`, `tcp://pi:2000`. */
  readonly name: string;
  /** Opens it; whoever opened the stream destroys it. @throws BridgeError PORT_… */
  open(signal: AbortSignal): Promise<Duplex>;
  /** Resolves when opening is worth a try: at once for TCP, when the path exists for a port. */
  whenPresent(signal: AbortSignal): Promise<void>;
}
