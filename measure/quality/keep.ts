import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf, sourcesAt } from '../../test/support/sources.ts';
import type { Sources } from '../../test/support/sources.ts';
import { measurements } from './measurements.ts';
import type { Json } from './rows.ts';

/** Why nothing can be kept of these sources, and what to do; undefined when all is committed. */
export function refusalOf({ commit, changed }: Sources): string | undefined {
  if (commit === '') return 'not a git working tree: a result says with which commit it was made, so none is kept';
  if (changed.length === 0) return undefined;
  return (
    `results are kept of committed sources only: commit these first, or put them away:\n` +
    changed.map((file) => `  ${file}\n`).join('') +
    `To look at figures without keeping them, run the measurement itself: docs/testing-long.md`
  );
}

/** What `results` say against being kept as made with `before`; undefined: nothing. */
export function objectionTo(results: Json | undefined, before: Sources, after: Sources): string | undefined {
  if (!results) return 'it left no results';
  if (nameOf(after) !== nameOf(before)) return 'the sources changed while it ran: commit, then measure again';
  if (results['commit'] !== before.commit)
    return `it says it was made with ${String(results['commit'])}, not ${before.commit}`;
  return undefined;
}

const fileOf = (root: string, name: string): string => join(root, 'measure/quality/results', `${name}.json`);

export function keptResults(root: string, name: string): Json | undefined {
  const file = fileOf(root, name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Json) : undefined;
}

/** Makes one measurement and keeps what it found. @returns why it was not kept, or undefined. */
export async function measure(root: string, name: string): Promise<string | undefined> {
  const { command: own = [], company } = measurements[name] ?? {};
  const [command = '', ...args] = company === 'busy' ? ['nice', ...own] : own;
  const folder = join(root, '.cache/quality');
  const fresh = join(folder, `${name}.json`);
  mkdirSync(folder, { recursive: true });
  rmSync(fresh, { force: true });
  const before = sourcesAt(root);
  const child = spawn(command, [...args, fresh], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  await new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  const results = existsSync(fresh) ? (JSON.parse(readFileSync(fresh, 'utf8')) as Json) : undefined;
  const objection = objectionTo(results, before, sourcesAt(root));
  if (objection === undefined) renameSync(fresh, fileOf(root, name));
  return objection;
}
