import { noise } from '../random.ts';

/** Energy that passed the meter, Wh, by direction. */
export interface Energy {
  readonly importWh: number;
  readonly exportWh: number;
}

const SLOT_MS = 10_000;
const HALF_HOUR_MS = 30 * 60_000;
const DAY_MS = 24 * 3_600_000;
const JST_MS = 9 * 3_600_000;
const SLOTS_PER_HALF_HOUR = HALF_HOUR_MS / SLOT_MS;

/** What each noise is for; a stream of its own keeps one from showing in the other. */
const streams = { flicker: 1, appliance: 2, cloud: 3, day: 4 } as const;

const bump = (hour: number, at: number, width: number): number => Math.exp(-(((hour - at) / width) ** 2));

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
    const before = this.#midnight(day);
    const today = this.#day(day)[half] ?? { importWh: 0, exportWh: 0 };
    const rest = this.#sum(atMs - intoDay + half * HALF_HOUR_MS, atMs);
    return {
      importWh: before.importWh + today.importWh + rest.importWh,
      exportWh: before.exportWh + today.exportWh + rest.exportWh,
    };
  }

  #midnight(day: number): Energy {
    const known = this.#midnights.get(day);
    if (known) return known;
    const anchor = this.#midnights.keys().next().value;
    let energy: Energy = { importWh: 0, exportWh: 0 };
    if (anchor !== undefined) {
      const sign = day > anchor ? 1 : -1;
      let { importWh, exportWh } = energy;
      for (let d = Math.min(day, anchor); d < Math.max(day, anchor); d++) {
        const total = this.#day(d)[48] ?? energy;
        importWh += sign * total.importWh;
        exportWh += sign * total.exportWh;
      }
      energy = { importWh, exportWh };
    }
    this.#midnights.set(day, energy);
    return energy;
  }

  #day(day: number): readonly Energy[] {
    const known = this.#days.get(day);
    if (known) return known;
    const start = day * DAY_MS - JST_MS;
    let sum: Energy = { importWh: 0, exportWh: 0 };
    const halves = [sum];
    for (let half = 0; half < 48; half++) {
      const part = this.#sum(start + half * HALF_HOUR_MS, start + (half + 1) * HALF_HOUR_MS);
      sum = { importWh: sum.importWh + part.importWh, exportWh: sum.exportWh + part.exportWh };
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
      const wh = (this.#slotWatts(slot) * ms) / 3_600_000;
      if (wh >= 0) importWh += wh;
      else exportWh -= wh;
    }
    return { importWh, exportWh };
  }

  #slotWatts(slot: number): number {
    const jst = slot * SLOT_MS + JST_MS;
    const day = Math.floor(jst / DAY_MS);
    const hour = (jst - day * DAY_MS) / 3_600_000;
    const flicker = 0.92 + 0.16 * noise(this.#seed, streams.flicker, slot);
    const waking = 420 * bump(hour, 7.2, 1.1) + 150 * bump(hour, 12.3, 1) + 950 * bump(hour, 19.8, 2.4);
    const tenMinutes = Math.floor(slot / 60);
    const kettle = noise(this.#seed, streams.appliance, tenMinutes) < (hour > 6 && hour < 23 ? 0.07 : 0.01) ? 1100 : 0;
    const taken = (210 + waking) * (0.85 + 0.3 * noise(this.#seed, streams.day, day)) * flicker + kettle;
    return Math.round(taken - (this.#solar ? this.#sunWatts(hour, slot) : 0));
  }

  /** A roof of some 4 kW; clouds for five minutes at a time take up to a third. */
  #sunWatts(hour: number, slot: number): number {
    const height = Math.sin((Math.PI * (hour - 6)) / 12);
    if (height <= 0) return 0;
    const cloud = 0.67 + 0.33 * noise(this.#seed, streams.cloud, Math.floor(slot / 30));
    return 4000 * height ** 1.3 * cloud;
  }
}
