import type { HalfHour } from '../model/reading.ts';
import { halfHourPayload } from './mqtt-payloads.ts';

/** `state/halfhour`: the newest mark, with what came between it and the one before. */
export class HalfHours {
  #newest: HalfHour | undefined;
  #before: HalfHour | undefined;
  #text: string | undefined;

  /** Undefined before the first mark. */
  get text(): string | undefined {
    return this.#text;
  }

  take(mark: HalfHour, decimals: number): string {
    if (this.#newest?.markMs !== mark.markMs) this.#before = this.#newest; // a mark can come in two halves
    this.#newest = mark;
    return (this.#text = halfHourPayload(mark, this.#before, decimals));
  }
}
