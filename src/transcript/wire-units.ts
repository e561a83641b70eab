import { decodeFrame } from '../echonet/frame.ts';
import type { ReceivedFrame } from '../echonet/frame.ts';
import { bytesOfLatin1, latin1OfBytes } from '../kernel/bytes.ts';
import { ECHONET_PORT, MAX_DATA_LENGTH } from '../skstack/commands.ts';
import { RXUDP_HEADER } from '../skstack/events.ts';
import { MAX_LINE_LENGTH } from '../skstack/lines.ts';
import type { Side, Transcript } from './transcript.ts';

/** One line, one datagram or one frame: what is sent as a whole. Latin-1: one character, one byte. */
export interface WireUnit {
  readonly from: Side;
  /** When its last byte passed. */
  readonly atMs: number;
  readonly text: string;
  /** Where raw data begin, in a line that has some. */
  readonly dataAt?: number;
}

/** SKSENDTO up to the blank before its data, in both editions; it need not begin the line (echo, fragments). */
const SEND_HEADER = /SKSENDTO [0-9A-F] [0-9A-F:]{39} [0-9A-F]{4} [0-2] (?:[01] )?(?<dataLength>[0-9A-F]{4}) /i;

/** The unique code of a J11 frame, either way, and where its length stands: behind those 8 bytes so many follow. */
const J11_CODE = /^(?:\xd0\xea\x83\xfc|\xd0\xf9\xee\x5d)/;
const J11_LENGTH_AT = 6;
const J11_MOST = 1361;

/**
 * Cuts one direction of the wire into units without losing or changing a byte. Pieces of any size go in. What it does not
 * know is cut at line ends, and at the longest line there can be.
 */
export class WireUnits {
  readonly #from: Side;
  #text = '';
  #atMs = 0;

  constructor(from: Side) {
    this.#from = from;
  }

  push(text: string, atMs: number): WireUnit[] {
    // What was complete but for a line feed that might follow, did not get one in time to share it.
    this.#text += text;
    this.#atMs = atMs;
    return this.#cutAll(false);
  }

  /** The other side sends: a carriage return at the end has no line feed to wait for. */
  settle(): WireUnit[] {
    return this.#text.endsWith('\r') ? this.#cutAll(true) : [];
  }

  /** All that is left: the wire has closed. */
  flush(): WireUnit[] {
    const units = this.#cutAll(true);
    if (this.#text !== '') units.push(this.#cut(this.#text.length));
    return units;
  }

  #cutAll(settled: boolean): WireUnit[] {
    const units: WireUnit[] = [];
    for (let unit = this.#next(settled); unit; unit = this.#next(settled)) units.push(unit);
    return units;
  }

  #next(settled: boolean): WireUnit | undefined {
    const text = this.#text;
    if (J11_CODE.test(text)) return this.#frame();
    const end = /\r\n|\r(?!$)|\n/.exec(text);
    const lineLength = end ? end.index + end[0].length : settled && text.endsWith('\r') ? text.length : undefined;
    const header = (this.#from === 'host' ? SEND_HEADER : RXUDP_HEADER).exec(text);
    if (header && (end === null || header.index < end.index)) {
      const dataAt = header.index + header[0].length;
      const length = dataLengthOf(header);
      if (dataAt === text.length) return undefined;
      const isRaw = this.#from === 'host' || !/[0-9A-F]/i.test(text.charAt(dataAt));
      if (isRaw && length <= MAX_DATA_LENGTH) return this.#datagram(dataAt, length, settled);
    }
    if (lineLength !== undefined) return this.#cut(lineLength);
    return text.length > MAX_LINE_LENGTH && !text.endsWith('\r') ? this.#cut(text.length) : undefined;
  }

  #datagram(dataAt: number, length: number, settled: boolean): WireUnit | undefined {
    const end = dataAt + length;
    if (this.#text.length < end) return undefined;
    if (this.#from === 'host') return this.#cut(end, dataAt); // no line end: what follows is the next command
    const rest = this.#text.slice(end, end + 2);
    if (rest === '\r\n') return this.#cut(end + 2, dataAt);
    if ((rest === '' || rest === '\r') && !settled) return undefined;
    return this.#cut(rest.startsWith('\r') ? end + 1 : end, dataAt);
  }

  #frame(): WireUnit | undefined {
    const text = this.#text;
    if (text.length < J11_LENGTH_AT + 2) return undefined;
    const length = J11_LENGTH_AT + 2 + text.charCodeAt(J11_LENGTH_AT) * 256 + text.charCodeAt(J11_LENGTH_AT + 1);
    if (length > J11_MOST) return this.#cut(4, 0);
    return text.length < length ? undefined : this.#cut(length, 0);
  }

  #cut(length: number, dataAt?: number): WireUnit {
    const text = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return { from: this.#from, atMs: this.#atMs, text, ...(dataAt === undefined ? {} : { dataAt }) };
  }
}

/** Both directions of one wire: what one side sends settles what the other has sent. */
export class TwoWayUnits {
  readonly #sides: Readonly<Record<Side, WireUnits>> = { host: new WireUnits('host'), module: new WireUnits('module') };

  push(from: Side, bytes: Uint8Array, atMs: number): WireUnit[] {
    return [...this.settle(from === 'host' ? 'module' : 'host'), ...this.#sides[from].push(latin1OfBytes(bytes), atMs)];
  }

  settle(side: Side): WireUnit[] {
    return this.#sides[side].settle();
  }

  flush(): WireUnit[] {
    return [...this.#sides.host.flush(), ...this.#sides.module.flush()];
  }
}

/** Lines put together again: somebody may have cut one in two. A line without a time came with the one before it. */
export function unitsOf({ lines }: Transcript): WireUnit[] {
  const wire = new TwoWayUnits();
  let atMs = 0;
  const units = lines.flatMap(({ from, atS, bytes }) => {
    if (atS !== undefined) atMs = atS * 1000;
    return [...wire.push(from, bytes, atMs), ...wire.settle(from)];
  });
  return [...units, ...wire.flush()];
}

type UnitText = Pick<WireUnit, 'from' | 'text'>;

const dataLengthOf = (header: RegExpExecArray): number => Number.parseInt(header.groups?.['dataLength'] ?? '', 16);

/** How a unit describes its datagram before the data. */
interface DatagramHeader {
  /** Where the data begin in the unit's text. */
  readonly at: number;
  /** DATALEN, bytes. */
  readonly length: number;
  readonly ports: readonly number[];
}

export function datagramHeader({ from, text }: UnitText): DatagramHeader | undefined {
  const header = (from === 'host' ? SEND_HEADER : RXUDP_HEADER).exec(text);
  if (!header) return undefined;
  const ports = header[0].split(' ').slice(3, from === 'host' ? 4 : 5);
  return {
    at: header.index + header[0].length,
    length: dataLengthOf(header),
    ports: ports.map((port) => Number.parseInt(port, 16)),
  };
}

/** A whole datagram in a unit. */
interface UnitPayload extends DatagramHeader {
  /** As hex digits in the text: twice as many characters as bytes. */
  readonly isHex: boolean;
  /** Latin-1. */
  readonly bytes: string;
}

/** @returns undefined where there is none, or not as many bytes as DATALEN says. */
export function payloadOf(unit: UnitText): UnitPayload | undefined {
  const header = datagramHeader(unit);
  if (!header) return undefined;
  const { at, length } = header;
  const data = unit.text.slice(at);
  const digits = data.slice(0, 2 * length);
  if (unit.from === 'module' && digits.length === 2 * length && /^[0-9A-F]*$/i.test(digits)) {
    return { ...header, isHex: true, bytes: Buffer.from(digits, 'hex').toString('latin1') };
  }
  return data.length < length ? undefined : { ...header, isHex: false, bytes: data.slice(0, length) };
}

/** A frame of ECHONET Lite in a unit, with where it stands. */
export function frameOf(unit: UnitText): { readonly frame: ReceivedFrame; readonly payload: UnitPayload } | undefined {
  const payload = payloadOf(unit);
  if (!payload?.ports.includes(ECHONET_PORT)) return undefined;
  const decoded = decodeFrame(bytesOfLatin1(payload.bytes));
  return decoded.ok ? { frame: decoded.value, payload } : undefined;
}
