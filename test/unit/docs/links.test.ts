import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
/** What a working tree has beside what is committed: `.cache/`, `dist/` … */
const ignored = new Set([
  '.git',
  ...read('.gitignore')
    .split('\n')
    .map((line) => line.replace(/\/$/, '')),
]);
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !ignored.has(entry.name))
  .map(({ name }) => name);
const below = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`);
const ours = [...readdirSync(root), ...folders.flatMap(below)];
const pages = ours.filter((name) => name.endsWith('.md'));

/** Paths that a reader of the page makes, not we. */
const made = new Set(
  ['homeassistant_password', 'http_token', 'mqtt_password'].map((name) => `deploy/docker/secrets/${name}`),
);

/** Every word that looks like one of our files or folders. */
const pathsNamed = (text: string): string[] =>
  [...text.matchAll(new RegExp(`(?<![\\w./<-])(?:${folders.join('|').replaceAll('.', '\\.')})/[\\w./-]*\\w`, 'g'))]
    .map(([path]) => path)
    .filter((path) => !made.has(path));

/** A module named by itself or with a part of its path: `ladder.ts`, `kernel/clock.ts`. */
const modulesNamed = (text: string): string[] =>
  [...text.matchAll(/`([\w./-]+\.(?:ts|mjs|py))`/g)].map(([, path = '']) => path);

const isThere = (path: string): boolean => ours.some((name) => name === path || name.endsWith(`/${path}`));

describe.each(pages)('%s', (name) => {
  const text = read(name);

  test('every relative link leads to a file', () => {
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !existsSync(join(root, dirname(name), target)))).toEqual([]);
  });

  test('every file it names is there', () => {
    expect(pathsNamed(text).filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(modulesNamed(text).filter((path) => !isThere(path))).toEqual([]);
  });

  test('every npm script it names is there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script);
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
  });
});

describe('README in two languages', () => {
  const [english, japanese] = ['README.md', 'README.ja.md'].map(read) as [string, string];
  const outside = (text: string): string => text.replace(/```[^`]*```/g, '');
  const headings = (text: string): string[] => [...outside(text).matchAll(/^#+/gm)].map(([level]) => level);
  const code = (text: string): string[] => [...text.matchAll(/```[^`]*```/g)].map(([block]) => block);
  /** Links in the order of the text, the one to the other language aside. */
  const links = (text: string): string[] =>
    [...text.matchAll(/\]\(([^)]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !target.startsWith('README'));
  /** The first cell's code of every row: which things are listed, whatever is said of them. */
  const rows = (text: string): string[] =>
    [...text.matchAll(/^\s*\| (`[^|]*`) +\|/gm)].map(([, cell = '']) => (cell.match(/`[^`]+`/g) ?? []).join(' '));

  test('they have the same headings, level by level', () => expect(headings(japanese)).toEqual(headings(english)));
  test('they have the same code', () => expect(code(japanese)).toEqual(code(english)));
  test('they have the same links', () => expect(links(japanese)).toEqual(links(english)));
  test('their tables list the same things', () => expect(rows(japanese)).toEqual(rows(english)));
  test('they link to each other', () => {
    expect(english).toContain('(README.ja.md)');
    expect(japanese).toContain('(README.md)');
  });
});
