import type { Reading } from './reading.ts';
import { isoLocal } from '../kernel/iso-time.ts';

/**
 * One answer of the meter as an object: what `<base>/<id>/readings` carries, without `run` and `seq`. What the answer did
 * not hold is absent: never null, never 0.
 */
export interface ReadingJson {
  readonly meter: string;
  /** When the meter answered, ISO 8601 with offset. */
  readonly time: string;
  /** W, negative while exporting. */
  readonly power?: number;
  /** A, negative while exporting. */
  readonly current_r?: number;
  readonly current_t?: number;
  /** Cumulative kWh bought and sold. */
  readonly import?: number;
  readonly export?: number;
}

const keys = {
  power: 'powerW',
  current_r: 'currentRA',
  current_t: 'currentTA',
  import: 'importKwh',
  export: 'exportKwh',
} as const satisfies Record<string, keyof Reading>;

/** What can be measured, in the order in which it is written. */
export const measuredKeys = Object.keys(keys) as readonly (keyof typeof keys)[];

/** @returns undefined for an answer without a measured value, such as one with the fault status alone. */
export function readingJson(meter: string, reading: Reading): ReadingJson | undefined {
  const values = measuredKeys.flatMap((key) => {
    const value = reading[keys[key]];
    return value === undefined ? [] : [[key, value] as const];
  });
  return values.length === 0 ? undefined : { meter, time: isoLocal(reading.atMs), ...Object.fromEntries(values) };
}
