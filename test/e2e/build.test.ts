import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const dist = join(import.meta.dirname, '../../dist');

const { dependencies } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

test('the built program holds what it uses of its libraries: it loads one native package from elsewhere', () => {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  const loaded = files
    .filter((name) => !name.startsWith('web/static/'))
    .flatMap((name) => [
      ...readFileSync(join(dist, name), 'utf8').matchAll(
        /^(?:import|export) [^'"]*?["']([^'"]+)["'];$|\bimport\(["']([^'"]+)["']\)|\b__require\(["']([^'"]+)["']\)/gm,
      ),
    ])
    .map(([, one, two, three]) => (one ?? two ?? three ?? '').replace(/^node:/, ''))
    .filter((name) => !name.startsWith('.') && !builtinModules.includes(name));
  const BINDING = '@serialport/bindings-cpp';
  // the other two are ws's, which does without
  expect(new Set(loaded)).toEqual(new Set([BINDING, 'bufferutil', 'utf-8-validate']));
  expect(dependencies).toHaveProperty([BINDING]);
  expect(files.length).toBeGreaterThan(20); // one part for each feature that is loaded apart
});
