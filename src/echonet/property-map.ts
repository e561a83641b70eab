import { ok, refuse, type Result } from '../kernel/result.ts';
import { mustBeInteger } from '../kernel/bytes.ts';

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
