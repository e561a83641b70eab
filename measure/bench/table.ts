import { isMet } from './figure.ts';
import type { Figure } from './figure.ts';
import type { Machine } from './machine.ts';

/** Three digits say all there is to say. */
function shown(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

const listed = (values: Readonly<Record<string, number>>, sign = ''): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${sign}${shown(value)}`)
    .join(', ');

function row(figure: Figure): readonly string[] {
  const { name, unit, target, measured, n } = figure;
  const verdict = { true: 'met', false: 'MISSED', undefined: '' }[String(isMet(figure))] ?? '';
  const wanted = target ? `${listed(target.of, target.is === 'at most' ? '≤ ' : '≥ ')} ${unit}` : 'for information';
  return [name, wanted, `${listed(measured)} ${unit}`, String(n), verdict];
}

/** A Markdown table, readable as it stands. */
export function table(figures: readonly Figure[]): string {
  const rows = [['figure', 'target', 'measured', 'n', ''], ...figures.map(row)];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(3, ...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join('\n');
}

export const machineLine = ({ node, cpu, cores, memoryGB, platform, load, date }: Machine): string =>
  `${date}, node ${node} on ${platform}, ${cpu} × ${cores}, ${memoryGB} GB, load ${load}`;
