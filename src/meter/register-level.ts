import type { PowerFlow } from './power-flow.ts';

/** kWh between which a register truly is. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

interface Level extends Bounds {
  readonly atMs: number;
  readonly run: number;
  /** What had flowed in the run. */
  readonly sum: number | undefined;
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/**
 * Where a register stands between two of its steps: a meter that counts 0.1 kWh shows 100.0 from 100.0 to 100.1. What flows
 * between two readings moves both bounds, and each step narrows them.
 */
export class RegisterLevel {
  readonly #flow: PowerFlow;
  #level: Level | undefined;
  #shownKwh = -Infinity;

  /** @param flow what flows into this register */
  constructor(flow: PowerFlow) {
    this.#flow = flow;
  }

  /** Another meter. */
  forget(): void {
    this.#level = undefined;
    this.#shownKwh = -Infinity;
  }

  /** The meter showed this. @param atMs monotonic */
  read(kwh: number, stepKwh: number, atMs: number): void {
    const before = kwh < this.#shownKwh ? undefined : this.at(atMs);
    const most = kwh + stepKwh;
    const low = clamp(before?.low ?? kwh, kwh, most);
    const high = clamp(before?.high ?? most, kwh, most);
    this.#shownKwh = kwh;
    this.#level = { low, high, atMs, run: this.#flow.run, sum: this.#flow.sumAt(atMs) };
  }

  /** @returns undefined when what flowed since the last reading is not known. */
  at(atMs: number): Bounds | undefined {
    const level = this.#level;
    if (!level || level.atMs === atMs) return level;
    const sum = this.#flow.sumAt(atMs);
    if (level.run !== this.#flow.run || level.sum === undefined || sum === undefined) return undefined;
    const flowed = sum - level.sum;
    return { low: level.low + flowed, high: level.high + flowed };
  }
}
