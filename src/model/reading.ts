import { isoJst, isoLocal } from '../kernel/clock.ts';
import { measuredIn } from './quantity.ts';
import type { ByQuantity, MeasuredValues } from './quantity.ts';

/**
 * One answer of the meter, decoded. What the answer did not hold, or held as "no data", is absent: never null, never 0.
 * Energy is present only when unit (E1), coefficient (D3) and digits (D7) are known and the energy guard let it pass.
 */
export interface Reading extends MeasuredValues {
  /** Wall clock, ms since 1970, when the answer arrived. */
  readonly atMs: number;
  /** Registers at the last whole minute, of second-generation meters (EPC D0). */
  readonly minute?: MinuteRegisters;
  /** The meter's own fault status (EPC 88). */
  readonly fault?: boolean;
  /** Round trip from the request's last byte to the answer, ms. */
  readonly roundTripMs?: number;
}

/** Registers at a whole minute of the meter's own clock. */
export interface MinuteRegisters {
  /** ms since 1970 (the meter's clock is JST). */
  readonly minuteMs: number;
  readonly importKwh?: number;
  readonly exportKwh?: number;
}

/** It holds a value a database wants. */
export const hasMeasured = (reading: MeasuredValues & Pick<Reading, 'minute'>): boolean =>
  measuredIn(reading).length > 0 || reading.minute !== undefined;

/**
 * One answer of the meter as an object: what `<base>/<id>/readings` carries, without `run` and `seq`. What the answer did
 * not hold is absent: never null, never 0.
 */
export interface ReadingJson extends ByQuantity<number> {
  readonly meter: string;
  /** When the meter answered, ISO 8601 with offset. */
  readonly time: string;
  /** Registers at a whole minute of the meter's clock, where it has them. */
  readonly import_minute?: number;
  readonly export_minute?: number;
  readonly minute_time?: string;
}

/** @returns undefined for an answer without a measured value, such as one with the fault status alone. */
export function readingJson(meter: string, reading: Reading): ReadingJson | undefined {
  const values = measuredIn(reading).map(([{ key }, value]) => [key, value] as const);
  if (!hasMeasured(reading)) return undefined;
  return { meter, time: isoLocal(reading.atMs), ...Object.fromEntries(values), ...minuteJson(reading.minute) };
}

const minuteJson = (
  minute: MinuteRegisters | undefined,
): Pick<ReadingJson, 'import_minute' | 'export_minute' | 'minute_time'> =>
  minute === undefined
    ? {}
    : {
        ...(minute.importKwh === undefined ? {} : { import_minute: minute.importKwh }),
        ...(minute.exportKwh === undefined ? {} : { export_minute: minute.exportKwh }),
        minute_time: isoJst(minute.minuteMs),
      };

/** Registers at a half-hour mark of the meter's own clock (EPC EA/EB). */
export interface HalfHour {
  /** The mark, ms since 1970 (the meter's clock is JST). */
  readonly markMs: number;
  readonly importKwh?: number;
  readonly exportKwh?: number;
}

/** How raw counters become kWh: raw × coefficient × 10^exponent, rolling over at `digits` decimal digits. */
export interface EnergyScale {
  /** EPC D3, 1–999999; 1 when the meter has none. */
  readonly coefficient: number;
  /** EPC E1: 0 = 1 kWh, −1 = 0.1 kWh … −4; 1 = 10 kWh … 4. */
  readonly exponent: number;
  /** EPC D7: 1–8. */
  readonly digits: number;
}

/** What is known of the meter itself, from its property maps and nameplate. Remembered, so that a restart announces all at once. */
export interface MeterProfile {
  /** EPCs of the Get property map (9F), ascending. */
  readonly getMap: readonly number[];
  /** EPC 8A: six hex digits; undefined when not told. */
  readonly makerCode?: string;
  /** EPC 8D. */
  readonly serialNumber?: string;
  /** EPC 82: the release letter of the ECHONET appendix the meter follows. */
  readonly release?: string;
  /** Undefined until E1, D3 (or its absence) and D7 are known: no energy before that. */
  readonly energyScale?: EnergyScale;
  /** A T-phase current was seen at least once. False on single-phase two-wire. */
  readonly hasTPhase: boolean;
  /** The export register (E3) answered with data at least once. */
  readonly hasExport: boolean;
}

/** What the meter’s clock says beside ours. It tells minutes only, so `skewMs` is right to half a minute. */
export interface MeterClock {
  /** Our wall clock, ms since 1970, when the answer arrived. */
  readonly atMs: number;
  /** Meter minus ours, ms: positive when the meter is ahead. Absent: what the meter said is no time. */
  readonly skewMs?: number;
}

/** How often the meter’s clock is asked for, s. */
export const METER_CLOCK_INTERVAL_S = 3600;

/** More than a clock that is being adjusted moves between two questions. */
const JUMP_MS = 30_000;

/**
 * Our clock was set, or the machine slept: a skew measured before says nothing any more.
 * @param beforeMs wall clock minus monotonic clock when it was measured.
 */
export const hasJumped = (beforeMs: number, wallMs: number, monotonicMs: number): boolean =>
  Math.abs(wallMs - monotonicMs - beforeMs) > JUMP_MS;
