import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './run.ts';
import { shareOf, targets } from './targets.ts';

/** Some of the inputs of `npm run measure -- fuzz`, always the same ones. */
const INPUTS = 60_000;
const SEED = 20_260_115;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(targets)(
  '$name: whatever comes, nothing breaks',
  async (target) => {
    const { findings } = await run(target, { seed: SEED, inputs: shareOf(target, targets, INPUTS), folder });
    expect(findings).toEqual([]);
  },
  120_000,
);
