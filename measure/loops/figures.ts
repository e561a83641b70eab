import { readdirSync, readFileSync } from 'node:fs';

export interface Spread {
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** Of measured times. @throws RangeError without any. */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.ceil(share * sorted.length) - 1] as number);
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

export interface Footprint {
  readonly descriptors: number;
  readonly rssMb: number;
}

/** What the kernel knows of a process. */
export function footprint(pid: number): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rssMb = (Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024) / 1e6;
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, rssMb };
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

export interface Growth {
  /** Median of the last tenth less that of the second tenth: the first one warms up. */
  readonly descriptors: number;
  readonly rssMb: number;
  readonly mostDescriptors: number;
  readonly mostRssMb: number;
}

export function growth(prints: readonly Footprint[]): Growth {
  const tenth = Math.max(1, Math.floor(prints.length / 10));
  const [early, late] = [prints.slice(tenth, 2 * tenth), prints.slice(-tenth)];
  const grown = (of: (print: Footprint) => number): number => middle(late.map(of)) - middle(early.map(of));
  const most = (of: (print: Footprint) => number): number => Math.max(...prints.map(of));
  const rss = ({ rssMb }: Footprint): number => rssMb;
  const descriptors = (print: Footprint): number => print.descriptors;
  return {
    descriptors: grown(descriptors),
    rssMb: Math.round(grown(rss) * 10) / 10,
    mostDescriptors: most(descriptors),
    mostRssMb: Math.round(most(rss) * 10) / 10,
  };
}
