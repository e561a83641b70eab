import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockState } from '../../../src/store/local-socket.ts';
import { logLines } from '../../support/log-lines.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the second on a folder is told so, for as long as the first is there', async () => {
  const { log, lines } = logLines();
  {
    await using first = await lockState(folder, log);
    await using second = await lockState(folder, log);
    expect([first.isTaken, second.isTaken]).toEqual([false, true]);
  }
  expect(await readdir(folder)).toEqual([]);
  await using third = await lockState(folder, log);
  expect(third.isTaken).toBe(false);
  expect(lines).toEqual([]);
});

test('a lock ends with its process, however that ends', async () => {
  const script = `require('node:net').createServer().listen(${JSON.stringify(join(folder, 'lock.sock'))}, () => console.log('on'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  {
    await using beside = await lockState(folder, logLines().log);
    expect(beside.isTaken).toBe(true);
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await readdir(folder)).toEqual(['lock.sock']);
  await using after = await lockState(folder, logLines().log);
  expect(after.isTaken).toBe(false);
});

test('where no lock can be made nobody is kept out, and it is said', async () => {
  const { log, lines } = logLines();
  await writeFile(join(folder, 'file'), '');
  for (const dir of [join(folder, 'file', 'state'), join(folder, 'x'.repeat(100))]) {
    await using lock = await lockState(dir, log);
    expect(lock.isTaken).toBe(false);
  }
  expect(lines.map(({ msg }) => msg)).toEqual(
    Array(2).fill('state_dir cannot be locked: a second bridge there would not be noticed'),
  );
});
