import type { State } from '../../test/ha/home-assistant.ts';
import type { Stick } from '../../test/support/stick.ts';

/** How one program fared with one fault; s. */
export interface Fared {
  /** From the end of the fault until Home Assistant shows a value the meter gave after its beginning; null: never. */
  readonly trueAgainS: number | null;
  /** For how long after its beginning an older value stood there as if it were current. */
  readonly oldShownS: number;
}

/** One entity that shows the power of one stick's meter, looked at again and again from the fault on. */
export class Watched {
  readonly #stick: Stick;
  #faultMs = Infinity;
  #overMs = Infinity;
  #lookedMs = 0;
  #oldMs = 0;
  #trueMs: number | undefined;

  constructor(stick: Stick) {
    this.#stick = stick;
  }

  /** @param faultMs when the fault begins, epoch ms */
  begin(faultMs: number, lastsMs: number): void {
    this.#faultMs = this.#lookedMs = faultMs;
    this.#overMs = faultMs + lastsMs;
  }

  get isTrueAgain(): boolean {
    return this.#trueMs !== undefined;
  }

  /** What Home Assistant says now. */
  look(state: State | undefined, nowMs: number): void {
    if (this.isTrueAgain || nowMs <= this.#faultMs) return;
    const saysNumber = state !== undefined && state.state !== '' && Number.isFinite(Number(state.state));
    if (saysNumber && this.#isAfterFault(state)) this.#trueMs = Date.parse(state.last_reported);
    else if (saysNumber) this.#oldMs += nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
  }

  get fared(): Fared {
    const trueAgainS = this.#trueMs === undefined ? null : tenths(Math.max(0, this.#trueMs - this.#overMs));
    return { trueAgainS, oldShownS: tenths(this.#oldMs) };
  }

  /** Said after the meter's first answer since the fault, and what the meter answered since then. */
  #isAfterFault(state: State): boolean {
    const answers = this.#stick.truth().filter(({ epc, atMs }) => epc === 'E7' && atMs > this.#faultMs);
    const saidMs = Date.parse(state.last_reported);
    return answers.some(({ atMs, edt }) => atMs <= saidMs && edt.readInt32BE() === Number(state.state));
  }
}

const tenths = (ms: number): number => Math.round(ms / 100) / 10;
