import { noise } from '../random.ts';

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

const SLOT_MS = 10_000;
const HOUR_MS = 3_600_000;
const HALF_HOUR_MS = HOUR_MS / 2;
const DAY_MS = 24 * HOUR_MS;
const JST_MS = 9 * HOUR_MS;
const SLOTS_PER_HALF_HOUR = HALF_HOUR_MS / SLOT_MS;
const NO_ENERGY: Energy = { importWh: 0, exportWh: 0 };

/** What each noise is for; a stream of its own keeps one from showing in the other. */
const STREAMS = { flicker: 1, appliance: 2, cloud: 3, day: 4 } as const;

const bump = (hour: number, at: number, width: number): number => Math.exp(-(((hour - at) / width) ** 2));

const plus = (a: Energy, b: Energy, sign: 1 | -1 = 1): Energy => ({
  importWh: a.importWh + sign * b.importWh,
  exportWh: a.exportWh + sign * b.exportWh,
});

/**
 * A household's power over the day, W, constant within slots of 10 s, and its exact integral. A function of time and seed
 * alone: the past and the future can be asked for in any order, and registers always agree with the power shown.
 */
export class LoadProfile {
  readonly #seed: number;
  readonly #solar: boolean;
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
    return this.#slotWatts(Math.floor(atMs / SLOT_MS));
  }

  /** Energy since an arbitrary but fixed midnight; negative before it. */
  energyAt(atMs: number): Energy {
    const day = Math.floor((atMs + JST_MS) / DAY_MS);
    const intoDay = atMs + JST_MS - day * DAY_MS;
    const half = Math.floor(intoDay / HALF_HOUR_MS);
    const today = this.#day(day)[half] ?? NO_ENERGY;
    const rest = this.#sum(atMs - intoDay + half * HALF_HOUR_MS, atMs);
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
    const start = day * DAY_MS - JST_MS;
    let sum = NO_ENERGY;
    const halves = [sum];
    for (let half = 0; half < 48; half++) {
      sum = plus(sum, this.#sum(start + half * HALF_HOUR_MS, start + (half + 1) * HALF_HOUR_MS));
      halves.push(sum);
    }
    this.#days.set(day, halves);
    return halves;
  }

  /** From a slot's beginning to any moment at most half an hour later. */
  #sum(fromMs: number, toMs: number): Energy {
    let [importWh, exportWh] = [0, 0];
    const first = Math.floor(fromMs / SLOT_MS);
    for (let slot = first; slot <= first + SLOTS_PER_HALF_HOUR; slot++) {
      const ms = Math.min(toMs, (slot + 1) * SLOT_MS) - slot * SLOT_MS;
      if (ms <= 0) break;
      const wh = (this.#slotWatts(slot) * ms) / HOUR_MS;
      if (wh >= 0) importWh += wh;
      else exportWh -= wh;
    }
    return { importWh, exportWh };
  }

  #slotWatts(slot: number): number {
    const jst = slot * SLOT_MS + JST_MS;
    const day = Math.floor(jst / DAY_MS);
    const hour = (jst - day * DAY_MS) / HOUR_MS;
    const flicker = 0.92 + 0.16 * noise(this.#seed, STREAMS.flicker, slot);
    const waking = 420 * bump(hour, 7.2, 1.1) + 150 * bump(hour, 12.3, 1) + 950 * bump(hour, 19.8, 2.4);
    const tenMinutes = Math.floor(slot / 60);
    const kettle = noise(this.#seed, STREAMS.appliance, tenMinutes) < (hour > 6 && hour < 23 ? 0.07 : 0.01) ? 1100 : 0;
    const taken = (210 + waking) * (0.85 + 0.3 * noise(this.#seed, STREAMS.day, day)) * flicker + kettle;
    return Math.round(taken - (this.#solar ? this.#sunWatts(hour, slot) : 0));
  }

  /** A roof of some 4 kW; clouds for five minutes at a time take up to a third. */
  #sunWatts(hour: number, slot: number): number {
    const height = Math.sin((Math.PI * (hour - 6)) / 12);
    if (height <= 0) return 0;
    const cloud = 0.67 + 0.33 * noise(this.#seed, STREAMS.cloud, Math.floor(slot / 30));
    return 4000 * height ** 1.3 * cloud;
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
