import { concatBytes, mustBeInteger } from '../kernel/bytes.ts';
import { encodeCounter, encodeRegisters, readRegisters, type Registers } from './energy.ts';
import { decodeNumber, encodeNumber, FORMS, readNumber } from './numbers.ts';
import { decodeDateTime, encodeDateTime } from './time.ts';

const SLOTS_PER_DAY = 48;

/** Counter readings of one day, not consumption: values[i] stood at i × 30 min. */
export interface DayHistory {
  /** 0 today, 1 yesterday … 99; absent when never set. Compare with what was asked: E5 is one shared setting. */
  readonly day?: number;
  /** 48 readings in the unit of E1; undefined where there is none (yet). */
  readonly values: readonly (number | undefined)[];
}

/** Day for history 1, EPC E5: 0–99; larger ones come back in refusals. @returns undefined for "never set" (FF) or a wrong length. */
export const decodeHistoryDay = (edt: Uint8Array): number | undefined => decodeNumber(FORMS.day, edt);
/** undefined is "never set". @throws RangeError outside 0–99. */
export const encodeHistoryDay = (day: number | undefined): Uint8Array =>
  encodeNumber(FORMS.day, day === undefined ? day : mustBeInteger('day', day, 0, 99));

/** History 1, EPC E2 (normal) and E4 (reverse): day 2, 48 counters. ECHONET Appendix 3.3.25. @returns undefined for a wrong length. */
export function decodeDayHistory(edt: Uint8Array): DayHistory | undefined {
  if (edt.length !== 2 + 4 * SLOTS_PER_DAY) return undefined;
  const day = readNumber(FORMS.historyDay, edt, 0);
  const values = Array.from({ length: SLOTS_PER_DAY }, (_, i) => readNumber(FORMS.counter, edt, 2 + 4 * i));
  return { ...(day !== undefined && { day }), values };
}
/** @throws RangeError for other than 48 values. */
export function encodeDayHistory({ day, values }: DayHistory): Uint8Array {
  mustBeInteger('number of values', values.length, SLOTS_PER_DAY, SLOTS_PER_DAY);
  return concatBytes(encodeNumber(FORMS.historyDay, day), ...values.map(encodeCounter));
}

/** What tells history 2 and 3 apart. */
export interface SlotForm {
  readonly maxCount: number;
  /** From one slot back to the next; moments are whole multiples of it. */
  readonly stepMs: number;
}
/** EC, asked by ED: half hours, up to 6 h. */
export const HISTORY2: SlotForm = { maxCount: 12, stepMs: 30 * 60_000 };
/** EE, asked by EF (release R): minutes, up to 10. */
export const HISTORY3: SlotForm = { maxCount: 10, stepMs: 60_000 };

export interface SlotRequest {
  /** ms since 1970, the newest slot; absent when never set. */
  readonly atMs?: number;
  readonly count: number;
}
export interface SlotHistory extends SlotRequest {
  /** `count` slots, newest first: values[i] stood at atMs − i × stepMs. */
  readonly values: readonly Registers[];
}

/** EPC ED and EF: date-time 6, count. @returns undefined for a moment between two slots, an impossible date, a wrong count or length. */
export function decodeSlotRequest({ maxCount, stepMs }: SlotForm, edt: Uint8Array): SlotRequest | undefined {
  if (edt.length !== 7) return undefined;
  const count = edt[6]!;
  if (count < 1 || count > maxCount) return undefined;
  const at = decodeDateTime(edt.subarray(0, 6));
  if (!at.ok) return undefined;
  if (at.value === undefined) return { count };
  return at.value % stepMs === 0 ? { atMs: at.value, count } : undefined;
}
/** @throws RangeError for a moment between two slots or a wrong count. */
export function encodeSlotRequest({ maxCount, stepMs }: SlotForm, { atMs, count }: SlotRequest): Uint8Array {
  if (atMs !== undefined && atMs % stepMs !== 0) throw new RangeError(`${atMs} is not a multiple of ${stepMs} ms`);
  return concatBytes(encodeDateTime(atMs, 6), Uint8Array.of(mustBeInteger('count', count, 1, maxCount)));
}

/** EPC EC and EE: the request, then count × (normal 4, reverse 4). @returns undefined where the request part is, or when the length does not fit the count. */
export function decodeSlotHistory(form: SlotForm, edt: Uint8Array): SlotHistory | undefined {
  const request = decodeSlotRequest(form, edt.subarray(0, 7));
  if (request === undefined || edt.length !== 7 + 8 * request.count) return undefined;
  return { ...request, values: Array.from({ length: request.count }, (_, i) => readRegisters(edt, 7 + 8 * i)) };
}
/** @throws RangeError where `encodeSlotRequest` does, or for other than `count` values. */
export function encodeSlotHistory(form: SlotForm, history: SlotHistory): Uint8Array {
  mustBeInteger('number of values', history.values.length, history.count, history.count);
  return concatBytes(encodeSlotRequest(form, history), ...history.values.map(encodeRegisters));
}
