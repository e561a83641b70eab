/** One line of the table. */
export interface Figure {
  /** What was measured, in words. */
  readonly name: string;
  /** `ms`, `MB`, `frames/s` … */
  readonly unit: string;
  /** What it should be; left out for a figure given for information. */
  readonly target?: Target;
  /** By statistic, in the order they are shown: `{ p50: 0.4, p99: 1.2 }`. */
  readonly measured: Readonly<Record<string, number>>;
  /** How many samples stand behind it. */
  readonly n: number;
}

/** A bound for some of the statistics. */
export interface Target {
  readonly is: 'at most' | 'at least';
  readonly of: Readonly<Record<string, number>>;
}

/** Measures one subject. @param long take the long form where there is one. */
export type Bench = (options: { readonly long: boolean }) => Promise<readonly Figure[]>;

export const atMost = (of: Readonly<Record<string, number>>): Target => ({ is: 'at most', of });
export const atLeast = (of: Readonly<Record<string, number>>): Target => ({ is: 'at least', of });

/** Undefined where nothing is asked. */
export function isMet({ target, measured }: Figure): boolean | undefined {
  if (!target) return undefined;
  return Object.entries(target.of).every(([statistic, bound]) => {
    const value = measured[statistic] ?? Number.NaN;
    return target.is === 'at most' ? value <= bound : value >= bound;
  });
}
