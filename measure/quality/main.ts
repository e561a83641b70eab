import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sourcesAt } from '../../test/support/sources.ts';
import { documentOf } from './document.ts';
import { keptResults, measure, refusalOf } from './keep.ts';
import { measurements } from './measurements.ts';
import { inLanes } from './schedule.ts';

/**
 * `npm run measure -- quality [all | NAME…]` makes the named measurements, side by side where they do not disturb each other, and
 * writes docs/quality.md from all results that are kept. Without a name it only writes.
 */
const { positionals } = parseArgs({ allowPositionals: true });
const root = join(import.meta.dirname, '../..');
const names = positionals.includes('all') ? Object.keys(measurements) : positionals;
const say = (line: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
const run = (command: string, ...args: readonly string[]): void => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
};

for (const name of names)
  if (measurements[name] === undefined)
    throw new RangeError(`no measurement ${name}; there are all, ${Object.keys(measurements).join(', ')}`);
const refusal = names.length > 0 ? refusalOf(sourcesAt(root)) : undefined;
if (refusal !== undefined) {
  process.stderr.write(`${refusal}\n`);
  process.exit(2);
}

let kept = true;
// Once, for nobody must find it half made.
if (names.some((name) => measurements[name]?.built)) run('npm', 'run', 'build');
await inLanes(names, async (name) => {
  const startedMs = performance.now();
  say(`${name} …`);
  const objection = await measure(root, name);
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  say(`${name}: ${objection === undefined ? 'kept' : `NOT kept, ${objection}`} (${minutes} min)`);
  kept &&= objection === undefined;
});

const { text, met } = documentOf((name) => keptResults(root, name));
writeFileSync(join(root, 'docs/quality.md'), text);
run('npx', 'prettier', '--write', 'docs/quality.md', 'measure/quality/results');
process.stdout.write(text);
process.exitCode = kept && met ? 0 : 1;
