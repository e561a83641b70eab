import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { entityRows } from './entity-rows.ts';

const root = new URL('../../../', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8');
const words = { en: ['enabled', 'disabled'], ja: ['有効', '無効'] } as const;

describe.each([
  ['en', 'docs/home-assistant.md', 2],
  ['ja', 'docs/ja/home-assistant.md', 3],
] as const)('the page for a person at home (%s)', (language, page, column) => {
  const text = read(page);

  test('its entities are those we announce, in order, by their names and as they begin', () => {
    const [enabled, disabled] = words[language];
    const rows = [...text.matchAll(/^\| (`\w+`) +\| ([^|]*?) +\| [^|]*\| ([^|]*?) +\|$/gm)].map((row) => row.slice(1));
    expect(rows).toEqual(entityRows().map((row) => [row[0], row[column], row[9] === 'yes' ? enabled : disabled]));
  });

  test('the energy dashboard is at most twelve steps away', () => {
    const [, way = ''] = text.split('\n## ', 2);
    const steps = [...way.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(steps).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  test('its pictures are there, said in words, and small', () => {
    for (const [, alt = '', target = ''] of text.matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)) {
      const file = new URL(target, new URL(page, root));
      expect(alt.length).toBeGreaterThan(10);
      expect(existsSync(file), target).toBe(true);
      expect(statSync(file).size, target).toBeLessThan(150_000);
    }
  });
});
