/** Nearest-rank percentile. @param p 0–1. @throws RangeError without samples. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)];
  if (value === undefined) throw new RangeError('no samples');
  return value;
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/** Median and worst of a few samples. */
export const spread = (samples: readonly number[]): { median: number; max: number } => ({
  median: median(samples),
  max: Math.max(...samples),
});
