import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { leaves } from '../../../src/config/keys.ts';
import { documentedRow } from './config-rows.ts';

const rows = readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

test('every key of the configuration has its row, and no other has', () => {
  const listed = rows.map(([key = '']) => key);
  expect(listed.sort()).toEqual(leaves.map((leaf) => documentedRow(leaf).cells[0] ?? '').sort());
});

test.each(leaves.map((leaf) => documentedRow(leaf)))(
  '$key: type, range, default and variable are the schema’s',
  ({ cells }) => {
    const row = rows.find(([key]) => key === cells[0]) ?? [];
    expect(row.slice(0, cells.length)).toEqual(cells);
    expect(row.slice(cells.length).filter((meaning) => meaning !== '')).toHaveLength(2);
  },
);
