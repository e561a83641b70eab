import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}

const root = join(import.meta.dirname, '../../..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');
const json = (file: string): unknown => JSON.parse(text(file));
const { packages } = json('package-lock.json') as { packages: Record<string, Locked> };
const locked = Object.entries(packages).filter(([path]) => path !== '');
/** What is installed where only the program runs. */
const production = locked.filter(([, { dev }]) => dev !== true);
const manifest = json('package.json') as { dependencies: Record<string, string> };
const direct = Object.keys(manifest.dependencies);

const permissive = [
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '(MIT OR Apache-2.0)',
  '0BSD',
  'BlueOak-1.0.0',
  'Python-2.0',
];

test('the lock file says of every package what its bytes are', () => {
  expect(locked.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
  const elsewhere = locked.filter(([, { resolved = '' }]) => !/^$|^https:\/\/registry\.npmjs\.org\//.test(resolved));
  expect(elsewhere.map(([path]) => path)).toEqual([]);
});

test('what is installed is what the lock file says', () => {
  const wrong = production.filter(([path, { version, optional }]) => {
    const file = join(path, 'package.json');
    if (!existsSync(join(root, file))) return optional !== true;
    return (json(file) as Locked).version !== version;
  });
  expect(wrong.map(([path]) => path)).toEqual([]);
  const installed = (json('node_modules/.package-lock.json') as { packages: Record<string, Locked> }).packages;
  const foreign = Object.entries(installed).filter(
    ([path, { integrity, dev }]) => dev !== true && packages[path]?.integrity !== integrity,
  );
  expect(foreign.map(([path]) => path)).toEqual([]);
});

test('every licence in production is a permissive one', () => {
  const wrong = production.filter(([path, { license = '' }]) => {
    const file = join(path, 'package.json');
    const own = existsSync(join(root, file)) ? (json(file) as Locked).license : license;
    return ![license, own].every((name) => permissive.includes(String(name)));
  });
  expect(wrong.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
});

test('no package runs a script when it is installed, in the image neither', () => {
  expect(text('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  const wanting = production.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path);
  expect(wanting).toEqual(['node_modules/@serialport/bindings-cpp']); // brings its binary along, so needs none
  const dockerfile = text('Dockerfile');
  expect(dockerfile.indexOf('.npmrc')).toBeGreaterThan(0);
  expect(dockerfile.indexOf('.npmrc')).toBeLessThan(dockerfile.indexOf('npm ci'));
});

test('the program imports nothing that it does not name as a dependency', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const specifiers = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...text(join('src', file)).matchAll(/(?:^import |^\} from |^import .* from |import\()'([^'.][^']*)'/gm),
    ])
    .map(([, specifier = '']) => specifier);
  const names = specifiers.map((name) =>
    name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/'),
  );
  const foreign = names.filter((name) => !name.startsWith('node:') && !direct.includes(name));
  expect(foreign).toEqual([]);
  expect(names.filter((name) => builtinModules.includes(name))).toEqual([]); // `node:` cannot be taken by a package
});

test('docs/security.md lists each direct dependency with its licence', () => {
  const rows = [...text('docs/security.md').matchAll(/^\| `([^`]+)`\s*\| (\([^)]+\)|\S+)\s*\|/gm)].map(
    ([, name, licence]) => `${name} ${licence}`,
  );
  expect(rows).toEqual(direct.map((name) => `${name} ${packages[`node_modules/${name}`]?.license}`));
});
