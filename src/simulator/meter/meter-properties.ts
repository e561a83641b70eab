import { concatBytes } from '../../kernel/bytes.ts';
import { DAY_MS, HALF_HOUR_MS, jstMidnight } from '../../kernel/clock.ts';
import {
  encodeCoefficient,
  encodeCounter,
  encodeDigits,
  encodeFixedTime,
  encodeOneMinuteEnergy,
} from '../../echonet/energy.ts';
import type { Registers } from '../../echonet/energy.ts';
import { EPC } from '../../echonet/epc.ts';
import {
  encodeDayHistory,
  encodeHistoryDay,
  encodeSlotHistory,
  encodeSlotRequest,
  HISTORY2,
  HISTORY3,
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
import type { ResolvedOptions } from '../options.ts';

/** What the host has set (E5, ED, EF): which part of the past the histories show. */
export interface HistorySettings {
  readonly day: number | undefined;
  readonly slots2: SlotRequest;
  readonly slots3: SlotRequest;
}

/** What a meter's properties are made of at one moment. Registers are raw, in steps of unit and coefficient. */
export interface MeterView extends Pick<
  ResolvedOptions,
  'generation' | 'maker' | 'serial' | 'unit' | 'coefficient' | 'digits' | 'slotHours' | 'minuteHours'
> {
  readonly atMs: number;
  readonly watts: number;
  /** Tenths of an ampere; undefined where there is no such phase. */
  readonly currents: { readonly r: number; readonly t: number | undefined };
  readonly getMap: readonly number[];
  /** Empty before the meter was there and in the future. */
  readonly registersAt: (atMs: number) => Registers;
  readonly history: HistorySettings;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const ANNOUNCE_MAP = [EPC.operationStatus, EPC.installationPlace, EPC.faultStatus];
export const setMap = (generation: 1 | 2): readonly number[] => [
  EPC.installationPlace,
  EPC.historyDay,
  EPC.history2Request,
  ...(generation === 2 ? [EPC.history3Request] : []),
];

/** What a real release F meter names: everything but D3 unless there is one. */
const RELEASE_F = [
  0x80, 0x81, 0x82, 0x88, 0x8a, 0x8d, 0x97, 0x98, 0x9d, 0x9e, 0x9f, 0xd7, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe7,
  0xe8, 0xea, 0xeb, 0xec, 0xed,
];
const RELEASE_R_TOO = [EPC.routeBId, EPC.oneMinuteEnergy, EPC.history3, EPC.history3Request];

export const defaultGetMap = (generation: 1 | 2, coefficient: number | undefined): readonly number[] => [
  ...RELEASE_F,
  ...(coefficient === undefined ? [] : [EPC.coefficient]),
  ...(generation === 2 ? RELEASE_R_TOO : []),
];

type Direction = keyof Registers;

const counter = (direction: Direction) => (view: MeterView) => encodeCounter(view.registersAt(view.atMs)[direction]);

const atMark = (direction: Direction) => (view: MeterView) => {
  const atMs = view.atMs - (view.atMs % HALF_HOUR_MS);
  return encodeFixedTime({ atMs, raw: view.registersAt(atMs)[direction] });
};

const dayHistory = (direction: Direction) => (view: MeterView) => {
  const { day } = view.history;
  const midnight = jstMidnight(view.atMs) - (day ?? 0) * DAY_MS;
  const values = Array.from({ length: 48 }, (_, i) =>
    day === undefined ? undefined : view.registersAt(midnight + i * HALF_HOUR_MS)[direction],
  );
  return encodeDayHistory({ ...(day === undefined ? {} : { day }), values });
};

function slotHistory(view: MeterView, form: SlotForm, request: SlotRequest, hours: number): Uint8Array {
  const { atMs, count } = request;
  const oldestMs = view.atMs - hours * HOUR_MS;
  const values = Array.from({ length: count }, (_, i) =>
    atMs === undefined || atMs - i * form.stepMs < oldestMs ? {} : view.registersAt(atMs - i * form.stepMs),
  );
  return encodeSlotHistory(form, { ...request, values });
}

function oneMinuteEnergy(view: MeterView): Uint8Array {
  const atMs = view.atMs - (view.atMs % MINUTE_MS);
  return encodeOneMinuteEnergy({ atMs, ...view.registersAt(atMs) });
}

/** EDT of each property of this class, whether or not the map names it; undefined for one this meter does not have. */
const PROPERTIES: Readonly<Record<number, (view: MeterView) => Uint8Array | undefined>> = {
  [EPC.operationStatus]: () => encodeOperationStatus(true),
  [EPC.installationPlace]: () => Uint8Array.of(0x61),
  [EPC.standardVersion]: ({ generation }) =>
    encodeStandardVersion({ release: generation === 2 ? 'R' : 'F', revision: 0 }),
  [EPC.uniqueId]: ({ maker }) => concatBytes(Uint8Array.of(0xfe), encodeMakerCode(maker), new Uint8Array(13)),
  [EPC.faultStatus]: () => encodeFault(false),
  [EPC.makerCode]: ({ maker }) => encodeMakerCode(maker),
  [EPC.serialNumber]: ({ serial }) => encodeSerialNumber(serial),
  [EPC.currentTime]: ({ atMs }) => encodeTimeOfDay(atMs),
  [EPC.currentDate]: ({ atMs }) => encodeDate(atMs),
  [EPC.announceMap]: () => encodePropertyMap(ANNOUNCE_MAP),
  [EPC.setMap]: ({ generation }) => encodePropertyMap(setMap(generation)),
  [EPC.getMap]: ({ getMap }) => encodePropertyMap(getMap),
  [EPC.routeBId]: ({ maker }) => encodeRouteBId({ makerCode: maker, free: '000000000000000000000001' }),
  [EPC.oneMinuteEnergy]: oneMinuteEnergy,
  [EPC.coefficient]: ({ coefficient }) => (coefficient === undefined ? undefined : encodeCoefficient(coefficient)),
  [EPC.digits]: ({ digits }) => encodeDigits(digits),
  [EPC.importEnergy]: counter('normal'),
  [EPC.energyUnit]: ({ unit }) => Uint8Array.of(unit),
  [EPC.importHistory]: dayHistory('normal'),
  [EPC.exportEnergy]: counter('reverse'),
  [EPC.exportHistory]: dayHistory('reverse'),
  [EPC.historyDay]: ({ history }) => encodeHistoryDay(history.day),
  [EPC.power]: ({ watts }) => encodePower(watts),
  [EPC.currents]: ({ currents }) => encodeCurrents(currents.r, currents.t),
  [EPC.importAtMark]: atMark('normal'),
  [EPC.exportAtMark]: atMark('reverse'),
  [EPC.history2]: (view) => slotHistory(view, HISTORY2, view.history.slots2, view.slotHours),
  [EPC.history2Request]: ({ history }) => encodeSlotRequest(HISTORY2, history.slots2),
  [EPC.history3]: (view) => slotHistory(view, HISTORY3, view.history.slots3, view.minuteHours),
  [EPC.history3Request]: ({ history }) => encodeSlotRequest(HISTORY3, history.slots3),
};

export const propertyEdt = (view: MeterView, code: number): Uint8Array | undefined => PROPERTIES[code]?.(view);

const NO_COUNTER = [0xff, 0xff, 0xff, 0xfe];
const DATE_TIME_LENGTH = 7;

/** What stands for "no data" in each property that can say so, behind how many bytes that stay. */
const NO_DATA: Readonly<Record<number, readonly [number, readonly number[]]>> = {
  [EPC.power]: [0, [0x7f, 0xff, 0xff, 0xfe]],
  [EPC.currents]: [0, [0x7f, 0xfe, 0x7f, 0xfe]],
  [EPC.importEnergy]: [0, NO_COUNTER],
  [EPC.exportEnergy]: [0, NO_COUNTER],
  [EPC.importAtMark]: [DATE_TIME_LENGTH, NO_COUNTER],
  [EPC.exportAtMark]: [DATE_TIME_LENGTH, NO_COUNTER],
  [EPC.oneMinuteEnergy]: [DATE_TIME_LENGTH, [...NO_COUNTER, ...NO_COUNTER]],
};

/** The same property saying "no data"; undefined for one that cannot. */
export function noDataEdt(code: number, edt: Uint8Array): Uint8Array | undefined {
  const row = NO_DATA[code];
  return row && Uint8Array.of(...edt.subarray(0, row[0]), ...row[1]);
}
