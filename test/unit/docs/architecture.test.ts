import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERROR_CODES, recoveryOf, BridgeError } from '../../../src/kernel/errors.ts';
import { LINK_PHASES } from '../../../src/model/status.ts';
import { rungs } from '../../../src/supervisor/ladder.ts';

const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const page = read('docs/architecture.md');

test('every folder of src has its row, with its floor', () => {
  const table = /const floors[^{]*\{([^}]*)\}/.exec(read('test/architecture.test.ts'))?.[1] ?? '';
  const floors = [...table.matchAll(/([\w-]+)'?: (\d)/g)].map(([, folder, floor]) => `${floor} ${folder}`);
  const rows = [...page.matchAll(/^\| (\d) +\| `([\w-]+)` +\|/gm)].map(([, floor, folder]) => `${floor} ${folder}`);
  expect(rows).toEqual(floors);
  expect(rows.map((row) => row.slice(2)).sort()).toEqual(readdirSync(new URL('../../../src', import.meta.url)).sort());
});

test('the ladder has the rungs of the code, in order', () => {
  const section = page.slice(page.indexOf('## The supervisor'), page.indexOf('## Who owns'));
  expect([...section.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, rung]) => rung)).toEqual([...rungs]);
});

test.each(['README.md', 'README.ja.md'])('%s explains every link state', (name) => {
  const listed = [...read(name).matchAll(/^\| `(\w+)` +\|/gm)].map(([, word]) => word);
  expect(listed.filter((word) => (LINK_PHASES as readonly (string | undefined)[]).includes(word))).toEqual(
    expect.arrayContaining([...LINK_PHASES]),
  );
});

test.each(['README.md', 'README.ja.md'])('%s names only error codes that exist', (name) => {
  const named = [...read(name).matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, word = '']) => word);
  expect(
    named.filter((word) => !word.startsWith('BROUTE2MQTT_') && !(ERROR_CODES as readonly string[]).includes(word)),
  ).toEqual([]);
});

test('every recovery of the catalogue is explained', () => {
  const used = new Set(ERROR_CODES.map((code) => recoveryOf(new BridgeError(code, ''))));
  for (const recovery of used) expect(read('docs/errors.md')).toMatch(new RegExp(`^\\| ${recovery} `, 'm'));
});
