import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const dist = join(import.meta.dirname, '../../dist');

test('the built program holds what it uses of zod and yaml itself: two hundred files less to load', () => {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  const loads = files.filter((name) =>
    /(?:from|import\() ?["'](?:zod|yaml)["']/.test(readFileSync(join(dist, name), 'utf8')),
  );
  expect(loads).toEqual([]);
  expect(files.filter((name) => name.startsWith('config/parser-')).length).toBeGreaterThan(0);
});
