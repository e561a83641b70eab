import type { Clock } from '../kernel/clock.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';
import { marksOf } from '../model/health.ts';
import { instants, measuredIn, registers } from '../model/quantity.ts';
import type { EnergyScale, HalfHour, MeterProfile, Reading } from '../model/reading.ts';
import { contractState, notOver, overContractStep, usedAmpere } from './contract.ts';
import { energyDecimals, energyPayload, halfHourPayload, instantPayload } from './mqtt-payloads.ts';
import type { ContractState } from './mqtt-payloads.ts';
import type { MqttSinkOptions } from './mqtt-sink-options.ts';
import type { Topics } from './mqtt-topics.ts';

/** A value with the monotonic time it arrived. */
interface Seen<T> {
  readonly value: T;
  readonly atMs: number;
}

export interface MeterStatesDeps {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Called with or without a connection. */
  readonly publish: (state: keyof Pick<Topics, 'instant' | 'energy' | 'halfHour'>, payload: string) => void;
}

/** Payloads to publish; undefined where there is nothing new. */
interface News {
  readonly instant: string | undefined;
  readonly energy: string | undefined;
}

const UNCHANGED_MS = 300_000;
const energyFields = [...registers.map(({ field }) => field), 'fault'] as const;
const isInstant = (reading: Reading): boolean => measuredIn(reading, instants).length > 0;

/**
 * `state/instant`, `state/energy` and `state/halfhour`: the newest values, each with its age. An answer goes out as it
 * comes, and what passes its mark is taken back at the mark.
 */
export class MeterStates {
  readonly #meter: MqttSinkOptions['meter'];
  readonly #deps: MeterStatesDeps;
  /** When something passes its mark. */
  readonly #mark: Deadline;
  /** An instantaneous value, or a register, older than this is no longer current. */
  #marks: ReturnType<typeof marksOf>;
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
  /** The newest half-hour mark and the one before it. */
  #marked: { readonly newest: HalfHour; readonly before: HalfHour | undefined; readonly payload: string } | undefined;

  constructor(meter: MqttSinkOptions['meter'], deps: MeterStatesDeps) {
    this.#meter = meter;
    this.#deps = deps;
    this.#mark = deps.deadlines.create();
    this.#marks = marksOf(meter.intervalS, meter.energyIntervalS);
  }

  get decimals(): number {
    return energyDecimals(this.#scale);
  }

  /** Monotonic ms when `age` has something to take back; undefined while nothing is shown. */
  get nextMarkMs(): number | undefined {
    const { instantMs, energyMs } = this.#marks;
    const marks = [...this.#registers.values()].map(({ atMs }) => atMs + energyMs);
    if (this.#instant && isInstant(this.#instant.value)) marks.push(this.#instant.atMs + instantMs);
    return marks.length === 0 ? undefined : Math.min(...marks) + 1;
  }

  /** The meter is asked at another pace: the marks move with it. */
  pace(intervalS: number): void {
    this.#marks = marksOf(intervalS, this.#meter.energyIntervalS);
    this.age();
  }

  learn({ hasTPhase, energyScale }: Pick<MeterProfile, 'hasTPhase' | 'energyScale'>): void {
    this.#hasTPhase = hasTPhase;
    this.#scale = energyScale;
  }

  accept(reading: Reading): void {
    const nowMs = this.#deps.clock.monotonicMs();
    this.#newestAtMs = reading.atMs;
    if (isInstant(reading)) this.#acceptInstant(reading, nowMs);
    const old = this.#takeBack(nowMs);
    const energy = this.#acceptRegisters(reading, nowMs) ?? old.energy;
    this.#publish({ instant: isInstant(reading) ? this.#instantPayload() : old.instant, energy });
  }

  acceptHalfHour(mark: HalfHour): void {
    const last = this.#marked;
    const before = last?.newest.markMs === mark.markMs ? last.before : last?.newest; // a mark can come in two halves
    const payload = halfHourPayload(mark, before, this.decimals);
    this.#marked = { newest: mark, before, payload };
    this.#deps.publish('halfHour', payload);
  }

  /** Takes back what passed its mark, and comes back at the next one. */
  age(): void {
    this.#publish(this.#takeBack(this.#deps.clock.monotonicMs()));
  }

  /** Everything, for a broker that knows nothing or something old. */
  publish(): void {
    if (this.#marked) this.#deps.publish('halfHour', this.#marked.payload);
    this.#takeBack(this.#deps.clock.monotonicMs());
    const energy = this.#energyPayload();
    if (energy !== undefined) this.#deps.publish('energy', energy);
    this.#publishInstant();
  }

  /** `state/instant` once more, for who may not have received it. */
  publishInstant(): void {
    const { energy } = this.#takeBack(this.#deps.clock.monotonicMs());
    if (energy !== undefined) this.#deps.publish('energy', energy);
    this.#publishInstant();
  }

  #publishInstant(): void {
    const instant = this.#instantPayload();
    if (instant !== undefined) this.#deps.publish('instant', instant);
  }

  #publish({ instant, energy }: News): void {
    const { clock, publish } = this.#deps;
    if (instant !== undefined) publish('instant', instant);
    if (energy !== undefined) publish('energy', energy);
    const { nextMarkMs } = this;
    if (nextMarkMs !== undefined) this.#mark.in(nextMarkMs - clock.monotonicMs(), () => this.age());
  }

  #takeBack(nowMs: number): News {
    const { instantMs, energyMs } = this.#marks;
    const seen = this.#instant;
    const isInstantOld = seen !== undefined && isInstant(seen.value) && nowMs - seen.atMs > instantMs;
    if (isInstantOld) {
      this.#instant = { value: { atMs: this.#newestAtMs }, atMs: nowMs };
      this.#contract = undefined;
    }
    const old = [...this.#registers].filter(([, { atMs }]) => nowMs - atMs > energyMs);
    for (const [field] of old) this.#registers.delete(field);
    if (old.length > 0) this.#energySent = { value: this.#energyText(0), atMs: nowMs };
    return {
      instant: isInstantOld ? this.#instantPayload() : undefined,
      energy: old.length > 0 ? this.#energyPayload() : undefined,
    };
  }

  #acceptInstant(reading: Reading, nowMs: number): void {
    this.#instant = { value: reading, atMs: nowMs };
    const ampere = this.#meter.contractAmpere;
    const used = ampere === undefined ? undefined : usedAmpere(reading, this.#hasTPhase);
    this.#contract = undefined;
    if (ampere === undefined || used === undefined) return;
    this.#over = overContractStep(this.#over, used / ampere);
    this.#contract = contractState(ampere, used, this.#over);
  }

  /** Unchanged registers are repeated only every five minutes. @returns what to publish */
  #acceptRegisters(reading: Reading, nowMs: number): string | undefined {
    let hasNews = false;
    for (const field of energyFields) {
      const value = reading[field];
      if (value === undefined) continue;
      this.#registers.set(field, { value, atMs: nowMs });
      hasNews = true;
    }
    // The first answer of all tells of registers even without any: the broker may keep those of an earlier run.
    if (hasNews || this.#energyAtMs === undefined) this.#energyAtMs = reading.atMs;
    const content = this.#energyText(0);
    if (this.#energySent?.value === content && (!hasNews || nowMs - this.#energySent.atMs < UNCHANGED_MS))
      return undefined;
    this.#energySent = { value: content, atMs: nowMs };
    return this.#energyPayload();
  }

  #instantPayload(): string | undefined {
    return this.#instant && instantPayload(this.#instant.value, this.#contract);
  }

  #energyPayload(): string | undefined {
    return this.#energyAtMs === undefined ? undefined : this.#energyText(this.#energyAtMs);
  }

  #energyText(atMs: number): string {
    const values = Object.fromEntries([...this.#registers].map(([field, { value }]) => [field, value]));
    return energyPayload({ atMs, ...values }, this.decimals);
  }
}
