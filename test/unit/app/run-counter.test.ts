import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nextRun } from '../../../src/app/run-counter.ts';
import type { RunDeps } from '../../../src/app/run-counter.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let folder: string;
let clock: VirtualClock;
beforeEach(async () => {
  clock = new VirtualClock();
  folder = await mkdtemp(join(tmpdir(), 'run-'));
});
afterEach(() => rm(folder, { recursive: true }));

const seconds = Math.floor(new VirtualClock().now() / 1000);
const { signal } = new AbortController();
const next = (dir: string | undefined, more: Partial<RunDeps> = {}): Promise<number> =>
  nextRun(dir, { clock, log: logLines().log, ...more }, signal);
const lose = async (): Promise<void> => {
  for (const name of await readdir(folder)) await rm(join(folder, name));
};

test('the first start has the second of the clock, each later one a greater number', async () => {
  expect([await next(folder), await next(folder)]).toEqual([seconds, seconds + 1]);
  await clock.advance(600_000);
  expect(await next(folder)).toBe(seconds + 600);
  expect(await readdir(folder)).toEqual([`run-${seconds + 600}.claim`, 'run.json']);
});

test('a count of an older version goes on at the clock’s seconds', async () => {
  await writeFile(join(folder, 'run.json'), '{"run":17}');
  expect(await next(folder)).toBe(seconds);
});

test('a clock that went back does not bring a number again', async () => {
  const first = await next(folder);
  clock.jumpWall(-86_400_000);
  expect(await next(folder)).toBe(first + 1);
});

test('a state that was lost, or came back from a backup, does not bring a number again', async () => {
  const seen = [await next(folder)];
  const backup = await readFile(join(folder, 'run.json'), 'utf8');
  for (const restored of [undefined, backup]) {
    await clock.advance(3000);
    seen.push(await next(folder), await next(folder));
    await lose();
    if (restored !== undefined) await writeFile(join(folder, 'run.json'), restored);
  }
  await clock.advance(3000);
  seen.push(await next(folder));
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
});

test('a clock that was never set: a number that no later start has, unless the disk knows better', async () => {
  clock.jumpWall(30_000 - clock.now());
  const random = (): number => 0.5;
  const drawn = await next(folder, { random });
  expect(drawn).toBeGreaterThan(800_000_000);
  expect(drawn).toBeLessThan(seconds);
  expect(await next(folder, { random })).toBe(drawn + 1);
  expect(await next(undefined, { random: () => 0.25 })).not.toBe(drawn);
});

test('many that start at the same moment on one folder have a number each', async () => {
  const runs = await Promise.all(Array.from({ length: 20 }, () => next(folder)));
  expect(new Set(runs).size).toBe(20);
  expect(runs).not.toContain(await next(folder));
});

test('without a folder the second tells runs apart, and is not used when it had begun before we did', async () => {
  clock.jumpWall(300);
  expect(await next(undefined, { upMs: 400 })).toBe(seconds);
  const waited = next(undefined, { upMs: 200 }); // one that ended just before may have had this second
  await clock.advance(700);
  expect(await waited).toBe(seconds + 1);
});

test('on a disk that refuses too: the same number must not come twice', async () => {
  await writeFile(join(folder, 'file'), '');
  expect(await next(join(folder, 'file', 'home'), { upMs: 5000 })).toBe(seconds);
});

test('a damaged count does not begin with 1 again', async () => {
  await writeFile(join(folder, 'run.json'), '{"run":-1}');
  expect([await next(folder), await next(folder)]).toEqual([seconds, seconds + 1]);
});
