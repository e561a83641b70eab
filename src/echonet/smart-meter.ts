import type { EnergyScale, HalfHour, MinuteRegisters, Reading } from '../model/reading.ts';
import { concatBytes } from '../kernel/bytes.ts';
import { decodeCounter, decodeFixedTime, decodeOneMinuteEnergy, isEmpty, kwhOf, toKwh } from './energy.ts';
import { EPC } from './epc.ts';
import { edtOf, type Property } from './frame.ts';
import { decodeFault } from './nameplate.ts';
import { decodeNumber, encodeNumber, FORMS, readNumber } from './numbers.ts';

/** Instantaneous power, EPC E7: signed, 1 W steps, negative while exporting. ECHONET Appendix 3.3.25. @returns undefined for "no data", overflow, underflow or a wrong length. */
export const decodePower = (edt: Uint8Array): number | undefined => decodeNumber(FORMS.power, edt);
/** W; undefined is "no data". @throws RangeError outside −2,147,483,647 … 2,147,483,645. */
export const encodePower = (watts: number | undefined): Uint8Array => encodeNumber(FORMS.power, watts);

/** A in steps of 0.1, negative while exporting; a phase without data is absent. */
export interface Currents {
  readonly r?: number;
  /** Absent on single-phase two-wire, too. */
  readonly t?: number;
}

/** Instantaneous currents, EPC E8: R phase, then T phase, each on its own. ECHONET Appendix 3.3.25. @returns undefined for a wrong length. */
export function decodeCurrents(edt: Uint8Array): Currents | undefined {
  if (edt.length !== 4) return undefined;
  const { stepsPerUnit } = FORMS.current;
  const r = readNumber(FORMS.current, edt, 0);
  const t = readNumber(FORMS.current, edt, 2);
  const currents: Mutable<Currents> = {};
  if (r !== undefined) currents.r = r / stepsPerUnit;
  if (t !== undefined) currents.t = t / stepsPerUnit;
  return currents;
}
/** Tenths of an ampere; undefined is "no data" or "no T phase". @throws RangeError outside −32,767 … 32,765. */
export const encodeCurrents = (rDeciA: number | undefined, tDeciA: number | undefined): Uint8Array =>
  concatBytes(encodeNumber(FORMS.current, rDeciA), encodeNumber(FORMS.current, tDeciA));

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Measured = Omit<Reading, 'atMs' | 'roundTripMs'>;

/**
 * What an answer measured. Empty properties (requests, failures), "no data" and unknown EPCs add nothing; of several
 * values for one EPC the last counts. No energy without a scale.
 */
export function readingOf(properties: readonly Property[], scale: EnergyScale | undefined): Measured {
  const reading: Mutable<Measured> = {};
  for (const { epc: code, edt } of properties) ADDERS[code]?.(reading, edt, scale);
  return reading;
}

/** What a property adds to a reading. */
type Adder = (reading: Mutable<Measured>, edt: Uint8Array, scale: EnergyScale | undefined) => void;
const ADDERS: Readonly<Record<number, Adder>> = {
  [EPC.power]: (reading, edt) => add(reading, 'powerW', decodePower(edt)),
  [EPC.currents]: (reading, edt) => {
    const currents = decodeCurrents(edt);
    add(reading, 'currentRA', currents?.r);
    add(reading, 'currentTA', currents?.t);
  },
  [EPC.importEnergy]: (reading, edt, scale) => add(reading, 'importKwh', decodeKwh(edt, scale)),
  [EPC.exportEnergy]: (reading, edt, scale) => add(reading, 'exportKwh', decodeKwh(edt, scale)),
  [EPC.oneMinuteEnergy]: (reading, edt, scale) => add(reading, 'minute', decodeMinute(edt, scale)),
  [EPC.faultStatus]: (reading, edt) => add(reading, 'fault', decodeFault(edt)),
};

function add<Key extends keyof Measured>(reading: Mutable<Measured>, key: Key, value: Measured[Key] | undefined): void {
  if (value !== undefined) reading[key] = value;
}

function decodeKwh(edt: Uint8Array, scale: EnergyScale | undefined): number | undefined {
  const raw = decodeCounter(edt);
  return raw === undefined || scale === undefined ? undefined : toKwh(raw, scale);
}

/** @returns undefined unless its minute is known, and a register with it. */
function decodeMinute(edt: Uint8Array, scale: EnergyScale | undefined): MinuteRegisters | undefined {
  const energy = decodeOneMinuteEnergy(edt);
  if (energy?.atMs === undefined || scale === undefined || isEmpty(energy)) return undefined;
  return { minuteMs: energy.atMs, ...kwhOf(energy, scale) };
}

/** One direction of a half-hour announcement. @returns undefined unless both its mark and its register are known. */
function halfHourIn(properties: readonly Property[], code: number, scale: EnergyScale) {
  const edt = edtOf(properties, code);
  const fixed = edt && decodeFixedTime(edt);
  return fixed?.raw === undefined ? undefined : { markMs: fixed.atMs, kwh: toKwh(fixed.raw, scale) };
}

/**
 * Registers at half-hour marks, from EA and EB: one entry when both stand at the same mark, two (import first) when they
 * do not, none where mark or register is missing, or without a scale.
 */
export function halfHoursOf(properties: readonly Property[], scale: EnergyScale | undefined): readonly HalfHour[] {
  if (scale === undefined) return [];
  const bought = halfHourIn(properties, EPC.importAtMark, scale);
  const sold = halfHourIn(properties, EPC.exportAtMark, scale);
  if (bought && sold && bought.markMs === sold.markMs) {
    return [{ markMs: bought.markMs, importKwh: bought.kwh, exportKwh: sold.kwh }];
  }
  return [
    ...(bought ? [{ markMs: bought.markMs, importKwh: bought.kwh }] : []),
    ...(sold ? [{ markMs: sold.markMs, exportKwh: sold.kwh }] : []),
  ];
}
