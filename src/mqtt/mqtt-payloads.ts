import { instants, quantities, registers } from '../model/quantity.ts';
import type { Quantity } from '../model/quantity.ts';
import type { EnergyScale, HalfHour, MinuteRegisters, Reading } from '../model/reading.ts';
import type { LinkStatus } from '../model/status.ts';
import type { Usage } from '../model/usage.ts';
import { HALF_HOUR_MS, isoJst, isoLocal } from '../kernel/clock.ts';

/** A key with its value already in JSON; undefined leaves the key out. */
type Field = readonly [key: string, json: string | undefined];

/** Written by hand, because JSON.stringify knows no fixed decimals (7.0 would become 7). */
const objectOf = (fields: readonly Field[]): string =>
  `{${fields.flatMap(([key, json]) => (json === undefined ? [] : [`"${key}":${json}`])).join(',')}}`;

const text = (value: string): string => JSON.stringify(value);
const fixed = (value: number | undefined, decimals: number): string | undefined =>
  value === undefined || !Number.isFinite(value) ? undefined : value.toFixed(decimals);
/** Decimals of a number's shortest form: 4757.5 → 1. */
const decimalsIn = (value: number): number => String(value).split('.')[1]?.length ?? 0;
/** A register with at least `decimals`: its own ones are never rounded away, whatever scale was remembered. */
const register = (kwh: number | undefined, decimals: number): string | undefined =>
  kwh === undefined ? undefined : fixed(kwh, Math.max(decimals, decimalsIn(kwh)));
/** A value of a reading with the decimals it always has. @param decimals of registers */
const measured = ({ field, decimals: own }: Quantity, reading: Reading, decimals: number): string | undefined =>
  own === undefined ? register(reading[field], decimals) : fixed(reading[field], own);
const localOrNull = (ms: number | undefined): string => (ms === undefined ? 'null' : text(isoLocal(ms)));
const jstOrNull = (ms: number | undefined): string => (ms === undefined ? 'null' : text(isoJst(ms)));
const orNull = (json: string | undefined): string => json ?? 'null';
const onOff = (value: boolean | undefined): string => (value === undefined ? 'null' : value ? '"ON"' : '"OFF"');

/** Decimals of an energy register: 0.1 kWh → 1. */
export const energyDecimals = (scale: EnergyScale | undefined): number => Math.max(0, -(scale?.exponent ?? 0));

/** What a contract current makes of a reading. */
export interface ContractState {
  /** contract − (max(0, R) + max(0, T)), A; may be negative. */
  readonly headroomA: number;
  /** Of the contract. */
  readonly usagePercent: number;
  readonly over: boolean;
}

/** `state/instant`: one answer's values; what it did not hold is null, because a missing key warns in Home Assistant. */
export const instantPayload = (reading: Reading, contract: ContractState | undefined): string =>
  objectOf([
    ...instants.map((quantity): Field => [quantity.key, orNull(measured(quantity, reading, 0))]),
    ['headroom', orNull(fixed(contract?.headroomA, 1))],
    ['contract_usage', orNull(fixed(contract?.usagePercent, 0))],
    ['over_contract', onOff(contract?.over)],
    ['time', text(isoLocal(reading.atMs))],
  ]);

/** `state/energy`. */
export const energyPayload = (reading: Reading, decimals: number): string =>
  objectOf([
    ...registers.map((quantity): Field => [quantity.key, orNull(measured(quantity, reading, decimals))]),
    ['fault', onOff(reading.fault)],
    ['time', text(isoLocal(reading.atMs))],
  ]);

/** `history`: registers at a mark of the meter's clock; the direction it has not is left out. */
export const historyPayload = (meter: string, { markMs, importKwh, exportKwh }: HalfHour, decimals: number): string =>
  objectOf([
    ['meter', text(meter)],
    ['time', text(isoJst(markMs))],
    ['import', register(importKwh, decimals)],
    ['export', register(exportKwh, decimals)],
  ]);

/** `history_minutes`, kWh. */
export const minuteHistoryPayload = (
  meter: string,
  { minuteMs: markMs, ...registers }: MinuteRegisters,
  decimals: number,
): string => historyPayload(meter, { markMs, ...registers }, decimals);

/** `state/halfhour`: the slot and its energy only when the neighbouring mark, exactly 30 minutes before, is known too. */
export function halfHourPayload(mark: HalfHour, previous: HalfHour | undefined, decimals: number): string {
  const before = previous && mark.markMs - previous.markMs === HALF_HOUR_MS ? previous : undefined;
  const delta = (now: number | undefined, then: number | undefined): string =>
    orNull(
      now === undefined || then === undefined || now < then
        ? undefined
        : fixed(now - then, Math.max(decimals, decimalsIn(now), decimalsIn(then))),
    );
  return objectOf([
    ['time', text(isoJst(mark.markMs))],
    ['slot_start', jstOrNull(before?.markMs)],
    ['import', orNull(register(mark.importKwh, decimals))],
    ['export', orNull(register(mark.exportKwh, decimals))],
    ['import_delta', delta(mark.importKwh, before?.importKwh)],
    ['export_delta', delta(mark.exportKwh, before?.exportKwh)],
  ]);
}

/** `state/minute`, kWh: `time` is the minute by the meter's own clock; null while none was told. */
export const minutePayload = (minute: Partial<MinuteRegisters>, decimals: number): string =>
  objectOf([
    ['import', orNull(register(minute.importKwh, decimals))],
    ['export', orNull(register(minute.exportKwh, decimals))],
    ['time', jstOrNull(minute.minuteMs)],
  ]);

/** `state/usage`: averages in W, today's energy in kWh; half hours and days are the meter's, in JST. */
export const usagePayload = (usage: Usage, decimals: number): string =>
  objectOf([
    ['demand_now', orNull(fixed(usage.demandNowW, 0))],
    ['demand_forecast', orNull(fixed(usage.demandForecastW, 0))],
    ['demand_30min', orNull(fixed(usage.demand30minW, 0))],
    ['half_hour_start', jstOrNull(usage.halfHourMs)],
    ['demand_peak_today', orNull(fixed(usage.peakToday?.watts, 0))],
    ['demand_peak_today_start', jstOrNull(usage.peakToday?.startMs)],
    ['demand_peak_month', orNull(fixed(usage.peakMonth?.watts, 0))],
    ['demand_peak_month_start', jstOrNull(usage.peakMonth?.startMs)],
    ['import_today', orNull(register(usage.importTodayKwh, decimals))],
    ['export_today', orNull(register(usage.exportTodayKwh, decimals))],
    ['day_start', jstOrNull(usage.dayMs)],
    ['time', text(isoLocal(usage.atMs))],
  ]);

/** What `state/link` says besides the status: whether the meter is there, and how often it is asked, s. */
export interface Presence {
  readonly connected: boolean;
  readonly intervalS: number;
}

/** `state/link`. `time` is when the phase began. */
export const linkPayload = (status: LinkStatus, { connected, intervalS }: Presence): string =>
  objectOf([
    ['state', text(status.phase)],
    ['connected', onOff(connected)],
    ['interval', String(intervalS)],
    ['rssi', orNull(fixed(status.rssiDbm, 0))],
    ['lqi', orNull(fixed(status.lqi, 0))],
    ['signal_time', localOrNull(status.signalAtMs)],
    ['channel', orNull(fixed(status.pan?.channel, 0))],
    ['reconnects', fixed(status.reconnects, 0)],
    ['last_success', localOrNull(status.lastSuccessMs)],
    ['last_error', status.error ? text(status.error.code) : 'null'],
    ['rung', status.rung ? text(status.rung) : 'null'],
    ['time', text(isoLocal(status.sinceMs))],
  ]);

/** `state/price`: yen per kWh. `time` is when it was told. */
export const pricePayload = ({ buy, sell }: { readonly buy?: number; readonly sell?: number }, atMs: number): string =>
  objectOf([
    ['buy', buy === undefined ? undefined : String(buy)],
    ['sell', sell === undefined ? undefined : String(sell)],
    ['time', text(isoLocal(atMs))],
  ]);

/** `state/config`: what can be changed while we run. `time` is when it became so. */
export const configPayload = (intervalS: number, sinceMs: number): string =>
  objectOf([
    ['poll_interval', String(intervalS)],
    ['time', text(isoLocal(sinceMs))],
  ]);

/** Identity of one reading in the stream: the same reading sent twice has the same one. */
export interface ReadingId {
  readonly meter: string;
  /** Counts our starts. */
  readonly run: number;
  /** Counts from 1 within a run, without holes. */
  readonly seq: number;
}

/** `readings`: one answer as one self-contained JSON; what it did not hold is left out, never null or 0. */
export const readingPayload = (id: ReadingId, reading: Reading, decimals: number): string =>
  objectOf([
    ['meter', text(id.meter)],
    ['run', String(id.run)],
    ['seq', String(id.seq)],
    ['time', text(isoLocal(reading.atMs))],
    ...quantities.map((quantity): Field => [quantity.key, measured(quantity, reading, decimals)]),
    ['import_minute', register(reading.minute?.importKwh, decimals)],
    ['export_minute', register(reading.minute?.exportKwh, decimals)],
    ['minute_time', reading.minute && text(isoJst(reading.minute.minuteMs))],
  ]);
