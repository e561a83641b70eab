import { decodeFixedTime, decodeOneMinuteEnergy, toKwh } from '../../src/echonet/energy.ts';
import type { Registers } from '../../src/echonet/energy.ts';
import { decodeDayHistory, decodeSlotHistory, HISTORY2, HISTORY3 } from '../../src/echonet/history.ts';
import { HALF_HOUR_MS, jstMidnight } from '../../src/kernel/clock.ts';
import type { EnergyScale } from '../../src/model/reading.ts';

const DAY_MS = 86_400_000;
/** More than a day of minutes; of half hours the 99 days that a meter remembers, and as many beside. */
const MOST_MINUTES = 2000;
const MOST_MARKS = 10_000;

export type Direction = 'importKwh' | 'exportKwh';

/** A register at a moment of the meter's clock, as it was told. */
interface Told {
  readonly direction: Direction;
  readonly kwh: number;
  /** Which meter told it: they are counted. */
  readonly meter: number;
}

/**
 * What the meter told of its registers at half-hour marks and whole minutes, whatever the property; and which of the meters
 * that hung there one after the other. Whatever is published of the past must be found here.
 */
export class MeterWord {
  /** How many were exchanged. */
  meter = 0;
  /** When the one that hangs there now came, by the meter's clock. */
  hungMs = -Infinity;
  /** A register was set back: from then on what the meter tells of the past may contradict what it told before. */
  isSetBack = false;
  readonly #marks = new Map<number, Told[]>();
  readonly #minutes = new Map<number, Told[]>();
  readonly #scale: EnergyScale;

  constructor(scale: Pick<EnergyScale, 'coefficient' | 'exponent'>) {
    this.#scale = { ...scale, digits: 8 };
  }

  /** Another meter hangs there. */
  exchanged(meterNowMs: number): void {
    this.meter++;
    this.hungMs = meterNowMs;
  }

  told(epc: string, edt: Uint8Array, meterNowMs: number): void {
    if (epc === 'EA' || epc === 'EB') {
      const fixed = decodeFixedTime(edt);
      if (fixed) this.#at(fixed.atMs, epc === 'EA' ? { normal: fixed.raw } : { reverse: fixed.raw });
    } else if (epc === 'D0') {
      const minute = decodeOneMinuteEnergy(edt);
      if (minute?.atMs !== undefined) this.#at(minute.atMs, minute);
    } else if (epc === 'EC' || epc === 'EE') {
      const form = epc === 'EC' ? HISTORY2 : HISTORY3;
      const { atMs, values = [] } = decodeSlotHistory(form, edt) ?? {};
      if (atMs !== undefined)
        for (const [i, registers] of values.entries()) this.#at(atMs - i * form.stepMs, registers);
    } else if (epc === 'E2' || epc === 'E4') {
      const { day, values = [] } = decodeDayHistory(edt) ?? {};
      if (day === undefined) return;
      const midnightMs = jstMidnight(meterNowMs) - day * DAY_MS;
      for (const [i, raw] of values.entries())
        this.#at(midnightMs + i * HALF_HOUR_MS, epc === 'E2' ? { normal: raw } : { reverse: raw });
    }
  }

  /** What the meter that hangs there, or an earlier one, told of a register at that moment. */
  at(atMs: number, direction: Direction): readonly Told[] {
    const told = this.#marks.get(atMs) ?? this.#minutes.get(atMs) ?? [];
    return told.filter((one) => one.direction === direction);
  }

  /** @returns what of these registers was never told by the meter that hangs there now, in words. */
  contradicts(atMs: number, registers: { readonly [Key in Direction]?: number }): string | undefined {
    for (const direction of ['importKwh', 'exportKwh'] as const) {
      const kwh = registers[direction];
      const told = this.at(atMs, direction).filter(({ meter }) => meter === this.meter);
      if (kwh !== undefined && !told.some((one) => one.kwh === kwh))
        return `${direction} ${kwh} was never told, but ${told.map((one) => one.kwh).join(' ') || 'nothing'}`;
    }
    return undefined;
  }

  /** What one meter gained from one mark to another, kWh, by all it ever told of them. */
  gains(fromMs: number, toMs: number, direction: Direction): readonly number[] {
    const from = this.at(fromMs, direction);
    return this.at(toMs, direction).flatMap(({ kwh, meter }) =>
      from.filter((one) => one.meter === meter).map((one) => kwh - one.kwh),
    );
  }

  #at(atMs: number, { normal, reverse }: { readonly [Key in keyof Registers]?: number | undefined }): void {
    const isMark = atMs % HALF_HOUR_MS === 0;
    const [all, most] = isMark ? [this.#marks, MOST_MARKS] : [this.#minutes, MOST_MINUTES];
    const told = all.get(atMs) ?? [];
    for (const [direction, raw] of [
      ['importKwh', normal],
      ['exportKwh', reverse],
    ] as const) {
      if (raw === undefined) continue;
      const kwh = toKwh(raw, this.#scale);
      const isKnown = told.some((one) => one.direction === direction && one.kwh === kwh && one.meter === this.meter);
      if (!isKnown) told.push({ direction, kwh, meter: this.meter });
    }
    all.set(atMs, told);
    if (all.size > most) all.delete(all.keys().next().value as number);
  }
}
