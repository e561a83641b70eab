import type { Reading } from '../model/reading.ts';

/** A graph as a plugin of the Mackerel agent defines it. */
export interface MackerelGraph {
  readonly label: string;
  readonly unit: 'integer' | 'float';
  readonly metrics: readonly { readonly name: string; readonly label: string; readonly stacked: boolean }[];
}

/** The two graphs of mackerel-plugin-smartmeter, word for word, and ours for the registers. Mackerel shows the labels as they are. */
const graphs = {
  power: {
    label: 'Electric power consumption [W]',
    unit: 'integer',
    metrics: [{ name: 'value', label: 'Electric power', stacked: false }],
  },
  current: {
    label: 'Electric current [A]',
    unit: 'integer',
    metrics: [
      { name: 'r', label: 'R-phase current', stacked: true },
      { name: 't', label: 'T-phase current', stacked: true },
    ],
  },
  energy: {
    label: 'Electric energy [kWh]',
    unit: 'float',
    metrics: [
      { name: 'import', label: 'Energy import', stacked: false },
      { name: 'export', label: 'Energy export', stacked: false },
    ],
  },
} as const satisfies Record<string, MackerelGraph>;

/** Graphs by name, for one key prefix. */
export const mackerelGraphs = (prefix: string): Readonly<Record<string, MackerelGraph>> =>
  Object.fromEntries(Object.entries(graphs).map(([name, graph]) => [`${prefix}.${name}`, graph]));

/** One meter has the plain prefix, as it always had; of several, each has its own. */
export const mackerelPrefix = (prefix: string, meter: string, meters: number): string =>
  meters > 1 ? `${prefix}.${meter}` : prefix;

/** What an answer holds, by metric name below the prefix: W, A, kWh. */
export function mackerelValues(reading: Reading): readonly (readonly [name: string, value: number])[] {
  const all = [
    ['power.value', reading.powerW],
    ['current.r', reading.currentRA],
    ['current.t', reading.currentTA],
    ['energy.import', reading.importKwh],
    ['energy.export', reading.exportKwh],
  ] as const;
  return all.flatMap(([name, value]) => (value === undefined || !Number.isFinite(value) ? [] : [[name, value]]));
}
