import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nextRun } from '../../../src/cli/service/run-counter.ts';
import { logLines } from '../../support/log-lines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-'));
});
afterEach(() => rm(folder, { recursive: true }));

const clock = new VirtualClock();
const seconds = Math.floor(clock.now() / 1000);
const next = (dir: string | undefined): Promise<number> => nextRun(dir, { clock, log: logLines().log });

test('starts are counted', async () => {
  expect([await next(folder), await next(folder), await next(folder)]).toEqual([1, 2, 3]);
});

test('without a folder the second of the start tells runs apart', async () => {
  expect(await next(undefined)).toBe(seconds);
});

test('on a disk that refuses too: the same number must not come twice', async () => {
  await writeFile(join(folder, 'file'), '');
  expect(await next(join(folder, 'file', 'home'))).toBe(seconds);
});

test('a damaged count does not begin with 1 again', async () => {
  await writeFile(join(folder, 'run.json'), '{"run":-1}');
  expect([await next(folder), await next(folder)]).toEqual([seconds, seconds + 1]);
});
