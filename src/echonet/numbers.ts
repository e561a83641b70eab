import { mustBeInteger, readS16, readS32, readU16, readU32, writeInteger } from '../kernel/bytes.ts';

export interface NumberForm {
  /** Bytes. */
  readonly width: 1 | 2 | 4;
  readonly signed: boolean;
  /** Wire steps per unit (A, W, …): 10 means tenths. */
  readonly stepsPerUnit: 1 | 10;
  /** In wire steps. What lies outside is no data, overflow, underflow or nonsense: all of them no value. */
  readonly min: number;
  readonly max: number;
  /** What stands on the wire for "no data"; undefined when the definition has none. */
  readonly noData: number | undefined;
}

/** Every number of class 0288: width, sign, scale, range and "no data". ECHONET Appendix 3.3.25. */
export const FORMS = {
  /** E7, W. 7FFFFFFF overflow, 80000000 underflow. */
  power: { width: 4, signed: true, stepsPerUnit: 1, min: -0x7fffffff, max: 0x7ffffffd, noData: 0x7ffffffe },
  /** E8, one phase, A. 7FFE also says "no T phase"; 7FFF overflow, 8000 underflow. */
  current: { width: 2, signed: true, stepsPerUnit: 10, min: -0x7fff, max: 0x7ffd, noData: 0x7ffe },
  /** E0, E3 and every other register, in the unit of E1. Rolls over: no overflow code. */
  counter: { width: 4, signed: false, stepsPerUnit: 1, min: 0, max: 99_999_999, noData: 0xfffffffe },
  /** D3. */
  coefficient: { width: 4, signed: false, stepsPerUnit: 1, min: 0, max: 999_999, noData: undefined },
  /** D7. */
  digits: { width: 1, signed: false, stepsPerUnit: 1, min: 1, max: 8, noData: undefined },
  /** E5, legal 0–99; a refused request carries its larger day back, so those are read too. FF never set. */
  day: { width: 1, signed: false, stepsPerUnit: 1, min: 0, max: 0xfe, noData: 0xff },
  /** The day in E2, E4. 00FF never set. */
  historyDay: { width: 2, signed: false, stepsPerUnit: 1, min: 0, max: 99, noData: 0x00ff },
} as const satisfies Record<string, NumberForm>;

function readRaw(form: NumberForm, bytes: Uint8Array, at: number): number {
  switch (form.width) {
    case 1:
      return bytes[at]!;
    case 2:
      return form.signed ? readS16(bytes, at) : readU16(bytes, at);
    case 4:
      return form.signed ? readS32(bytes, at) : readU32(bytes, at);
  }
}

/** Wire steps of the number at `at`, which must lie within `bytes`. @returns undefined for no data or out of range. */
export function readNumber(form: NumberForm, bytes: Uint8Array, at: number): number | undefined {
  const raw = readRaw(form, bytes, at);
  return raw >= form.min && raw <= form.max ? raw : undefined;
}

/** A property that is one number, in wire steps. @returns undefined for no data, out of range or a wrong length. */
export const decodeNumber = (form: NumberForm, edt: Uint8Array): number | undefined =>
  edt.length === form.width ? readNumber(form, edt, 0) : undefined;

/** Wire steps; undefined is "no data". @throws RangeError outside the form's range, or when it has no "no data". */
export function encodeNumber(form: NumberForm, value: number | undefined): Uint8Array {
  const raw = value === undefined ? form.noData : mustBeInteger('value', value, form.min, form.max);
  if (raw === undefined) throw new RangeError('this property cannot say "no data"');
  const edt = new Uint8Array(form.width);
  writeInteger(edt, 0, form.width, raw);
  return edt;
}
