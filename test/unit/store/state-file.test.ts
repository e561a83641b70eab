import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StateFile, writeAtomically } from '../../../src/store/state-file.ts';
import { logLines } from '../../support/log-lines.ts';

interface Value {
  readonly n: number;
}
function parse(value: unknown): Value {
  if (typeof (value as Value).n !== 'number') throw new TypeError('n is no number');
  return value as Value;
}

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-'));
  path = join(folder, 'meters', 'home', 'x.json');
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));
const open = (written = logLines()) => ({
  file: new StateFile(join(folder, 'meters', 'home'), 'x.json', parse, written.log),
  lines: written.lines,
});

test('what is saved is loaded by the next start, from folders made on the way', async () => {
  const { file, lines } = open();
  expect(await file.load()).toBeUndefined();
  await file.save({ n: 7 });
  expect(await readFile(path, 'utf8')).toBe('{"n":7}\n');
  expect(await open().file.load()).toEqual({ n: 7 });
  expect(lines).toEqual([]);
});

test('only the owner may read it, and nothing is left beside it', async () => {
  await open().file.save({ n: 7 });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'meters', 'home'))).mode & 0o777).toBe(0o700);
  expect(await readdir(join(folder, 'meters', 'home'))).toEqual(['x.json']);
});

test('a half-written file beside it from a power cut is written over', async () => {
  await mkdir(join(folder, 'meters', 'home'), { recursive: true });
  await writeFile(`${path}.new`, '{"n":');
  await open().file.save({ n: 7 });
  expect(await readdir(join(folder, 'meters', 'home'))).toEqual(['x.json']);
  expect(await open().file.load()).toEqual({ n: 7 });
});

test('unchanged content is not written again, neither in this run nor after a restart', async () => {
  const { file } = open();
  await file.save({ n: 7 });
  await utimes(path, 1, 1);
  await file.save({ n: 7 });
  const next = open().file;
  await next.load();
  await next.save({ n: 7 });
  expect((await stat(path)).mtimeMs).toBe(1000);
  await next.save({ n: 8 });
  expect((await stat(path)).mtimeMs).not.toBe(1000);
});

test('saves without waiting are written in order: the last one stands', async () => {
  const { file } = open();
  await Promise.all([1, 2, 3, 4, 5].map((n) => file.save({ n })));
  expect(await open().file.load()).toEqual({ n: 5 });
  expect(await readdir(join(folder, 'meters', 'home'))).toEqual(['x.json']);
});

for (const [name, text] of [
  ['cut off', '{"n":'],
  ['empty', ''],
  ['of another form', '{"m":1}'],
  ['null', 'null'],
] as const) {
  test(`a file that is ${name} is set aside, told and ignored`, async () => {
    await open().file.save({ n: 1 });
    await writeFile(path, text);
    const { file, lines } = open();
    expect(await file.load()).toBeUndefined();
    expect(await readFile(`${path}.corrupt`, 'utf8')).toBe(text);
    expect(lines).toEqual([expect.objectContaining({ level: 'warn', msg: 'state file is damaged: set aside', path })]);
    await file.save({ n: 2 });
    expect(await open().file.load()).toEqual({ n: 2 });
  });
}

test('a damaged file that cannot be set aside is ignored all the same', async () => {
  await open().file.save({ n: 1 });
  await writeFile(path, '{');
  await mkdir(join(`${path}.corrupt`, 'full'), { recursive: true });
  const { file } = open();
  expect(await file.load()).toBeUndefined();
});

test('what cannot be read is told, and is no value', async () => {
  await mkdir(path, { recursive: true });
  const { file, lines } = open();
  expect(await file.load()).toBeUndefined();
  expect(lines.map(({ msg }) => msg)).toEqual(['state file cannot be read']);
});

test('a folder that refuses is told once, tried again, and told again after it worked', async () => {
  await writeFile(join(folder, 'meters'), 'a file where the folder should be');
  const { file, lines } = open();
  for (const n of [1, 2, 3]) await file.save({ n });
  expect(lines).toEqual([expect.objectContaining({ code: 'STATE_UNWRITABLE', path, level: 'warn' })]);
  await rm(join(folder, 'meters'));
  await file.save({ n: 3 });
  expect(await open().file.load()).toEqual({ n: 3 });
  await rm(join(folder, 'meters'), { recursive: true });
  await writeFile(join(folder, 'meters'), 'again');
  await file.save({ n: 4 });
  expect(lines).toHaveLength(2);
});

test('a folder removed meanwhile is made again', async () => {
  const { file, lines } = open();
  await file.save({ n: 1 });
  await rm(join(folder, 'meters'), { recursive: true });
  await file.save({ n: 2 });
  expect(await open().file.load()).toEqual({ n: 2 });
  expect(lines).toEqual([]);
});

test('without a folder nothing is kept and nothing is told', async () => {
  const { log, lines } = logLines();
  const file = new StateFile(undefined, 'x.json', parse, log);
  await file.save({ n: 7 });
  expect(await file.load()).toBeUndefined();
  expect([lines, await readdir(folder)]).toEqual([[], []]);
});

test('a failed write leaves the old file whole', async () => {
  await writeAtomically(path, 'old');
  await mkdir(`${path}.new`);
  await expect(writeAtomically(path, 'new')).rejects.toThrow('EISDIR');
  expect(await readFile(path, 'utf8')).toBe('old');
});

test('a folder that takes no file is told once, and the next write tries again', async () => {
  await open().file.save({ n: 1 });
  const { file, lines } = open();
  await mkdir(join(folder, 'meters', 'home', 'x.json.new')); // stands where the new file is written; root is stopped too
  for (const n of [2, 3]) await file.save({ n });
  expect(lines.map(({ code }) => code)).toEqual(['STATE_UNWRITABLE']);
});

test.runIf(process.getuid?.() === 0)('what root writes belongs to the user whose folder it is', async () => {
  const NOBODY = 65_534;
  await chown(folder, NOBODY, NOBODY);
  await writeAtomically(path, '{"n":1}');
  for (const made of [path, join(folder, 'meters', 'home'), join(folder, 'meters')])
    expect(await stat(made)).toMatchObject({ uid: NOBODY, gid: NOBODY });
});
