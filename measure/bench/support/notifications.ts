import { encodeCurrents, encodePower } from '../../../src/echonet/smart-meter.ts';
import { encodeFrame, EOJ, ESV } from '../../../src/echonet/frame.ts';
import { EPC } from '../../../src/echonet/epc.ts';
import { hex, hexOfBytes } from '../../../src/kernel/bytes.ts';

const HEADER =
  /ERXUDP [0-9A-F:]{39} [0-9A-F:]{39} 0E1A 0E1A [0-9A-F]{16} (?:[0-9A-F]{2} )?[0-9] (?:[0-9] )?(?=[0-9A-F]{4} )/;

/** Writes ERXUDP lines as the stick does, by copying the header of one that it wrote. */
export class Notifications {
  #header: string | undefined;

  /** To hear what the stick says. */
  readonly tap = (bytes: Uint8Array): void => {
    this.#header ??= HEADER.exec(Buffer.from(bytes).toString('latin1'))?.[0];
  };

  get ready(): boolean {
    return this.#header !== undefined;
  }

  /** The meter tells power and currents unasked (INF): published on arrival like every answer. */
  line(tid: number, watts: number): Uint8Array {
    const properties = [
      { epc: EPC.power, edt: encodePower(watts) },
      { epc: EPC.currents, edt: encodeCurrents(70, 55) },
    ];
    const frame = encodeFrame({ tid: tid & 0xffff, seoj: EOJ.meter, deoj: EOJ.nodeProfile, esv: ESV.inf, properties });
    if (this.#header === undefined) throw new Error('the stick has not said anything yet');
    return Buffer.from(`${this.#header}${hex(frame.length, 4)} ${hexOfBytes(frame)}\r\n`, 'latin1');
  }
}
