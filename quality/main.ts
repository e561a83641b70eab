import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as rows from './rows.ts';
import type { Json, Row } from './rows.ts';

/** Each measurement by its name: the command that leaves `quality/results/NAME.json`. */
const tsx = (...args: readonly string[]) => ['npx', 'tsx', ...args];
const soak = (seed: number) =>
  tsx('test/soak/main.ts', '--days', '30', '--faults', '10000', '--interval', '60', '--seed', String(seed));
const measurements: Readonly<Record<string, readonly string[]>> = {
  faults: tsx('quality/faults.ts'),
  'soak-1': soak(1),
  'soak-2': soak(2),
  recovery: tsx('test/soak/main.ts', '--recovery', '200', '--seed', '1'),
  'loop-broker': ['npm', 'run', 'loops', '--', 'broker', '--times', '500'],
  'loop-unplug': ['npm', 'run', 'loops', '--', 'unplug', '--times', '1000'],
  'loop-memory': ['npm', 'run', 'loops', '--', 'unplug-memory'],
  fuzz: tsx('test/fuzz/main.ts', '--inputs', '10000000', '--seed', '20260115'),
  bench: ['npm', 'run', 'bench', '--'],
  million: ['npm', 'run', 'bench', '--', 'million', '--long'],
  mutation: tsx('test/mutation/main.ts'),
};

/**
 * `npm run quality [NAME…]` makes the named measurements and writes docs/quality.md from all results that are kept.
 * Without a name it only writes.
 */
const { positionals: names } = parseArgs({ allowPositionals: true });
const root = join(import.meta.dirname, '..');
const at = (name: string): string => join(root, 'quality/results', `${name}.json`);
const run = (command: string, ...args: readonly string[]): void => {
  process.stderr.write(`${command} ${args.join(' ')}\n`);
  spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
};
const read = (name: string): Json | undefined =>
  existsSync(at(name)) ? (JSON.parse(readFileSync(at(name), 'utf8')) as Json) : undefined;

for (const name of names) {
  const [command, ...args] = measurements[name] ?? [];
  if (command === undefined)
    throw new RangeError(`no measurement ${name}; there are ${Object.keys(measurements).join(', ')}`);
  run(command, ...args, '--json', at(name));
}

const section = (name: string, of: (results: Json) => Row | readonly Row[]): readonly Row[] => {
  const results = read(name);
  return results ? [of(results)].flat() : [];
};
const table = [
  ...section('faults', rows.faultRow),
  ...section('soak-1', rows.soakRow),
  ...section('soak-2', rows.soakRow),
  ...section('recovery', rows.recoveryRows),
  ...section('loop-broker', rows.loopRow),
  ...section('loop-unplug', rows.loopRow),
  ...section('loop-memory', rows.loopRow),
  ...section('fuzz', rows.fuzzRow),
  ...section('bench', rows.benchRows),
  ...section('million', rows.benchRows),
  ...section('mutation', rows.mutationRow),
];
const verdict = ({ met }: Row): string => (met === undefined ? '' : met ? 'yes' : '**no**');
const text = [
  '# Quality',
  '',
  '<!-- Written by `npm run quality`: change the measurement, not this file. -->',
  '',
  `Each row says with which commit and when it was measured. The machine: Node ${process.versions.node}, ` +
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 1e9)} GB. Recovery times are at the ` +
    `simulated radio's real pace under virtual time, readings every 10 s; every random run is reproducible by its seed. ` +
    `[How they are measured](testing-long.md).`,
  '',
  '| Figure | Target | Measured | Met |',
  '| --- | --- | --- | --- |',
  ...table.map((row) => `| ${row.figure} | ${row.target} | ${row.measured} | ${verdict(row)} |`),
  '',
].join('\n');
writeFileSync(join(root, 'docs/quality.md'), text);
run('npx', 'prettier', '--write', 'docs/quality.md', 'quality/results');
process.stdout.write(text);
process.exitCode = table.some(({ met }) => met === false) ? 1 : 0;
