import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { refuseTakenName, writeUserFile } from '../../../src/store/user-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'user-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

test('a new file is for the owner alone, and a neighbour called FILE.new stays', async () => {
  await writeFile(at('a.new'), 'mine');
  await writeUserFile(at('a'), 'report', false);
  expect(await readFile(at('a'), 'utf8')).toBe('report');
  expect((await stat(at('a'))).mode & 0o777).toBe(0o600);
  await writeUserFile(at('a'), 'again', true);
  expect(await readFile(at('a'), 'utf8')).toBe('again');
  expect(await readFile(at('a.new'), 'utf8')).toBe('mine');
  expect((await readdir(folder)).toSorted()).toEqual(['a', 'a.new']);
});

test('what is there stays without being told to replace it, links and what they point to always', async () => {
  await writeFile(at('precious'), 'mine');
  await symlink(at('precious'), at('link'));
  await symlink(at('nowhere'), at('dangling'));
  for (const name of ['precious', 'link', 'dangling']) {
    await expect(refuseTakenName(at(name), false)).rejects.toThrow(`${name} exists`);
    await expect(writeUserFile(at(name), 'x', false)).rejects.toThrow(`${name} exists`);
  }
  for (const name of ['link', 'dangling', '.'])
    await expect(writeUserFile(at(name), 'x', true)).rejects.toThrow('is no plain file');
  await expect(writeUserFile('/dev/null', 'x', true)).rejects.toThrow('is no plain file');
  expect(await readFile(at('precious'), 'utf8')).toBe('mine');
  expect((await readdir(folder)).toSorted()).toEqual(['dangling', 'link', 'precious']);
});

test('a folder that is not there, or a disk that is full, is told', async () => {
  await expect(writeUserFile(at('none/a'), 'x', false)).rejects.toThrow('none/a cannot be written (ENOENT)');
});
