import { measuredKeys } from '../model/reading-json.ts';
import type { ReadingJson } from '../model/reading-json.ts';

/** mackerel-plugin-smartmeter's own three names, and the registers beside them. */
const names = {
  power: 'power.value',
  current_r: 'current.r',
  current_t: 'current.t',
  import: 'energy.import',
  export: 'energy.export',
} as const satisfies Record<(typeof measuredKeys)[number], string>;

export const DEFAULT_PREFIX = 'smartmeter';

/** As Go's `%d` and `%f` print them: whole numbers without decimals, others with six. */
const numberText = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(6));

/** `smartmeter.power.value<TAB>742<TAB>1584861299`, a line for each value that the answers hold, each with its own time. */
export const mackerelLines = (answers: readonly ReadingJson[], prefix: string = DEFAULT_PREFIX): string =>
  answers
    .flatMap((answer) => {
      const epochS = Math.floor(Date.parse(answer.time) / 1000);
      return measuredKeys.flatMap((key) => {
        const value = answer[key];
        return value === undefined ? [] : [`${prefix}.${names[key]}\t${numberText(value)}\t${epochS}\n`];
      });
    })
    .join('');
