import { concatBytes } from '../../kernel/bytes.ts';
import {
  encodeCoefficient,
  encodeCounter,
  encodeDigits,
  encodeFixedTime,
  encodeOneMinuteEnergy,
} from '../../echonet/energy.ts';
import type { Registers } from '../../echonet/energy.ts';
import { epc } from '../../echonet/epc.ts';
import {
  encodeDayHistory,
  encodeHistoryDay,
  encodeSlotHistory,
  encodeSlotRequest,
  history2,
  history3,
} from '../../echonet/history.ts';
import type { SlotForm, SlotRequest } from '../../echonet/history.ts';
import {
  encodeFault,
  encodeMakerCode,
  encodeOperationStatus,
  encodeRouteBId,
  encodeSerialNumber,
  encodeStandardVersion,
  encodePropertyMap,
} from '../../echonet/nameplate.ts';
import { encodeCurrents, encodePower } from '../../echonet/smart-meter.ts';
import { encodeDate, encodeTimeOfDay } from '../../echonet/time.ts';

/** What a meter's properties are made of at one moment. Registers are raw, in steps of unit and coefficient. */
export interface MeterView {
  readonly atMs: number;
  readonly generation: 1 | 2;
  readonly maker: string;
  readonly serial: string;
  readonly unit: number;
  readonly coefficient: number | undefined;
  readonly digits: number;
  readonly watts: number;
  /** Tenths of an ampere; undefined where there is no such phase. */
  readonly currents: { readonly r: number; readonly t: number | undefined };
  readonly getMap: readonly number[];
  /** Undefined before the meter was there or in the future. */
  readonly registersAt: (atMs: number) => Registers;
  readonly historyDay: number | undefined;
  readonly slots2: SlotRequest;
  readonly slots3: SlotRequest;
}

const MINUTE_MS = 60_000;
const HALF_HOUR_MS = 30 * MINUTE_MS;
const DAY_MS = 24 * 3_600_000;
const JST_MS = 9 * 3_600_000;

export const announceMap = [epc.operationStatus, epc.installationPlace, epc.faultStatus];
export const setMap = (generation: 1 | 2): readonly number[] => [
  epc.installationPlace,
  epc.historyDay,
  epc.history2Request,
  ...(generation === 2 ? [epc.history3Request] : []),
];

/** The Get map of a real release F meter, which names everything but D3 unless there is one; release R adds four. */
export function defaultGetMap(generation: 1 | 2, coefficient: number | undefined): readonly number[] {
  const first = [
    0x80, 0x81, 0x82, 0x88, 0x8a, 0x8d, 0x97, 0x98, 0x9d, 0x9e, 0x9f, 0xd7, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe7,
    0xe8, 0xea, 0xeb, 0xec, 0xed,
  ];
  return [
    ...first,
    ...(coefficient === undefined ? [] : [epc.coefficient]),
    ...(generation === 2 ? [epc.routeBId, epc.oneMinuteEnergy, epc.history3, epc.history3Request] : []),
  ];
}

const markBefore = (atMs: number): number => atMs - (atMs % HALF_HOUR_MS);

function dayHistory(view: MeterView, pick: 'normal' | 'reverse'): Uint8Array {
  const { historyDay: day, atMs, registersAt } = view;
  const midnight = Math.floor((atMs + JST_MS) / DAY_MS) * DAY_MS - JST_MS - (day ?? 0) * DAY_MS;
  const values = Array.from({ length: 48 }, (_, i) =>
    day === undefined ? undefined : registersAt(midnight + i * HALF_HOUR_MS)[pick],
  );
  return encodeDayHistory({ ...(day === undefined ? {} : { day }), values });
}

function slotHistory(view: MeterView, form: SlotForm, { atMs, count }: SlotRequest): Uint8Array {
  const values = Array.from({ length: count }, (_, i) =>
    atMs === undefined ? {} : view.registersAt(atMs - i * form.stepMs),
  );
  return encodeSlotHistory(form, { ...(atMs === undefined ? {} : { atMs }), count, values });
}

function fixedTime(view: MeterView, pick: 'normal' | 'reverse'): Uint8Array {
  const atMs = markBefore(view.atMs);
  const raw = view.registersAt(atMs)[pick];
  return encodeFixedTime(raw === undefined ? { atMs } : { atMs, raw });
}

/** EDT of one property, whether or not the map names it. @returns undefined for what this class does not know. */
export function propertyEdt(view: MeterView, code: number): Uint8Array | undefined {
  switch (code) {
    case epc.operationStatus:
      return encodeOperationStatus(true);
    case epc.installationPlace:
      return Uint8Array.of(0x61);
    case epc.standardVersion:
      return encodeStandardVersion({ release: view.generation === 2 ? 'R' : 'F', revision: 0 });
    case epc.uniqueId:
      return concatBytes(Uint8Array.of(0xfe), encodeMakerCode(view.maker), new Uint8Array(13));
    case epc.faultStatus:
      return encodeFault(false);
    case epc.makerCode:
      return encodeMakerCode(view.maker);
    case epc.serialNumber:
      return encodeSerialNumber(view.serial);
    case epc.currentTime:
      return encodeTimeOfDay(view.atMs);
    case epc.currentDate:
      return encodeDate(view.atMs);
    case epc.announceMap:
      return encodePropertyMap(announceMap);
    case epc.setMap:
      return encodePropertyMap(setMap(view.generation));
    case epc.getMap:
      return encodePropertyMap(view.getMap);
    case epc.routeBId:
      return encodeRouteBId({ makerCode: view.maker, free: '000000000000000000000001' });
    case epc.coefficient:
      return view.coefficient === undefined ? undefined : encodeCoefficient(view.coefficient);
    case epc.digits:
      return encodeDigits(view.digits);
    case epc.energyUnit:
      return Uint8Array.of(view.unit);
    case epc.power:
      return encodePower(view.watts);
    case epc.currents:
      return encodeCurrents(view.currents.r, view.currents.t);
  }
  return energyEdt(view, code);
}

function energyEdt(view: MeterView, code: number): Uint8Array | undefined {
  switch (code) {
    case epc.importEnergy:
      return encodeCounter(view.registersAt(view.atMs).normal);
    case epc.exportEnergy:
      return encodeCounter(view.registersAt(view.atMs).reverse);
    case epc.oneMinuteEnergy: {
      const atMs = view.atMs - (view.atMs % MINUTE_MS);
      return encodeOneMinuteEnergy({ atMs, ...view.registersAt(atMs) });
    }
    case epc.importAtMark:
      return fixedTime(view, 'normal');
    case epc.exportAtMark:
      return fixedTime(view, 'reverse');
    case epc.importHistory:
      return dayHistory(view, 'normal');
    case epc.exportHistory:
      return dayHistory(view, 'reverse');
    case epc.historyDay:
      return encodeHistoryDay(view.historyDay);
    case epc.history2:
      return slotHistory(view, history2, view.slots2);
    case epc.history2Request:
      return encodeSlotRequest(history2, view.slots2);
    case epc.history3:
      return slotHistory(view, history3, view.slots3);
    case epc.history3Request:
      return encodeSlotRequest(history3, view.slots3);
  }
  return undefined;
}

/** The same property saying "no data"; undefined for one that cannot. */
export function noDataEdt(code: number, edt: Uint8Array): Uint8Array | undefined {
  const counter = [0xff, 0xff, 0xff, 0xfe];
  switch (code) {
    case epc.power:
      return Uint8Array.of(0x7f, 0xff, 0xff, 0xfe);
    case epc.currents:
      return Uint8Array.of(0x7f, 0xfe, 0x7f, 0xfe);
    case epc.importEnergy:
    case epc.exportEnergy:
      return Uint8Array.from(counter);
    case epc.importAtMark:
    case epc.exportAtMark:
      return Uint8Array.of(...edt.subarray(0, 7), ...counter);
    case epc.oneMinuteEnergy:
      return Uint8Array.of(...edt.subarray(0, 7), ...counter, ...counter);
  }
  return undefined;
}
