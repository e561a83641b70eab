import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OutboxFolder } from '../../../src/outbox/outbox-folder.ts';
import { logLines } from '../../support/log-lines.ts';

let state: string;
let folder: string;
let store: OutboxFolder;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'outbox-'));
  folder = join(state, 'home', 'outbox');
  store = new OutboxFolder(folder, logLines().log);
});
afterEach(() => rm(state, { recursive: true, force: true }));

test('nothing is made before something is written', async () => {
  expect(await store.list()).toEqual([]);
  expect(await store.readCursor()).toBeUndefined();
  expect(await readdir(state)).toEqual([]);
});

test('writes, appends, lists in order, removes', async () => {
  await store.write(2, Buffer.from('two'), 0);
  await store.write(10, Buffer.from('ten'), 0);
  await store.write(2, Buffer.from('+more'), 3);
  expect(await readdir(folder)).toEqual(['0000000002.jsonl', '0000000010.jsonl']);
  expect((await store.list()).map(({ segment }) => segment)).toEqual([2, 10]);
  expect((await store.read(2)).toString()).toBe('two+more');
  expect((await store.read(10)).toString()).toBe('ten');
  await store.remove(2);
  await store.remove(2);
  expect((await store.list()).map(({ segment }) => segment)).toEqual([10]);
});

test('what a failed write left behind is overwritten', async () => {
  await store.write(1, Buffer.from('whole.'), 0);
  await writeFile(join(folder, '0000000001.jsonl'), 'whole.torn and long');
  await store.write(1, Buffer.from('next'), 6);
  expect((await store.read(1)).toString()).toBe('whole.next');
});

test('what is not ours is left alone', async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'notes.txt'), 'mine');
  await writeFile(join(folder, '1.jsonl'), 'mine');
  await writeFile(join(folder, '0000000003.jsonl'), 'x'.repeat(1_000_001));
  await writeFile(join(state, 'target'), 'mine');
  await symlink(join(state, 'target'), join(folder, '0000000004.jsonl'));
  expect(await store.list()).toEqual([]);
  await store.write(4, Buffer.from('ours'), 0);
  expect(await readFile(join(state, 'target'), 'utf8')).toBe('mine');
});

test('a cursor comes back; a damaged one is set aside', async () => {
  const cursor = { segment: 3, offset: 170, crc: '89abcdef' };
  await store.writeCursor(cursor);
  expect(await store.readCursor()).toEqual(cursor);
  await writeFile(join(folder, 'cursor.json'), '{"segment":3');
  expect(await store.readCursor()).toBeUndefined();
  expect(await readFile(join(folder, 'cursor.json.corrupt'), 'utf8')).toBe('{"segment":3');
});

test('a segment taken away, a folder that is a file: rejected with the system’s code', async () => {
  await expect(store.read(1)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(store.write(1, Buffer.from('x'), 5)).rejects.toMatchObject({ code: 'ENOENT' });
  await writeFile(join(state, 'file'), '');
  const wrong = new OutboxFolder(join(state, 'file', 'outbox'), logLines().log);
  await expect(wrong.write(1, Buffer.from('x'), 0)).rejects.toMatchObject({ code: 'ENOTDIR' });
});
