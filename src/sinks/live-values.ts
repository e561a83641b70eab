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
const isInstant = (r: Reading): boolean =>
  r.powerW !== undefined || r.currentRA !== undefined || r.currentTA !== undefined;

/** The newest values, each with its age: says what of `state/instant` and `state/energy` a new answer changes. */
export class LiveValues {
  readonly #limits: LiveLimits;
  #hasTPhase = false;
  #scale: EnergyScale | undefined;
  #over = notOver;
  #contract: ContractState | undefined;
  #instant: Seen<Reading> | undefined;
  #import: Seen<number> | undefined;
  #export: Seen<number> | undefined;
  #fault: Seen<boolean> | undefined;
  #energyAtMs: number | undefined;
  #energySent: Seen<string> | undefined;

  constructor(limits: LiveLimits) {
    this.#limits = limits;
  }

  learn(hasTPhase: boolean, scale: EnergyScale | undefined): void {
    this.#hasTPhase = hasTPhase;
    this.#scale = scale;
  }

  get decimals(): number {
    return energyDecimals(this.#scale);
  }

  /** What to publish because of this answer; undefined where nothing new is to be said. */
  take(reading: Reading, nowMs: number): { readonly instant: string | undefined; readonly energy: string | undefined } {
    return { instant: this.#takeInstant(reading, nowMs), energy: this.#takeEnergy(reading, nowMs) };
  }

  /** `state/instant` while its values are current. */
  instant(nowMs: number): string | undefined {
    return this.#instant && nowMs - this.#instant.atMs <= this.#limits.instantMs
      ? instantPayload(this.#instant.value, this.#contract)
      : undefined;
  }

  /** `state/energy` with what is current of it: the broker may still keep what no longer is. Undefined before the first. */
  energy(nowMs: number): string | undefined {
    return this.#energyAtMs === undefined ? undefined : this.#energyText(nowMs);
  }

  #takeInstant(reading: Reading, nowMs: number): string | undefined {
    if (!isInstant(reading)) {
      if (!this.#instant || nowMs - this.#instant.atMs <= this.#limits.instantMs) return undefined;
      this.#instant = undefined; // the meter answers, but no longer with these: say so
      return instantPayload({ atMs: reading.atMs }, undefined);
    }
    this.#instant = { value: reading, atMs: nowMs };
    const ampere = this.#limits.contractAmpere;
    const used = ampere === undefined ? undefined : usedAmpere(reading, this.#hasTPhase);
    this.#contract = undefined;
    if (ampere !== undefined && used !== undefined) {
      this.#over = overContractStep(this.#over, used / ampere);
      this.#contract = contractState(ampere, used, this.#over);
    }
    return instantPayload(reading, this.#contract);
  }

  /** Unchanged registers are repeated only every five minutes. */
  #takeEnergy(reading: Reading, nowMs: number): string | undefined {
    if (reading.importKwh !== undefined) this.#import = { value: reading.importKwh, atMs: nowMs };
    if (reading.exportKwh !== undefined) this.#export = { value: reading.exportKwh, atMs: nowMs };
    if (reading.fault !== undefined) this.#fault = { value: reading.fault, atMs: nowMs };
    const news = reading.importKwh !== undefined || reading.exportKwh !== undefined || reading.fault !== undefined;
    // The first answer of all tells of registers even without any: the broker may keep those of an earlier run.
    if (news || this.#energyAtMs === undefined) this.#energyAtMs = reading.atMs;
    const content = this.#energyText(nowMs, 0);
    if (this.#energySent?.value === content && (!news || nowMs - this.#energySent.atMs < UNCHANGED_MS))
      return undefined;
    this.#energySent = { value: content, atMs: nowMs };
    return this.#energyText(nowMs);
  }

  #energyText(nowMs: number, atMs = this.#energyAtMs ?? 0): string {
    const importKwh = this.#current(this.#import, nowMs);
    const exportKwh = this.#current(this.#export, nowMs);
    const fault = this.#current(this.#fault, nowMs);
    return energyPayload(
      {
        atMs,
        ...(importKwh === undefined ? {} : { importKwh }),
        ...(exportKwh === undefined ? {} : { exportKwh }),
        ...(fault === undefined ? {} : { fault }),
      },
      this.decimals,
    );
  }

  #current<T>(seen: Seen<T> | undefined, nowMs: number): T | undefined {
    return seen && nowMs - seen.atMs <= this.#limits.energyMs ? seen.value : undefined;
  }
}
