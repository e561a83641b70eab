import { DAY_MS, HALF_HOUR_MS, JST_MS } from '../../kernel/clock.ts';
import { appliancesOf, SLOTS_PER_DAY, SLOTS_PER_MINUTE } from './appliances.ts';
import { sunOf } from './sun.ts';

/** Energy that passed the meter, Wh, by direction. */
interface Energy {
  readonly importWh: number;
  readonly exportWh: number;
}

interface Segment {
  readonly fromMs: number;
  /** A fixed power; undefined follows the profile. */
  readonly watts: number | undefined;
  /** Energy at `fromMs`. */
  readonly base: Energy;
}

/** Power is constant for so long. */
const SLOT_MS = 60_000 / SLOTS_PER_MINUTE;
const HOUR_MS = 3_600_000;
const SLOTS_PER_HALF_HOUR = HALF_HOUR_MS / SLOT_MS;
const NO_ENERGY: Energy = { importWh: 0, exportWh: 0 };
/** Days that are kept slot by slot; of all others the energy by the half hour. */
const DAYS_IN_SLOTS = 2;
/** How much of a fixed load hangs on R. */
const R_SHARE = 0.62;

const plus = (a: Energy, b: Energy, sign: 1 | -1 = 1): Energy => ({
  importWh: a.importWh + sign * b.importWh,
  exportWh: a.exportWh + sign * b.exportWh,
});

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
class HouseDay {
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

/**
 * A household's power, W, constant within slots of 10 s, and its exact integral. A function of time and seed
 * alone: the past and the future can be asked for in any order, and registers always agree with the power shown.
 */
export class LoadProfile {
  readonly #seed: number;
  readonly #solar: boolean;
  /** Day number → the house slot by slot: the newest asked for. */
  readonly #houses = new Map<number, HouseDay>();
  /** Day number → energy at each half hour since that day's midnight: 49 pairs. */
  readonly #days = new Map<number, readonly Energy[]>();
  /** Day number → energy at its midnight since that of the first day asked for. */
  readonly #midnights = new Map<number, Energy>();

  constructor(seed: number, solar: boolean) {
    this.#seed = seed;
    this.#solar = solar;
  }

  /** Net power, W: negative while the sun gives more than the house takes. */
  wattsAt(atMs: number): number {
    const { r, t } = this.phasesAt(atMs);
    return r + t;
  }

  /** The same by phase. */
  phasesAt(atMs: number): PhaseWatts {
    const day = Math.floor((atMs + JST_MS) / DAY_MS);
    return this.#house(day).at(Math.floor((atMs + JST_MS - day * DAY_MS) / SLOT_MS));
  }

  /** Energy since an arbitrary but fixed midnight; negative before it. */
  energyAt(atMs: number): Energy {
    const day = Math.floor((atMs + JST_MS) / DAY_MS);
    const intoDay = atMs + JST_MS - day * DAY_MS;
    const half = Math.floor(intoDay / HALF_HOUR_MS);
    const today = this.#day(day)[half] ?? NO_ENERGY;
    const rest = this.#sum(day, half, intoDay);
    return plus(plus(this.#midnight(day), today), rest);
  }

  #midnight(day: number): Energy {
    const known = this.#midnights.get(day);
    if (known) return known;
    const anchor = this.#midnights.keys().next().value ?? day;
    let energy = NO_ENERGY;
    for (let d = Math.min(day, anchor); d < Math.max(day, anchor); d++) {
      energy = plus(energy, this.#day(d)[48] ?? NO_ENERGY, day > anchor ? 1 : -1);
    }
    this.#midnights.set(day, energy);
    return energy;
  }

  #day(day: number): readonly Energy[] {
    const known = this.#days.get(day);
    if (known) return known;
    let sum = NO_ENERGY;
    const halves = [sum];
    for (let half = 0; half < 48; half++) {
      sum = plus(sum, this.#sum(day, half, (half + 1) * HALF_HOUR_MS));
      halves.push(sum);
    }
    this.#days.set(day, halves);
    return halves;
  }

  #house(day: number): HouseDay {
    const known = this.#houses.get(day);
    if (known) return known;
    const house = new HouseDay(this.#seed, day, this.#solar);
    this.#houses.set(day, house);
    for (const old of [...this.#houses.keys()].slice(0, -DAYS_IN_SLOTS)) this.#houses.delete(old);
    return house;
  }

  /** From the beginning of a half hour to any moment of it, ms since midnight. */
  #sum(day: number, half: number, untilMs: number): Energy {
    const first = half * SLOTS_PER_HALF_HOUR;
    if (untilMs <= first * SLOT_MS) return NO_ENERGY;
    const house = this.#house(day);
    let [importWh, exportWh] = [0, 0];
    for (let slot = first; slot < SLOTS_PER_DAY; slot++) {
      const ms = Math.min(untilMs - slot * SLOT_MS, SLOT_MS);
      if (ms <= 0) break;
      const wh = (house.wattsAt(slot) * ms) / HOUR_MS;
      if (wh >= 0) importWh += wh;
      else exportWh -= wh;
    }
    return { importWh, exportWh };
  }
}

/** The house's load: the profile, with stretches of fixed power where a test or a demo wants one. Registers integrate both. */
export class Load {
  readonly #profile: LoadProfile;
  readonly #segments: Segment[] = [];

  constructor(profile: LoadProfile) {
    this.#profile = profile;
  }

  /** From `atMs` on; undefined goes back to the profile. Moments are given in rising order. */
  setPower(atMs: number, watts: number | undefined): void {
    this.#segments.push({ fromMs: atMs, watts, base: this.energyAt(atMs) });
  }

  wattsAt(atMs: number): number {
    return this.#segmentAt(atMs)?.watts ?? this.#profile.wattsAt(atMs);
  }

  /** The same by phase; what is fixed hangs on both. */
  phasesAt(atMs: number): PhaseWatts {
    const fixed = this.#segmentAt(atMs)?.watts;
    if (fixed === undefined) return this.#profile.phasesAt(atMs);
    return { r: fixed * R_SHARE, t: fixed * (1 - R_SHARE) };
  }

  energyAt(atMs: number): Energy {
    const segment = this.#segmentAt(atMs);
    if (!segment) return this.#profile.energyAt(atMs);
    const { base, watts, fromMs } = segment;
    if (watts !== undefined) {
      const wh = (watts * (atMs - fromMs)) / HOUR_MS;
      return plus(base, { importWh: Math.max(wh, 0), exportWh: Math.max(-wh, 0) });
    }
    return plus(plus(base, this.#profile.energyAt(atMs)), this.#profile.energyAt(fromMs), -1);
  }

  #segmentAt(atMs: number): Segment | undefined {
    return this.#segments.findLast(({ fromMs }) => fromMs <= atMs);
  }
}
