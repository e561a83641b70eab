import { DAY_MS } from '../../kernel/clock.ts';
import { appliancesOf } from './appliances.ts';
import { sunOf } from './sun.ts';

/** Power is constant for so long. */
export const SLOT_MS = 10_000;
export const SLOTS_PER_DAY = DAY_MS / SLOT_MS;

const SLOTS_PER_MINUTE = 60_000 / SLOT_MS;

/** What stands between two minutes of a row. */
function between(row: Float32Array, minute: number): number {
  const index = Math.floor(minute);
  const [before = 0, after = 0] = [row[index], row[index + 1]];
  return before + (after - before) * (minute - index);
}

/** Net power in the two phases of a single-phase three-wire house, W; what needs 200 V takes from both. */
export interface PhaseWatts {
  readonly r: number;
  readonly t: number;
}

/** A house on one day since 1970 in Japan, slot by slot. A function of its arguments alone. */
export class HouseDay {
  readonly #r = new Int16Array(SLOTS_PER_DAY);
  readonly #t = new Int16Array(SLOTS_PER_DAY);

  constructor(seed: number, day: number, solar: boolean) {
    const taken = appliancesOf(seed, day);
    const sun = solar ? sunOf(seed, day) : undefined;
    for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
      const given = sun ? between(sun, slot / SLOTS_PER_MINUTE) / 2 : 0;
      this.#r[slot] = Math.round((taken.r[slot] ?? 0) - given);
      this.#t[slot] = Math.round((taken.t[slot] ?? 0) - given);
    }
  }

  at(slot: number): PhaseWatts {
    return { r: this.#r[slot] ?? 0, t: this.#t[slot] ?? 0 };
  }

  /** Of both phases. */
  wattsAt(slot: number): number {
    return (this.#r[slot] ?? 0) + (this.#t[slot] ?? 0);
  }
}
