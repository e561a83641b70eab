import type { Clock } from '../../kernel/clock.ts';

/** How far back the course of the power goes. */
export const POWER_SPANS = ['10m', '1h', '24h'] as const;
export type PowerSpan = (typeof POWER_SPANS)[number];

/** When (s since 1970, the mean of the answers' times), and mean, lowest and highest of the step, W. */
export type PowerStep = readonly [epochS: number, meanW: number, minW: number, maxW: number];

/** What `/api/power` tells of a meter. */
export interface PowerAnswer {
  readonly span: PowerSpan;
  readonly step_s: number;
  /** Two points further apart than this have a gap between them. */
  readonly gap_s: number;
  /** Oldest first; a step without an answer is not there. */
  readonly points: readonly PowerStep[];
}

/** 1,380 steps in all: some 100 kB a meter, however often it is asked. */
const LENGTHS: Readonly<Record<PowerSpan, { readonly stepMs: number; readonly steps: number }>> = {
  '10m': { stepMs: 2000, steps: 300 },
  '1h': { stepMs: 10_000, steps: 360 },
  '24h': { stepMs: 120_000, steps: 720 },
};
/** A gap is longer than so many steps, or usual distances between two answers. */
const GAP_STEPS = 2;

/** The answers of one step, by the wall clock: the demo's runs faster than its ages. */
interface Bin {
  readonly at: number;
  readonly firstMs: number;
  count: number;
  /** After the first. */
  sumMs: number;
  sumW: number;
  minW: number;
  maxW: number;
}

/** The course of a meter's power in steps, in memory: each answer counts in the step of each span. */
export class PowerSteps {
  readonly #clock: Clock;
  readonly #bins: Readonly<Record<PowerSpan, Bin[]>> = { '10m': [], '1h': [], '24h': [] };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param atMs by the wall clock, in rising order; default: now */
  add(watts: number, atMs = this.#clock.now()): void {
    for (const span of POWER_SPANS) {
      const { stepMs, steps } = LENGTHS[span];
      const bins = this.#bins[span];
      const at = Math.floor(atMs / stepMs);
      while ((bins.at(-1)?.at ?? at) > at) bins.pop(); // the clock was set back
      const newest = bins.at(-1);
      if (newest?.at === at) count(newest, atMs, watts);
      else bins.push({ at, firstMs: atMs, count: 1, sumMs: 0, sumW: watts, minW: watts, maxW: watts });
      while ((bins[0]?.at ?? at) <= at - steps) bins.shift();
    }
  }

  /**
   * @param intervalS how often power is asked for
   * @param staleAfterMs when a value is no longer current: so long no answer is a gap
   */
  over(span: PowerSpan, intervalS: number, staleAfterMs: number): PowerAnswer {
    const { stepMs, steps } = LENGTHS[span];
    const now = Math.floor(this.#clock.now() / stepMs);
    const points = this.#bins[span]
      .filter(({ at }) => at > now - steps && at <= now)
      .map((bin): PowerStep => {
        const meanMs = bin.firstMs + bin.sumMs / bin.count;
        return [Math.round(meanMs / 100) / 10, Math.round(bin.sumW / bin.count), bin.minW, bin.maxW];
      });
    const stepS = Math.max(stepMs / 1000, intervalS);
    const gapS = Math.max(GAP_STEPS * Math.max(stepS, usualDistance(points)), staleAfterMs / 1000);
    return { span, step_s: stepS, gap_s: Math.ceil(gapS), points };
  }
}

function count(into: Bin, atMs: number, watts: number): void {
  into.count++;
  into.sumMs += atMs - into.firstMs;
  into.sumW += watts;
  into.minW = Math.min(into.minW, watts);
  into.maxW = Math.max(into.maxW, watts);
}

/** The median, s: what a single gap does not change. */
function usualDistance(points: readonly PowerStep[]): number {
  const distances = points.slice(1).map(([at], i) => at - (points[i]?.[0] ?? at));
  return distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
}
