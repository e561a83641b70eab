import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { stamp } from '../../test/support/stamp.ts';
import { groups, sourcesOf } from './groups.ts';

interface Mutant {
  readonly status: 'Killed' | 'Survived' | 'Timeout' | 'NoCoverage' | 'RuntimeError' | 'CompileError' | 'Ignored';
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
}
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

/** One source file, and the commit it was measured with. */
interface Measured {
  readonly file: string;
  readonly noticed: number;
  readonly missed: number;
  readonly commit: string;
}

const REPORT = 'coverage/mutation/report.json';
const reportOf = (group: string): string => `coverage/mutation/${group}.json`;
/** Per cent of the mutants that some test must notice. */
const TARGET = 80;

/** Files: only they are changed, and what `--json` holds of others is kept. None: everything. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    /** Only tells again what the last run found. */
    'only-tell': { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const startedMs = performance.now();

/** One core stays free: a mutant that runs out of time counts as noticed, and a machine that is busy proves nothing. */
const concurrency = String(Math.max(1, availableParallelism() - 1));
const asked = groups
  .map(({ name, ...group }) => ({ name, sources: sourcesOf({ name, ...group }, positionals) }))
  .filter(({ sources }) => sources.length > 0);
if (!values['only-tell'])
  for (const { name, sources } of asked) {
    const args = ['stryker', 'run', 'measure/mutation/stryker.config.json', '--mutate', sources.join(',')];
    const env = { ...process.env, MUTATION_GROUP: name };
    const { status } = spawnSync('npx', [...args, '--concurrency', concurrency], { stdio: 'inherit', env });
    if (status !== 0) process.exit(status ?? 1);
    renameSync(REPORT, reportOf(name));
  }

const reports = asked.map(({ name }) => JSON.parse(readFileSync(reportOf(name), 'utf8')) as Report);
const files: Report['files'] = Object.assign({}, ...reports.map((report) => report.files));
const isNoticed = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout';
const isMissed = ({ status }: Mutant): boolean => status === 'Survived' || status === 'NoCoverage';
const per = (part: number, whole: number): number => Math.round((1000 * part) / Math.max(1, whole)) / 10;

const measured: readonly Measured[] = Object.entries(files).map(([file, { source, mutants }]) => {
  const lines = source.split('\n');
  const missed = mutants.filter(isMissed);
  for (const { mutatorName, replacement, location, status } of missed)
    say(
      `${file}:${location.start.line} ${mutatorName}${status === 'NoCoverage' ? ' (not covered)' : ''}\n` +
        `  ${(lines[location.start.line - 1] ?? '').trim()}\n  → ${(replacement ?? '').replaceAll(/\s+/g, ' ').slice(0, 160)}`,
    );
  return { file, noticed: mutants.filter(isNoticed).length, missed: missed.length, commit: stamp.commit };
});
const kept =
  positionals.length > 0 && values.json !== undefined && existsSync(values.json)
    ? (JSON.parse(readFileSync(values.json, 'utf8')) as { readonly files: readonly Measured[] }).files
    : [];
const isNew = new Set(measured.map(({ file }) => file));
const rows = [...kept.filter(({ file }) => !isNew.has(file)), ...measured].sort((a, b) => (a.file < b.file ? -1 : 1));
for (const { file, noticed, missed } of rows)
  say(
    `${file.padEnd(36)} ${String(per(noticed, noticed + missed)).padStart(5)} %  ${missed} of ${noticed + missed} survived`,
  );

const killed = rows.reduce((sum, { noticed }) => sum + noticed, 0);
const survived = rows.reduce((sum, { missed }) => sum + missed, 0);
const score = per(killed, killed + survived);
say(`all ${score} %: ${killed} noticed, ${survived} survived`);
if (values.json !== undefined) {
  mkdirSync(dirname(values.json), { recursive: true });
  const seconds = values['only-tell'] ? null : Math.round((performance.now() - startedMs) / 1000);
  const summary = {
    kind: 'mutation',
    ...stamp,
    seconds,
    score,
    killed,
    survived,
    files: rows,
  };
  writeFileSync(values.json, `${JSON.stringify(summary, null, 2)}\n`);
}
process.exitCode = score >= TARGET ? 0 : 1;
