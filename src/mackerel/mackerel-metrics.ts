import { measuredIn, quantities } from '../model/quantity.ts';
import type { Quantity, QuantityKey } from '../model/quantity.ts';
import type { Reading, ReadingJson } from '../model/reading.ts';

/** A graph as a plugin of the Mackerel agent defines it. */
export interface MackerelGraph {
  readonly label: string;
  readonly unit: 'integer' | 'float';
  readonly metrics: readonly { readonly name: string; readonly label: string; readonly stacked: boolean }[];
}

/** mackerel-plugin-smartmeter's graphs of power and current, word for word. Mackerel shows the labels as they are. */
const GRAPHS = {
  power: { label: 'Electric power consumption [W]', unit: 'integer', stacked: false },
  current: { label: 'Electric current [A]', unit: 'integer', stacked: true },
  energy: { label: 'Electric energy [kWh]', unit: 'float', stacked: false },
} as const satisfies Record<Quantity['family'], object>;
/** The same, for its metrics; others have their own names. */
const LABELS: Partial<Record<QuantityKey, string>> = {
  power: 'Electric power',
  current_r: 'R-phase current',
  current_t: 'T-phase current',
};

export const DEFAULT_PREFIX = 'smartmeter';

/** Below the prefix: a graph and, in it, a metric. */
const nameOf = ({ family, part = 'value' }: Quantity): string => `${family}.${part}`;

/** Graphs by name, for one key prefix. */
export const mackerelGraphs = (prefix: string): Readonly<Record<string, MackerelGraph>> =>
  Object.fromEntries(
    Object.entries(GRAPHS).map(([family, { label, unit, stacked }]) => {
      const metrics = quantities
        .filter((quantity) => quantity.family === family)
        .map(({ key, part = 'value', name }) => ({ name: part, label: LABELS[key] ?? name.en, stacked }));
      return [`${prefix}.${family}`, { label, unit, metrics }];
    }),
  );

/** One meter has the plain prefix, as it always had; of several, each has its own. */
export const mackerelPrefix = (prefix: string, meter: string, meters: number): string =>
  meters > 1 ? `${prefix}.${meter}` : prefix;

/** What an answer holds, by metric name below the prefix: W, A, kWh. */
export const mackerelValues = (reading: Reading): readonly (readonly [name: string, value: number])[] =>
  measuredIn(reading)
    .filter(([, value]) => Number.isFinite(value))
    .map(([quantity, value]) => [nameOf(quantity), value]);

/** As Go's `%d` and `%f` print them: whole numbers without decimals, others with six. */
const numberText = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(6));

/** `smartmeter.power.value<TAB>742<TAB>1584861299`, a line for each value that the answers hold, each with its own time. */
export const mackerelLines = (answers: readonly ReadingJson[], prefix: string = DEFAULT_PREFIX): string =>
  answers
    .flatMap((answer) => {
      const epochS = Math.floor(Date.parse(answer.time) / 1000);
      return quantities.flatMap((quantity) => {
        const value = answer[quantity.key];
        return value === undefined ? [] : [`${prefix}.${nameOf(quantity)}\t${numberText(value)}\t${epochS}\n`];
      });
    })
    .join('');
