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
  wire: 3,
  broker: 3,
  outbox: 3,
  archive: 3,
  module: 4,
  mqtt: 4,
  mackerel: 4,
  'home-assistant': 4,
  simulator: 4,
  transcript: 4,
  meter: 5,
  supervisor: 6,
  web: 7,
  config: 7,
  app: 8,
  cli: 9,
};
/** Puts the commands together: the only files of `cli` that know them. */
const program = new Set(['main.ts', 'mackerel-plugin.ts', 'process.ts', 'program.ts', 'commander-texts.ts']);
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
      return [...text.matchAll(/(?:(?<!')from|import\()\s*'([^']+)'/g)].map(([, specifier = '']) => ({
        file,
        folder: folderOf(file),
        target: specifier.startsWith('.') ? relative(src, join(src, file, '..', specifier)) : specifier,
      }));
    });
}

/** Each command is a folder of its own: `cli/read` is `cli/read.ts` and what is below `cli/read/`. */
function folderOf(file: string): string {
  const [folder = '', command = ''] = file.split('/');
  if (folder !== 'cli') return folder;
  return program.has(command) ? 'cli' : `cli/${command.replace('.ts', '')}`;
}

const floorOf = (folder: string): number => (folder === 'cli' ? 10 : (floors[folder.split('/')[0] ?? ''] ?? 99));

const isOurs = (target: string): boolean => target.endsWith('.ts');

test('every folder under src has a floor', () => {
  expect(readdirSync(src).filter((folder) => floors[folder] === undefined)).toEqual([]);
});

test('imports go to the own folder or to a lower floor', () => {
  const wrong = imports().filter(({ folder, target }) => {
    if (!isOurs(target)) return false;
    const other = folderOf(target);
    return other !== folder && floorOf(other) >= floorOf(folder);
  });
  expect(wrong.map(({ file, target }) => `${file} -> ${target}`)).toEqual([]);
});

test('no file imports itself by way of others, types included', () => {
  const targets = new Map<string, string[]>();
  for (const { file, target } of imports())
    if (isOurs(target)) targets.set(file, [...(targets.get(file) ?? []), target]);
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) return void circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file)) return;
    for (const target of targets.get(file) ?? []) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) walk(file, []);
  expect(circles).toEqual([]);
});

test('only app imports config; `config check`, `schema` and `example` are about it', () => {
  const wrong = imports().filter(
    ({ folder, target }) => target.startsWith('config/') && !['config', 'app', 'cli/config'].includes(folder),
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

test('an exported type name stands for one thing', () => {
  const places = new Map<string, string[]>();
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(join(src, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/^export (?:abstract )?(?:class|interface|type) (\w+)/gm))
      places.set(name, [...(places.get(name) ?? []), file]);
  }
  expect([...places].filter(([, files]) => files.length > 1)).toEqual([]);
});
