import { mustBeInteger, readU16, writeInteger } from '../kernel/bytes.ts';
import { ok, refuse, type Result } from '../kernel/result.ts';

/** Services. ECHONET Lite Specification part II, 3.2.5. */
export const ESV = {
  setI: 0x60,
  setC: 0x61,
  get: 0x62,
  infReq: 0x63,
  setGet: 0x6e,
  setRes: 0x71,
  getRes: 0x72,
  inf: 0x73,
  infc: 0x74,
  infcRes: 0x7a,
  setGetRes: 0x7e,
  setISna: 0x50,
  setCSna: 0x51,
  getSna: 0x52,
  infSna: 0x53,
  setGetSna: 0x5e,
} as const;

/** Objects: class group, class, instance. */
export const EOJ = {
  /** Low-voltage smart electric energy meter, first instance. ECHONET Appendix 3.3.25. */
  meter: 0x028801,
  nodeProfile: 0x0ef001,
  /** What we are: controller, first instance. */
  controller: 0x05ff01,
} as const;

/** One property. Empty `edt` (PDC 00) is a question, an acknowledgement, or in an SNA answer a failure. */
export interface Property {
  readonly epc: number;
  readonly edt: Uint8Array;
}

export interface Frame {
  /** 0–FFFF; an answer carries its request's. */
  readonly tid: number;
  readonly seoj: number;
  readonly deoj: number;
  readonly esv: number;
  readonly properties: readonly Property[];
  /** The get half of SetGet (6E, 7E, 5E); no other service has it. */
  readonly getProperties?: readonly Property[];
}

export interface ReceivedFrame extends Frame {
  /** Bytes left over behind the last property, ignored. */
  readonly trailing: number;
}

const HEADER_LENGTH = 12;
/** EHD1 10 = ECHONET Lite, EHD2 81 = specified format (82 would be free format). */
const SPECIFIED_FORMAT = 0x1081;
const readU24 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
const hasTwoLists = (service: number): boolean =>
  service === ESV.setGet || service === ESV.setGetRes || service === ESV.setGetSna;

/** Appends the list whose count is at `at`. @returns the offset behind it, or why it ends early. */
function readList(bytes: Uint8Array, at: number, into: Property[]): number | string {
  let left = bytes[at];
  if (left === undefined) return 'property count cut off';
  at += 1;
  for (; left > 0; left--) {
    if (at + 2 > bytes.length) return 'property header cut off';
    const start = at + 2;
    const end = start + bytes[at + 1]!;
    if (end > bytes.length) return 'property data cut off';
    into.push({ epc: bytes[at]!, edt: bytes.subarray(start, end) });
    at = end;
  }
  return at;
}

/**
 * One datagram. Total: never throws. A list that ends early refuses the frame; unknown services and EPCs pass.
 * Each `edt` is a view of `bytes`, not a copy. ECHONET Lite Specification part II, 3.2.
 */
export function decodeFrame(bytes: Uint8Array): Result<ReceivedFrame> {
  if (bytes.length < HEADER_LENGTH) return refuse('shorter than the 12-byte minimum');
  if (readU16(bytes, 0) !== SPECIFIED_FORMAT) return refuse('EHD is not 1081');
  const service = bytes[10]!;
  const properties: Property[] = [];
  let end = readList(bytes, 11, properties);
  if (typeof end === 'string') return refuse(end);
  // Two whole literals: a spread takes eight times the rest of the decoding
  const tid = readU16(bytes, 2);
  const seoj = readU24(bytes, 4);
  const deoj = readU24(bytes, 7);
  if (!hasTwoLists(service)) {
    return ok({ tid, seoj, deoj, esv: service, properties, trailing: bytes.length - end });
  }
  const getProperties: Property[] = [];
  end = readList(bytes, end, getProperties);
  if (typeof end === 'string') return refuse(end);
  return ok({ tid, seoj, deoj, esv: service, properties, getProperties, trailing: bytes.length - end });
}

function writeList(bytes: Uint8Array, at: number, properties: readonly Property[]): number {
  at = writeInteger(bytes, at, 1, mustBeInteger('property count', properties.length, 0, 0xff));
  for (const { epc, edt } of properties) {
    at = writeInteger(bytes, at, 1, mustBeInteger('epc', epc, 0, 0xff));
    at = writeInteger(bytes, at, 1, mustBeInteger('edt length', edt.length, 0, 0xff));
    bytes.set(edt, at);
    at += edt.length;
  }
  return at;
}

const listLength = (properties: readonly Property[]): number =>
  properties.reduce((length, { edt }) => length + 2 + edt.length, 1);

/** @throws RangeError when a field does not fit, or `getProperties` does not go with the service. */
export function encodeFrame(frame: Frame): Uint8Array {
  const { getProperties } = frame;
  if (hasTwoLists(frame.esv) !== (getProperties !== undefined)) {
    throw new RangeError('getProperties goes with SetGet, and only with it');
  }
  const second = getProperties === undefined ? 0 : listLength(getProperties);
  const bytes = new Uint8Array(HEADER_LENGTH - 1 + listLength(frame.properties) + second);
  writeInteger(bytes, 0, 2, SPECIFIED_FORMAT);
  writeInteger(bytes, 2, 2, mustBeInteger('tid', frame.tid, 0, 0xffff));
  writeInteger(bytes, 4, 3, mustBeInteger('seoj', frame.seoj, 0, 0xffffff));
  writeInteger(bytes, 7, 3, mustBeInteger('deoj', frame.deoj, 0, 0xffffff));
  writeInteger(bytes, 10, 1, mustBeInteger('esv', frame.esv, 0, 0xff));
  const at = writeList(bytes, 11, frame.properties);
  if (getProperties !== undefined) writeList(bytes, at, getProperties);
  return bytes;
}

/**
 * The data of one property, matched by EPC and never by position (meters leave failed ones out of a Get_SNA).
 * The last one with data when there are several. @returns undefined when absent or empty (PDC 00).
 */
export const edtOf = (properties: readonly Property[], epc: number): Uint8Array | undefined =>
  properties.findLast((property) => property.epc === epc && property.edt.length > 0)?.edt;

/** The EPCs that came with data. */
export const toldOf = (properties: readonly Property[]): ReadonlySet<number> =>
  new Set(properties.flatMap(({ epc, edt }) => (edt.length > 0 ? [epc] : [])));
