import type { Deadline } from '../kernel/deadlines.ts';
import { EPC } from '../echonet/epc.ts';
import { marksOf } from '../model/health.ts';
import type { MeterProfile, MinuteRegisters } from '../model/reading.ts';
import type { MeterSettings } from '../model/settings.ts';
import { minutePayload } from './mqtt-payloads.ts';
import type { RegisterTopicDeps } from './paced-topic.ts';

/** `state/minute`, of meters that have it: taken back when it is as old as a register may be. */
export class MinuteTopic {
  readonly #energyIntervalS: number;
  readonly #deps: RegisterTopicDeps;
  readonly #mark: Deadline;
  #energyMs: number;
  /** Empty before the first of this run. */
  #minute: Partial<MinuteRegisters> | undefined;
  /** Undefined before the meter is known. */
  #isOffered: boolean | undefined;
  /** Monotonic ms when it came. */
  #atMs = 0;

  constructor(
    { intervalS, energyIntervalS }: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>,
    deps: RegisterTopicDeps,
  ) {
    this.#energyIntervalS = energyIntervalS;
    this.#deps = deps;
    this.#mark = deps.deadlines.create();
    this.#energyMs = marksOf(intervalS, energyIntervalS).energyMs;
  }

  pace(intervalS: number): void {
    this.#energyMs = marksOf(intervalS, this.#energyIntervalS).energyMs;
    this.#wait();
  }

  learn({ getMap }: Pick<MeterProfile, 'getMap'>): void {
    this.#isOffered = getMap.includes(EPC.oneMinuteEnergy);
  }

  /** The meter is known, and has no such registers. */
  get isAbsent(): boolean {
    return this.#isOffered === false && this.#minute?.minuteMs === undefined;
  }

  /** The first answer of all, whatever it told: the broker may keep what an earlier run did, be the meter known yet or not. */
  begin(): void {
    if (this.#minute || this.#isOffered === false) return;
    this.#minute = {};
    this.publish();
  }

  accept(minute: MinuteRegisters): void {
    const isNew = JSON.stringify(minute) !== JSON.stringify(this.#minute);
    this.#minute = minute;
    this.#atMs = this.#deps.clock.monotonicMs();
    this.#wait();
    if (isNew) this.publish();
  }

  /** For a broker that knows nothing or something old. Nothing before there is one. */
  publish(): void {
    if (this.#minute && !this.isAbsent) this.#deps.send(minutePayload(this.#minute, this.#deps.decimals()));
  }

  #wait(): void {
    if (this.#minute?.minuteMs === undefined) return;
    this.#mark.in(this.#atMs + this.#energyMs + 1 - this.#deps.clock.monotonicMs(), () => this.#takeBack());
  }

  #takeBack(): void {
    const { minuteMs, ...registers } = this.#minute ?? {};
    if (minuteMs === undefined || Object.keys(registers).length === 0) return;
    this.#minute = { minuteMs };
    this.publish();
  }
}
