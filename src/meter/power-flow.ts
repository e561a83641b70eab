/** Samples further apart do not tell what flowed between them. */
const LONGEST_GAP_MS = 150_000;
/** A half hour, and the sample before it. */
const KEPT_MS = 31 * 60_000;
const MS_W_PER_KWH = 3.6e9;

interface Sample {
  readonly atMs: number;
  readonly watts: number;
  /** Flowed since the first sample without a gap. */
  readonly kwh: number;
}

/** What flowed in one direction, from the samples of its power. Times are of the monotonic clock. */
export class PowerFlow {
  /** Ascending, without a gap. */
  #samples: Sample[] = [];
  #run = 0;

  /** Another number after each gap: sums of different runs have nothing to do with each other. */
  get run(): number {
    return this.#run;
  }

  /** When the run began. */
  get sinceMs(): number | undefined {
    return this.#samples[0]?.atMs;
  }

  forget(): void {
    this.#samples = [];
    this.#run++;
  }

  add(watts: number, atMs: number): void {
    const last = this.#samples.at(-1);
    if (!last || atMs < last.atMs || atMs - last.atMs > LONGEST_GAP_MS) {
      this.forget();
      this.#samples.push({ atMs, watts, kwh: 0 });
      return;
    }
    const kwh = last.kwh + (((last.watts + watts) / 2) * (atMs - last.atMs)) / MS_W_PER_KWH;
    this.#samples.push({ atMs, watts, kwh });
    while ((this.#samples[1]?.atMs ?? Infinity) < atMs - KEPT_MS) this.#samples.shift();
  }

  /** Flowed in this run until then; the newest sample holds until the next. @returns undefined beyond what is known. */
  sumAt(atMs: number): number | undefined {
    const index = this.#samples.findLastIndex((sample) => sample.atMs <= atMs);
    const [before, after] = [this.#samples[index], this.#samples[index + 1]];
    if (!before) return undefined;
    if (after) return before.kwh + ((after.kwh - before.kwh) * (atMs - before.atMs)) / (after.atMs - before.atMs);
    const heldMs = atMs - before.atMs;
    return heldMs > LONGEST_GAP_MS ? undefined : before.kwh + (before.watts * heldMs) / MS_W_PER_KWH;
  }

  /** kWh; undefined where a part of that time is not known. */
  between(fromMs: number, toMs: number): number | undefined {
    const [from, to] = [this.sumAt(fromMs), this.sumAt(toMs)];
    return from === undefined || to === undefined ? undefined : to - from;
  }
}
