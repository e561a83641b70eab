import type { EnergyScale, HalfHour } from '../model/reading.ts';
import { concatBytes } from '../kernel/bytes.ts';
import { decodeNumber, encodeNumber, FORMS, readNumber } from './numbers.ts';
import { decodeDateTime, encodeDateTime } from './time.ts';

/** Cumulative energy, EPC E0 and E3: 0–99,999,999 in the unit of E1. @returns undefined for "no data" (FFFFFFFE), out of range or a wrong length. */
export const decodeCounter = (edt: Uint8Array): number | undefined => decodeNumber(FORMS.counter, edt);
export const encodeCounter = (raw: number | undefined): Uint8Array => encodeNumber(FORMS.counter, raw);

/** Unit of all energy values, EPC E1. @returns its power of ten in kWh, −4 to 4; undefined for an unknown code: then no energy may be published. */
export function decodeUnit(edt: Uint8Array): number | undefined {
  if (edt.length !== 1) return undefined;
  const code = edt[0]!;
  if (code <= 0x04) return 0 - code; // not -code: that makes 00 a negative zero
  return code >= 0x0a && code <= 0x0d ? code - 0x09 : undefined;
}
/** Coefficient, EPC D3: 1–999,999. 0 is legal on the wire but would publish zeros. @returns undefined for 0, out of range or a wrong length: do not publish energy. Whether the meter has D3 at all is the caller's to know. */
export const decodeCoefficient = (edt: Uint8Array): number | undefined =>
  decodeNumber(FORMS.coefficient, edt) || undefined;
/** Takes 0 too: a meter may send it. */
export const encodeCoefficient = (coefficient: number): Uint8Array => encodeNumber(FORMS.coefficient, coefficient);

/** Effective digits, EPC D7: 1–8; counters roll over behind 10^digits − 1. @returns undefined for anything else. */
export const decodeDigits = (edt: Uint8Array): number | undefined => decodeNumber(FORMS.digits, edt);
export const encodeDigits = (digits: number): Uint8Array => encodeNumber(FORMS.digits, digits);

/** raw × coefficient × 10^exponent kWh. The product is a whole number below 2^53 and the scaling is done on its decimal text: 47575 × 0.1 is 4757.5, no binary residue. */
export const toKwh = (raw: number, { coefficient, exponent }: EnergyScale): number =>
  Number(`${raw * coefficient}e${exponent}`);

/** A register at a half-hour mark. */
export interface FixedTime {
  /** ms since 1970. */
  readonly atMs: number;
  /** In the unit of E1. */
  readonly raw?: number | undefined;
}

/** Fixed-time cumulative energy, EPC EA and EB: date-time 7, counter 4. @returns undefined for "never set", an impossible date or a wrong length. */
export function decodeFixedTime(edt: Uint8Array): FixedTime | undefined {
  if (edt.length !== 11) return undefined;
  const at = decodeDateTime(edt.subarray(0, 7));
  if (!at.ok || at.value === undefined) return undefined;
  return { atMs: at.value, raw: readNumber(FORMS.counter, edt, 7) };
}
export const encodeFixedTime = ({ atMs, raw }: FixedTime): Uint8Array =>
  concatBytes(encodeDateTime(atMs, 7), encodeCounter(raw));

/** Registers of both directions at one moment, in the unit of E1. */
export interface Registers {
  readonly normal?: number | undefined;
  readonly reverse?: number | undefined;
}

/** Two counters, normal first, from `at` on, which must lie within `bytes`. */
export const readRegisters = (bytes: Uint8Array, at: number): Registers => ({
  normal: readNumber(FORMS.counter, bytes, at),
  reverse: readNumber(FORMS.counter, bytes, at + 4),
});
export const encodeRegisters = ({ normal, reverse }: Registers): Uint8Array =>
  concatBytes(encodeCounter(normal), encodeCounter(reverse));

export const isEmpty = ({ normal, reverse }: Registers): boolean => normal === undefined && reverse === undefined;

/** kWh bought and sold; a direction without a register is absent. */
export const kwhOf = (
  { normal, reverse }: Registers,
  scale: EnergyScale,
): Pick<HalfHour, 'importKwh' | 'exportKwh'> => ({
  ...(normal !== undefined && { importKwh: toKwh(normal, scale) }),
  ...(reverse !== undefined && { exportKwh: toKwh(reverse, scale) }),
});

export interface OneMinuteEnergy extends Registers {
  /** ms since 1970; undefined when never set. */
  readonly atMs?: number | undefined;
}

/** One-minute cumulative energy of both directions, EPC D0 (release R): date-time 7, counters 4 + 4. @returns undefined for an impossible date or a wrong length. */
export function decodeOneMinuteEnergy(edt: Uint8Array): OneMinuteEnergy | undefined {
  if (edt.length !== 15) return undefined;
  const at = decodeDateTime(edt.subarray(0, 7));
  return at.ok ? { atMs: at.value, ...readRegisters(edt, 7) } : undefined;
}
export const encodeOneMinuteEnergy = (energy: OneMinuteEnergy): Uint8Array =>
  concatBytes(encodeDateTime(energy.atMs, 7), encodeRegisters(energy));
