import type { Duplex } from 'node:stream';
import { BridgeError } from '../../src/kernel/errors.ts';
import type { Simulator } from '../../src/simulator/sim.ts';
import type { Wire } from '../../src/wire/wire.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A port that is always there, with behind it what `open` makes. */
export const wireTo = (open: () => Duplex, name = '/dev/stick'): Wire => ({
  name,
  open: async () => open(),
  whenPresent: () => Promise.resolve(),
});

/** The port of a simulated stick, there while it is plugged in. @param connect what is opened, if not the stick itself. */
export function simulatorWire(
  clock: VirtualClock,
  simulator: Simulator,
  connect: () => Duplex = () => simulator.connect(),
): Wire {
  return {
    name: 'simulator',
    open: () =>
      simulator.plugged ? Promise.resolve(connect()) : Promise.reject(new BridgeError('PORT_MISSING', 'unplugged')),
    async whenPresent(signal) {
      while (!simulator.plugged) await clock.sleep(500, signal);
      signal.throwIfAborted();
    },
  };
}

/** Hears whatever is written to a port, before it is. @returns the same port. */
export function tapWrites<T extends Duplex>(port: T, hear: (bytes: Buffer) => void): T {
  const write = port.write.bind(port) as (...args: unknown[]) => boolean;
  port.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    hear(Buffer.from(chunk as string, 'latin1'));
    return write(chunk, ...rest);
  };
  return port;
}
