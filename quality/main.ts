import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as rows from './rows.ts';
import type { Json, Row } from './rows.ts';

/**
 * `npm run quality` writes docs/quality.md from results files alone. It runs the catalogue itself; with `--long` the soak
 * and the recovery times too. What else lies in the folder is taken as it is: bench.json, fuzz.json, loop-*.json, mutation.json.
 */
const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    'only-write': { type: 'boolean', default: false },
    folder: { type: 'string', default: 'coverage/quality' },
  },
});
const { folder } = values;
const root = join(import.meta.dirname, '..');
const at = (name: string): string => join(folder, `${name}.json`);
const run = (command: string, args: readonly string[]): void => {
  process.stderr.write(`${command} ${args.join(' ')}\n`);
  spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
};
const read = (name: string): Json | undefined =>
  existsSync(at(name)) ? (JSON.parse(readFileSync(at(name), 'utf8')) as Json) : undefined;
const git = (...args: readonly string[]): string =>
  spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim();

mkdirSync(folder, { recursive: true });
if (!values['only-write']) {
  const report = ['--reporter=json', `--outputFile=${at('faults')}`];
  run('npx', ['vitest', 'run', '--project', 'unit', 'test/faults', ...report]);
}
if (values.long) {
  const soak = (...args: readonly string[]): void => run('npx', ['tsx', 'test/soak/main.ts', ...args]);
  soak('--days', '30', '--faults', '10000', '--seed', '1', '--interval', '60', '--json', at('soak'));
  soak('--recovery', '200', '--seed', '1', '--json', at('recovery'));
}

const section = (name: string, of: (results: Json) => Row | readonly Row[]): readonly Row[] => {
  const results = read(name);
  return results ? [of(results)].flat() : [];
};
const table = [
  ...section('faults', rows.faultRows),
  ...section('soak', rows.soakRow),
  ...section('recovery', rows.recoveryRows),
  ...['broker', 'unplug', 'memory'].flatMap((name) => section(`loop-${name}`, (loop) => rows.loopRow(name, loop))),
  ...section('fuzz', rows.fuzzRow),
  ...section('bench', rows.benchRows),
  ...section('mutation', rows.mutationRow),
];
const verdict = ({ met }: Row): string => (met === undefined ? '' : met ? 'yes' : '**no**');
const dirty = git('status', '--porcelain', '--', 'src') === '' ? '' : ' with changes';
const text = [
  '# Quality',
  '',
  '<!-- Written by `npm run quality`: change the measurement, not this file. -->',
  '',
  `Written on ${new Date().toISOString().slice(0, 10)}, commit ${git('rev-parse', '--short', 'HEAD')}${dirty}, Node ${process.versions.node}, ` +
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 1e9)} GB; a run made at another time says with which commit. Recovery times are at the ` +
    `simulated radio's real pace under virtual time, readings every 10 s; every random run is reproducible by its seed.`,
  '',
  '| Figure | Target | Measured | Met |',
  '| --- | --- | --- | --- |',
  ...table.map((row) => `| ${row.figure} | ${row.target} | ${row.measured} | ${verdict(row)} |`),
  '',
].join('\n');
writeFileSync(join(root, 'docs/quality.md'), text);
run('npx', ['prettier', '--write', 'docs/quality.md']);
process.stdout.write(text);
process.exitCode = table.some(({ met }) => met === false) ? 1 : 0;
