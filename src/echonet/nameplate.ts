import { bytesOfHex, concatBytes, hexOfBytes, mustBeInteger, readU16, writeInteger } from '../kernel/bytes.ts';
import { ok, refuse } from '../kernel/result.ts';
import type { Result } from '../kernel/result.ts';

/** A byte that is one of two codes. */
const decodeEither = (edt: Uint8Array, yes: number, no: number): boolean | undefined =>
  edt.length !== 1 ? undefined : edt[0] === yes ? true : edt[0] === no ? false : undefined;

const [running, stopped] = [0x30, 0x31];
const [faulty, faultless] = [0x41, 0x42];

/** Operation status, EPC 80. @returns undefined for an unknown code or a wrong length. */
export const decodeOperationStatus = (edt: Uint8Array): boolean | undefined => decodeEither(edt, running, stopped);
export const encodeOperationStatus = (on: boolean): Uint8Array => Uint8Array.of(on ? running : stopped);

/** Fault status, EPC 88: true when the meter reports a fault. @returns undefined for an unknown code or a wrong length. */
export const decodeFault = (edt: Uint8Array): boolean | undefined => decodeEither(edt, faulty, faultless);
export const encodeFault = (fault: boolean): Uint8Array => Uint8Array.of(fault ? faulty : faultless);

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

const serialLength = 12;

/** Serial number, EPC 8D: 12 bytes, padded with NUL or blanks. @returns undefined when nothing or anything but printable ASCII is left, or for a wrong length. */
export function decodeSerialNumber(edt: Uint8Array): string | undefined {
  if (edt.length !== serialLength) return undefined;
  const text = String.fromCharCode(...edt).replaceAll(/^[\0 ]+|[\0 ]+$/g, '');
  return /^[ -~]+$/.test(text) ? text : undefined;
}
/** Pads with NUL. @throws RangeError unless 1–12 characters of printable ASCII without outer blanks. */
export function encodeSerialNumber(serial: string): Uint8Array {
  if (!/^[ -~]{1,12}$/.test(serial) || serial.trim() !== serial) throw new RangeError('not a serial number');
  const edt = new Uint8Array(serialLength);
  edt.set(Uint8Array.from(serial, (letter) => letter.charCodeAt(0)));
  return edt;
}

/** ECHONET Appendix 2.1, "installation location", codes 1–15. */
const places = [
  'living room',
  'dining room',
  'kitchen',
  'bathroom',
  'lavatory',
  'washroom',
  'passageway',
  'room',
  'stairway',
  'entrance',
  'storeroom',
  'garden/perimeter',
  'garage',
  'veranda/balcony',
  'other',
] as const;

export type InstallationPlace =
  | { readonly kind: 'place'; readonly place: (typeof places)[number]; readonly number: number }
  | { readonly kind: 'notSet' }
  | { readonly kind: 'unknown' };

/** Installation place, EPC 81: place in bits 6–3, its number in bits 2–0; 00 not set, FF unknown. @returns undefined for makers' own codes (80–FE), the reserved place 0, and the 17-byte position form. */
export function decodeInstallationPlace(edt: Uint8Array): InstallationPlace | undefined {
  const code = edt[0];
  if (code === undefined || edt.length !== 1) return undefined;
  if (code === 0x00) return { kind: 'notSet' };
  if (code === 0xff) return { kind: 'unknown' };
  const place = places[(code >> 3) - 1];
  return place === undefined ? undefined : { kind: 'place', place, number: code & 0x07 };
}

export function encodeInstallationPlace(place: InstallationPlace): Uint8Array {
  switch (place.kind) {
    case 'notSet':
      return Uint8Array.of(0x00);
    case 'unknown':
      return Uint8Array.of(0xff);
    case 'place':
      return Uint8Array.of(((places.indexOf(place.place) + 1) << 3) | mustBeInteger('number', place.number, 0, 7));
  }
}

export interface RouteBId {
  /** Six hex digits, as in EPC 8A. */
  readonly makerCode: string;
  /** The maker's own 12 bytes, in hex. */
  readonly free: string;
}

/** Route-B identification, EPC C0 (release R): 00, maker code 3, free 12. @returns undefined for another first byte or a wrong length. */
export const decodeRouteBId = (edt: Uint8Array): RouteBId | undefined =>
  edt.length === 16 && edt[0] === 0
    ? { makerCode: hexOfBytes(edt.subarray(1, 4)), free: hexOfBytes(edt.subarray(4)) }
    : undefined;
/** @throws RangeError unless 6 and 24 hex digits. */
export const encodeRouteBId = ({ makerCode, free }: RouteBId): Uint8Array =>
  concatBytes(Uint8Array.of(0), encodeMakerCode(makerCode), mustBeHex(free, 12));

/** As many objects as a property's 255 bytes hold. */
const MOST_OBJECTS = 84;

/** Instance lists of the node profile, EPC D5 and D6: count, then three bytes per object. @returns undefined when count and length disagree, or for more objects than a property holds. */
export function decodeInstanceList(edt: Uint8Array): readonly number[] | undefined {
  const count = edt[0];
  if (count === undefined || count > MOST_OBJECTS || edt.length !== 1 + 3 * count) return undefined;
  return Array.from({ length: count }, (_, i) => (edt[1 + 3 * i]! << 16) | readU16(edt, 2 + 3 * i));
}
/** @throws RangeError for more than 84 objects, or one that does not fit 24 bits. */
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
const bitmapFrom = 16;
const bitmapLength = 17;

/** Byte i stands for the low half-byte i, bit j for the high half-byte 8 + j. */
function bitmapEpcs(edt: Uint8Array): number[] {
  const epcs: number[] = [];
  for (let high = 0; high < 8; high++) {
    for (let low = 0; low < 16; low++) {
      if ((edt[1 + low]! >> high) & 1) epcs.push(((8 + high) << 4) | low);
    }
  }
  return epcs;
}

/** EPC 9D, 9E, 9F in both forms: a list below 16 properties, a bitmap from 16 on. ECHONET Appendix, annex 1. */
export function decodePropertyMap(edt: Uint8Array): Result<PropertyMap> {
  const count = edt[0];
  if (count === undefined) return refuse('empty property map');
  if (edt.length !== (count < bitmapFrom ? count + 1 : bitmapLength)) return refuse('property map of a wrong length');
  const epcs =
    count < bitmapFrom
      ? [...new Set(edt.subarray(1))].filter((epc) => epc >= 0x80).sort((a, b) => a - b)
      : bitmapEpcs(edt);
  if (epcs.length === count) return ok({ epcs });
  return ok({ epcs, warning: `the map counts ${count} properties and holds ${epcs.length}` });
}

/** @throws RangeError for an EPC outside 80–FF. */
export function encodePropertyMap(epcs: readonly number[]): Uint8Array {
  const sorted = [...new Set(epcs)].sort((a, b) => a - b);
  for (const epc of sorted) mustBeInteger('epc', epc, 0x80, 0xff);
  if (sorted.length < bitmapFrom) return Uint8Array.of(sorted.length, ...sorted);
  const edt = new Uint8Array(bitmapLength);
  edt[0] = sorted.length;
  for (const epc of sorted) edt[1 + (epc & 0x0f)]! |= 1 << ((epc >> 4) - 8);
  return edt;
}
