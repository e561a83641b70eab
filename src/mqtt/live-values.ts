import { instants, measuredIn, registers } from '../model/quantity.ts';
import type { EnergyScale, Reading } from '../model/reading.ts';
import { contractState, notOver, overContractStep, usedAmpere } from './contract.ts';
import { energyDecimals, energyPayload, instantPayload } from './mqtt-payloads.ts';
import type { ContractState } from './mqtt-payloads.ts';

/** A value with the monotonic time it arrived. */
interface Seen<T> {
  readonly value: T;
  readonly atMs: number;
}

export interface LiveLimits {
  /** Ampere of the contract, where configured. */
  readonly contractAmpere: number | undefined;
  /** An instantaneous value older than this, ms, is no longer current. */
  readonly instantMs: number;
  /** The same for registers, which are asked for less often. */
  readonly energyMs: number;
}

const UNCHANGED_MS = 300_000;
const energyFields = [...registers.map(({ field }) => field), 'fault'] as const;
const isInstant = (reading: Reading): boolean => measuredIn(reading, instants).length > 0;

/** What to publish; undefined where nothing new is to be said. */
export interface LiveNews {
  readonly instant: string | undefined;
  readonly energy: string | undefined;
}

/** The newest values, each with its age: says what of `state/instant` and `state/energy` an answer, or the time, changes. */
export class LiveValues {
  #limits: LiveLimits;
  #hasTPhase = false;
  #scale: EnergyScale | undefined;
  #over = notOver;
  #contract: ContractState | undefined;
  /** What `state/instant` shows: nothing but a time once the values passed their mark. */
  #instant: Seen<Reading> | undefined;
  readonly #registers = new Map<(typeof energyFields)[number], Seen<number | boolean>>();
  #newestAtMs = 0;
  #energyAtMs: number | undefined;
  #energySent: Seen<string> | undefined;

  constructor(limits: LiveLimits) {
    this.#limits = limits;
  }

  /** Other marks from now on: the meter is asked at another pace. */
  pace(marks: Pick<LiveLimits, 'instantMs' | 'energyMs'>): void {
    this.#limits = { ...this.#limits, ...marks };
  }

  learn(hasTPhase: boolean, scale: EnergyScale | undefined): void {
    this.#hasTPhase = hasTPhase;
    this.#scale = scale;
  }

  get decimals(): number {
    return energyDecimals(this.#scale);
  }

  /** What to publish because of this answer. */
  take(reading: Reading, nowMs: number): LiveNews {
    this.#newestAtMs = reading.atMs;
    if (isInstant(reading)) this.#takeInstant(reading, nowMs);
    const aged = this.age(nowMs);
    const energy = this.#takeEnergy(reading, nowMs) ?? aged.energy;
    return { instant: isInstant(reading) ? this.instant() : aged.instant, energy };
  }

  /** Takes back what passed its mark. @returns what to publish because of that. */
  age(nowMs: number): LiveNews {
    const { instantMs, energyMs } = this.#limits;
    const seen = this.#instant;
    const isInstantOld = seen !== undefined && isInstant(seen.value) && nowMs - seen.atMs > instantMs;
    if (isInstantOld) {
      this.#instant = { value: { atMs: this.#newestAtMs }, atMs: nowMs };
      this.#contract = undefined;
    }
    const old = [...this.#registers].filter(([, { atMs }]) => nowMs - atMs > energyMs);
    for (const [key] of old) this.#registers.delete(key);
    if (old.length > 0) this.#energySent = { value: this.#energyText(0), atMs: nowMs };
    return { instant: isInstantOld ? this.instant() : undefined, energy: old.length > 0 ? this.energy() : undefined };
  }

  /** Monotonic ms when `age` has something to take back; undefined while nothing is shown. */
  get nextMarkMs(): number | undefined {
    const { instantMs, energyMs } = this.#limits;
    const marks = [...this.#registers.values()].map(({ atMs }) => atMs + energyMs);
    if (this.#instant && isInstant(this.#instant.value)) marks.push(this.#instant.atMs + instantMs);
    return marks.length === 0 ? undefined : Math.min(...marks) + 1;
  }

  /** `state/instant` as of the last `take` or `age`; undefined before the first. */
  instant(): string | undefined {
    return this.#instant && instantPayload(this.#instant.value, this.#contract);
  }

  /** `state/energy`, likewise. */
  energy(): string | undefined {
    return this.#energyAtMs === undefined ? undefined : this.#energyText(this.#energyAtMs);
  }

  #takeInstant(reading: Reading, nowMs: number): void {
    this.#instant = { value: reading, atMs: nowMs };
    const ampere = this.#limits.contractAmpere;
    const used = ampere === undefined ? undefined : usedAmpere(reading, this.#hasTPhase);
    this.#contract = undefined;
    if (ampere === undefined || used === undefined) return;
    this.#over = overContractStep(this.#over, used / ampere);
    this.#contract = contractState(ampere, used, this.#over);
  }

  /** Unchanged registers are repeated only every five minutes. */
  #takeEnergy(reading: Reading, nowMs: number): string | undefined {
    let hasNews = false;
    for (const key of energyFields) {
      const value = reading[key];
      if (value === undefined) continue;
      this.#registers.set(key, { value, atMs: nowMs });
      hasNews = true;
    }
    // The first answer of all tells of registers even without any: the broker may keep those of an earlier run.
    if (hasNews || this.#energyAtMs === undefined) this.#energyAtMs = reading.atMs;
    const content = this.#energyText(0);
    if (this.#energySent?.value === content && (!hasNews || nowMs - this.#energySent.atMs < UNCHANGED_MS))
      return undefined;
    this.#energySent = { value: content, atMs: nowMs };
    return this.energy();
  }

  #energyText(atMs: number): string {
    const values = Object.fromEntries([...this.#registers].map(([key, { value }]) => [key, value]));
    return energyPayload({ atMs, ...values }, this.decimals);
  }
}
