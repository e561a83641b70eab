import { spawnSync } from 'node:child_process';

/** What a measurement is made of: everything but texts and the kept results, which may be committed after it. */
const MEASURED = ['.', ':(exclude)docs', ':(exclude)measure/quality/results', ':(exclude)*.md'];

export interface Sources {
  /** The commit that changed them last; empty where git does not say. */
  readonly commit: string;
  /** Files that differ from it, as `git status` names them. */
  readonly changed: readonly string[];
}

/** The state of the sources in a working tree: two trees of one commit measure the same. */
export function sourcesAt(root: string): Sources {
  const git = (...args: readonly string[]): string =>
    spawnSync('git', [...args, '--', ...MEASURED], { cwd: root, encoding: 'utf8' }).stdout ?? '';
  return {
    commit: git('log', '-1', '--abbrev=7', '--format=%h').trim(),
    changed: git('status', '--porcelain')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [line.slice(3)])),
  };
}

/** For a stamp: results of sources nobody has committed say so. */
export const nameOf = ({ commit, changed }: Sources): string => (changed.length > 0 ? `${commit}-dirty` : commit);
