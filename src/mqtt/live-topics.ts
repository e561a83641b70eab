import type { Clock } from '../kernel/clock.ts';
import { marksOf } from '../model/health.ts';
import type { MeterProfile, Reading } from '../model/reading.ts';
import type { Deadlines } from '../kernel/deadlines.ts';
import { LiveValues } from './live-values.ts';
import type { LiveNews } from './live-values.ts';
import type { MqttSinkOptions } from './mqtt-sink-options.ts';

export interface LiveDeps {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Publishes; called with or without a connection. */
  readonly sendInstant: (payload: string) => void;
  readonly sendEnergy: (payload: string) => void;
}

/** `state/instant` and `state/energy`: an answer goes out as it comes, and what passes its mark is taken back at the mark. */
export class LiveTopics {
  readonly #deps: LiveDeps;
  readonly #values: LiveValues;
  readonly #energyIntervalS: number | undefined;

  constructor({ intervalS, energyIntervalS, contractAmpere }: MqttSinkOptions['meter'], deps: LiveDeps) {
    this.#deps = deps;
    this.#energyIntervalS = energyIntervalS;
    this.#values = new LiveValues({ contractAmpere, ...marksOf(intervalS, energyIntervalS) });
  }

  /** The meter is asked at another pace: the marks move with it. */
  pace(intervalS: number): void {
    this.#values.pace(marksOf(intervalS, this.#energyIntervalS));
    this.#tell(this.#age());
  }

  get decimals(): number {
    return this.#values.decimals;
  }

  learn({ hasTPhase, energyScale }: MeterProfile): void {
    this.#values.learn(hasTPhase, energyScale);
  }

  take(reading: Reading): void {
    this.#tell(this.#values.take(reading, this.#deps.clock.monotonicMs()));
  }

  /** Everything, for a broker that knows nothing or something old. */
  publish(): void {
    this.#age();
    const energy = this.#values.energy();
    if (energy !== undefined) this.#deps.sendEnergy(energy);
    this.#sayInstant();
  }

  /** `state/instant` once more, for who may not have heard it. */
  publishInstant(): void {
    const { energy } = this.#age();
    if (energy !== undefined) this.#deps.sendEnergy(energy);
    this.#sayInstant();
  }

  #age(): LiveNews {
    return this.#values.age(this.#deps.clock.monotonicMs());
  }

  #sayInstant(): void {
    const instant = this.#values.instant();
    if (instant !== undefined) this.#deps.sendInstant(instant);
  }

  #tell({ instant, energy }: LiveNews): void {
    if (instant !== undefined) this.#deps.sendInstant(instant);
    if (energy !== undefined) this.#deps.sendEnergy(energy);
    const { clock, deadlines } = this.#deps;
    const { nextMarkMs } = this.#values;
    if (nextMarkMs !== undefined) deadlines.in(nextMarkMs - clock.monotonicMs(), 'live', () => this.#tell(this.#age()));
  }
}
