import { bytesOfHex, concatBytes, hexOfBytes, mustBeInteger, writeInteger } from '../kernel/bytes.ts';
import { ok, refuse, type Result } from '../kernel/result.ts';

/** Operation status, EPC 80. */
export const encodeOperationStatus = (on: boolean): Uint8Array => Uint8Array.of(on ? 0x30 : 0x31);

const FAULTY = 0x41;
const FAULTLESS = 0x42;

/** Fault status, EPC 88: true when the meter reports a fault. @returns undefined for an unknown code or a wrong length. */
export const decodeFault = (edt: Uint8Array): boolean | undefined =>
  edt.length !== 1 ? undefined : edt[0] === FAULTY ? true : edt[0] === FAULTLESS ? false : undefined;
export const encodeFault = (fault: boolean): Uint8Array => Uint8Array.of(fault ? FAULTY : FAULTLESS);

export interface StandardVersion {
  /** The release letter of the ECHONET Appendix. */
  readonly release: string;
  readonly revision: number;
}

/** Standard version, EPC 82: two reserved bytes, letter, revision. @returns undefined without a letter (the node profile's own 82 has none) or for a wrong length. */
export function decodeStandardVersion(edt: Uint8Array): StandardVersion | undefined {
  if (edt.length !== 4) return undefined;
  const release = String.fromCharCode(edt[2]!);
  return /[A-Za-z]/.test(release) ? { release, revision: edt[3]! } : undefined;
}
/** @throws RangeError unless `release` is one letter. */
export function encodeStandardVersion({ release, revision }: StandardVersion): Uint8Array {
  if (!/^[A-Za-z]$/.test(release)) throw new RangeError(`not a release letter: ${release}`);
  return Uint8Array.of(0, 0, release.charCodeAt(0), mustBeInteger('revision', revision, 0, 0xff));
}

/** Maker code, EPC 8A: six hex digits. @returns undefined for a wrong length. */
export const decodeMakerCode = (edt: Uint8Array): string | undefined =>
  edt.length === 3 ? hexOfBytes(edt) : undefined;
/** @throws RangeError unless six hex digits. */
export const encodeMakerCode = (makerCode: string): Uint8Array => mustBeHex(makerCode, 3);

function mustBeHex(text: string, length: number): Uint8Array {
  if (text.length !== 2 * length || !/^[0-9a-f]*$/i.test(text)) throw new RangeError(`not ${length} bytes of hex`);
  return bytesOfHex(text);
}

const SERIAL_LENGTH = 12;

/** Serial number, EPC 8D: 12 bytes, padded with NUL or blanks. @returns undefined when nothing or anything but printable ASCII is left, or for a wrong length. */
export function decodeSerialNumber(edt: Uint8Array): string | undefined {
  if (edt.length !== SERIAL_LENGTH) return undefined;
  const text = String.fromCharCode(...edt).replaceAll(/^[\0 ]+|[\0 ]+$/g, '');
  return /^[ -~]+$/.test(text) ? text : undefined;
}
/** Pads with NUL. @throws RangeError unless 1–12 characters of printable ASCII without outer blanks. */
export function encodeSerialNumber(serial: string): Uint8Array {
  if (!/^[ -~]{1,12}$/.test(serial) || serial.trim() !== serial) throw new RangeError('not a serial number');
  const edt = new Uint8Array(SERIAL_LENGTH);
  edt.set(Uint8Array.from(serial, (letter) => letter.charCodeAt(0)));
  return edt;
}

export interface RouteBId {
  /** Six hex digits, as in EPC 8A. */
  readonly makerCode: string;
  /** The maker's own 12 bytes, in hex. */
  readonly free: string;
}

/** Route-B identification, EPC C0 (release R): 00, maker code 3, free 12. @throws RangeError unless 6 and 24 hex digits. */
export const encodeRouteBId = ({ makerCode, free }: RouteBId): Uint8Array =>
  concatBytes(Uint8Array.of(0), encodeMakerCode(makerCode), mustBeHex(free, 12));

/** As many objects as a property's 255 bytes hold. */
const MOST_OBJECTS = 84;

/**
 * Instance lists of the node profile, EPC D5 and D6: count, then three bytes per object.
 * @throws RangeError for more than 84 objects, or one that does not fit 24 bits.
 */
export function encodeInstanceList(objects: readonly number[]): Uint8Array {
  const edt = new Uint8Array(1 + 3 * mustBeInteger('number of objects', objects.length, 0, MOST_OBJECTS));
  let at = writeInteger(edt, 0, 1, objects.length);
  for (const object of objects) at = writeInteger(edt, at, 3, mustBeInteger('object', object, 0, 0xffffff));
  return edt;
}

export interface PropertyMap {
  /** 80–FF, ascending, each once. */
  readonly epcs: readonly number[];
  /** What in the map contradicts itself; `epcs` then follows the entries, not the count. */
  readonly warning?: string;
}

/** From this many properties on the map is a bitmap. */
const BITMAP_FROM = 16;
const BITMAP_LENGTH = 17;

const EVERY_EPC = Array.from({ length: 128 }, (_, i) => 0x80 + i);
/** Byte i stands for the low half-byte i, bit j for the high half-byte 8 + j. */
const bitmapEpcs = (edt: Uint8Array): readonly number[] =>
  EVERY_EPC.filter((epc) => (edt[1 + (epc & 0x0f)]! >> ((epc >> 4) - 8)) & 1);

/** EPC 9D, 9E, 9F in both forms: a list below 16 properties, a bitmap from 16 on. ECHONET Appendix, annex 1. */
export function decodePropertyMap(edt: Uint8Array): Result<PropertyMap> {
  const count = edt[0];
  if (count === undefined) return refuse('empty property map');
  if (edt.length !== Math.min(count + 1, BITMAP_LENGTH)) return refuse('property map of a wrong length');
  const epcs =
    count < BITMAP_FROM
      ? [...new Set(edt.subarray(1))].filter((epc) => epc >= 0x80).sort((a, b) => a - b)
      : bitmapEpcs(edt);
  if (epcs.length === count) return ok({ epcs });
  return ok({ epcs, warning: `the map counts ${count} properties and holds ${epcs.length}` });
}

/** @throws RangeError for an EPC outside 80–FF. */
export function encodePropertyMap(epcs: readonly number[]): Uint8Array {
  const sorted = [...new Set(epcs)].sort((a, b) => a - b);
  for (const epc of sorted) mustBeInteger('epc', epc, 0x80, 0xff);
  if (sorted.length < BITMAP_FROM) return Uint8Array.of(sorted.length, ...sorted);
  const edt = new Uint8Array(BITMAP_LENGTH);
  edt[0] = sorted.length;
  for (const epc of sorted) edt[1 + (epc & 0x0f)]! |= 1 << ((epc >> 4) - 8);
  return edt;
}
