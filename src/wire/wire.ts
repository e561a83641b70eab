import type { Duplex } from 'node:stream';

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
