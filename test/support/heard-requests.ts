import { decodeFrame, ESV } from '../../src/echonet/frame.ts';
import type { Wire } from '../../src/wire/wire.ts';
import type { Simulator } from '../../src/simulator/sim.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { simulatorWire, tapWrites } from './wires.ts';

export interface HeardRequest {
  /** Monotonic ms. */
  readonly ms: number;
  readonly epcs: readonly number[];
}

/** Every Get that goes to the stick, in order. */
export class HeardRequests {
  readonly all: HeardRequest[] = [];

  /** For a rig's `wire`. */
  readonly wire = ({ clock, simulator }: { readonly clock: VirtualClock; readonly simulator: Simulator }): Wire => {
    const inner = simulatorWire(clock, simulator);
    return {
      ...inner,
      open: async (signal) => tapWrites(await inner.open(signal), (chunk) => this.#hear(chunk, clock.monotonicMs())),
    };
  };

  /** Monotonic ms of each request for this property. */
  timesOf(epc: number): number[] {
    return this.all.filter(({ epcs }) => epcs.includes(epc)).map(({ ms }) => ms);
  }

  #hear(chunk: Buffer, ms: number): void {
    const at = chunk.indexOf(Buffer.from([0x10, 0x81]));
    const frame = at < 0 ? undefined : decodeFrame(chunk.subarray(at));
    if (frame?.ok && frame.value.esv === ESV.get)
      this.all.push({ ms, epcs: frame.value.properties.map(({ epc }) => epc) });
  }
}
