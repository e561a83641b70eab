import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const src = join(import.meta.dirname, '../../../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const textOf = (name: string): string => readFileSync(join(src, name), 'utf8');

test('what happened is said in both languages wherever an error of ours is made', () => {
  const inOne = files.filter((name) => /new BridgeError\(\s*[^,()]+,\s*['"`]/.test(textOf(name)));
  // an address or a name, and what the system or Home Assistant says: nothing in it is ours
  expect(inOne.sort()).toEqual(['home-assistant/ha-link.ts', 'wire/tcp-wire.ts']);
});

test('no file of the program is longer than somebody likes to read', () => {
  expect(files.filter((name) => textOf(name).split('\n').length > 251)).toEqual([]);
});
