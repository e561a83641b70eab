import type { Deadline } from '../kernel/deadlines.ts';
import { marksOf } from '../model/health.ts';
import { instants, measuredIn, registers } from '../model/quantity.ts';
import type { EnergyScale, HalfHour, MeterProfile, Reading } from '../model/reading.ts';
import type { MeterSettings } from '../model/settings.ts';
import { energyDecimals, energyPayload, halfHourPayload, instantPayload } from './mqtt-payloads.ts';
import type { ContractState } from './mqtt-payloads.ts';
import { expireAfterS } from './mqtt-topics.ts';
import type { Topics } from './mqtt-topics.ts';
import type { StateDeps } from './paced-topic.ts';

/** A value with the monotonic time it arrived. */
interface Seen<T> {
  readonly value: T;
  readonly atMs: number;
}

type MeterPart = Pick<MeterSettings, 'intervalS' | 'energyIntervalS' | 'contractAmpere'>;
type StateTopics = Pick<Topics, 'instant' | 'energy' | 'halfHour'>;
/** Payloads to publish, in this order; undefined where there is nothing new. */
type News = { readonly [state in keyof StateTopics]?: string | undefined };

const UNCHANGED_MS = 300_000;
const ENERGY_FIELDS = [...registers.map(({ field }) => field), 'fault'] as const;
const isInstant = (reading: Reading): boolean => measuredIn(reading, instants).length > 0;

export interface OverContract {
  readonly on: boolean;
  /** Successive answers at or above the contract current. */
  readonly above: number;
}
export const NOT_OVER: OverContract = { on: false, above: 0 };

/** On at ≥ 100 % in two successive answers, off below 90 %: one oven switching must not flap an automation. */
export function overContractStep(state: OverContract, usage: number): OverContract {
  const above = usage >= 1 ? state.above + 1 : 0;
  return { on: state.on ? usage >= 0.9 : above >= 2, above };
}

/**
 * Both 100 V legs count towards an ampere contract; a leg that feeds back does not free the other one.
 * @returns undefined when a leg's current is unknown.
 */
export function usedAmpere(reading: Reading, hasTPhase: boolean): number | undefined {
  if (reading.currentRA === undefined) return undefined;
  if (hasTPhase && reading.currentTA === undefined) return undefined;
  return Math.max(0, reading.currentRA) + Math.max(0, reading.currentTA ?? 0);
}

export const contractState = (ampere: number, used: number, over: OverContract): ContractState => ({
  headroomA: ampere - used,
  usagePercent: (100 * used) / ampere,
  over: over.on,
});

/**
 * `state/instant`, `state/energy` and `state/halfhour`: the newest values, each with its age. An answer goes out as it
 * comes, and what passes its mark is taken back at the mark.
 */
export class MeterStates {
  #meter: MeterPart;
  readonly #topics: StateTopics;
  readonly #deps: StateDeps;
  /** When something passes its mark. */
  readonly #mark: Deadline;
  /** An instantaneous value, or a register, older than this is no longer current. */
  #marks: ReturnType<typeof marksOf>;
  /** The longest effective interval so far. */
  #slowestS = 0;
  #hasTPhase = false;
  #scale: EnergyScale | undefined;
  #over = NOT_OVER;
  #contract: ContractState | undefined;
  /** What `state/instant` shows: nothing but a time once the values passed their mark. */
  #instant: Seen<Reading> | undefined;
  readonly #registers = new Map<(typeof ENERGY_FIELDS)[number], Seen<number | boolean>>();
  #newestAtMs = 0;
  #energyAtMs: number | undefined;
  #energySent: Seen<string> | undefined;
  /** The newest half-hour mark and the one before it. */
  #marked: { readonly newest: HalfHour; readonly before: HalfHour | undefined; readonly payload: string } | undefined;

  constructor(meter: MeterPart, topics: StateTopics, deps: StateDeps) {
    this.#meter = meter;
    this.#topics = topics;
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
    this.#slowestS = Math.max(this.#slowestS, intervalS);
    this.#marks = marksOf(intervalS, this.#meter.energyIntervalS);
    this.age();
  }

  /** Another interval was asked for; the pace that comes of it is told besides. */
  interval(intervalS: number): void {
    this.#meter = { ...this.#meter, intervalS };
    this.#slowestS = 0;
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

  /** @param known the mark before it; the one told last serves where it is not given */
  acceptHalfHour(mark: HalfHour, known?: HalfHour): void {
    const last = this.#marked;
    const before = known ?? (last?.newest.markMs === mark.markMs ? last.before : last?.newest); // a mark can come in two halves
    const payload = halfHourPayload(mark, before, this.decimals);
    this.#marked = { newest: mark, before, payload };
    this.#publish({ halfHour: payload });
  }

  /** Takes back what passed its mark, and comes back at the next one. */
  age(): void {
    this.#publish(this.#takeBack(this.#deps.clock.monotonicMs()));
  }

  /** Everything, for a broker that knows nothing or something old. */
  publish(): void {
    this.#takeBack(this.#deps.clock.monotonicMs());
    this.#publish({
      halfHour: this.#marked?.payload,
      energy: this.#energyPayload(),
      instant: this.#instantPayload(),
    });
  }

  /** `state/instant` once more, for who may not have received it. */
  publishInstant(): void {
    const { energy } = this.#takeBack(this.#deps.clock.monotonicMs());
    this.#publish({ energy, instant: this.#instantPayload() });
  }

  #publish(news: News): void {
    const { clock, send } = this.#deps;
    // an old one sent to a new subscriber would look current
    const expiryS = expireAfterS(this.#meter.intervalS, this.#slowestS);
    for (const [state, payload] of Object.entries(news) as [keyof News, string | undefined][]) {
      if (payload === undefined) continue;
      const message = { topic: this.#topics[state], payload, retain: true };
      send(state === 'instant' ? { ...message, qos: 0, expiryS } : { ...message, qos: 1 });
    }
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
    for (const field of ENERGY_FIELDS) {
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
