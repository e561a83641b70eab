import type { Duplex } from 'node:stream';

/**
 * Opens the wire to a module: a serial port, a TCP serial server, or one end of `stream.duplexPair()` in tests.
 * The stream is destroyed by whoever opened it. @throws BridgeError PORT_…
 */
export type OpenWire = (signal: AbortSignal) => Promise<Duplex>;
