import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** A file imports its own folder and lower floors: never a neighbour on its floor, never upwards. */
const floors: Readonly<Record<string, number>> = {
  kernel: 0,
  model: 1,
  store: 1,
  skstack: 2,
  j11: 2,
  echonet: 2,
  module: 3,
  sinks: 3,
  simulator: 3,
  transcript: 3,
  meter: 4,
  supervisor: 5,
  web: 6,
  config: 6,
  cli: 7,
};
/** Floor 2 is pure: values in, values out. */
const pure = new Set(['skstack', 'j11', 'echonet']);
const src = join(import.meta.dirname, '../src');

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly target: string;
}

function imports(): Import[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(src, file), 'utf8');
      return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, specifier = '']) => ({
        file,
        folder: file.split('/')[0] ?? '',
        target: specifier.startsWith('.') ? relative(src, join(src, file, '..', specifier)) : specifier,
      }));
    });
}

const isOurs = (target: string): boolean => target.endsWith('.ts');

test('every folder under src has a floor', () => {
  expect(readdirSync(src).filter((folder) => floors[folder] === undefined)).toEqual([]);
});

test('imports go to the own folder or to a lower floor', () => {
  const wrong = imports().filter(({ folder, target }) => {
    if (!isOurs(target)) return false;
    const other = target.split('/')[0] ?? '';
    return other !== folder && (floors[other] ?? 99) >= (floors[folder] ?? -1);
  });
  expect(wrong).toEqual([]);
});

test('only cli imports config', () => {
  const wrong = imports().filter(
    ({ folder, target }) => target.startsWith('config/') && !['config', 'cli'].includes(folder),
  );
  expect(wrong).toEqual([]);
});

test('the codecs are pure: nothing but our own types and functions', () => {
  expect(imports().filter(({ folder, target }) => pure.has(folder) && !isOurs(target))).toEqual([]);
});

test('only the clock touches timers and dates', () => {
  const wrong = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== 'kernel/clock.ts')
    .filter((file) =>
      /\b(setTimeout|setInterval|Date\.now|performance\.now|new Date\(\))/.test(readFileSync(join(src, file), 'utf8')),
    );
  expect(wrong).toEqual([]);
});
