import { cpus, totalmem } from 'node:os';
import { measurements } from './measurements.ts';
import type { Json, Row } from './rows.ts';

export interface Document {
  readonly text: string;
  /** Every row is there and met. */
  readonly met: boolean;
}

/** The commits that stand behind a result: a mutation run may keep files of earlier ones. */
function commitsOf({ commit, files }: Json): readonly string[] {
  const parts = Array.isArray(files) ? (files as readonly Json[]).flatMap((file) => file['commit'] ?? []) : [];
  return [...new Set([commit, ...parts].map(String))];
}

/** A result whose sources nobody can look up is none. */
const isTraceable = (results: Json): boolean =>
  commitsOf(results).every((commit) => commit !== '' && !commit.endsWith('-dirty'));

/** docs/quality.md from what is kept. */
export function documentOf(kept: (name: string) => Json | undefined): Document {
  const names = Object.keys(measurements);
  const traceable = (name: string): Json | undefined => {
    const results = kept(name);
    return results && isTraceable(results) ? results : undefined;
  };
  const missing = names.filter((name) => traceable(name) === undefined);
  const table = names.flatMap((name): readonly Row[] => {
    const results = traceable(name);
    return results ? [measurements[name]?.rows(results) ?? []].flat() : [];
  });
  const verdict = ({ met }: Row): string => (met === undefined ? '' : met ? 'yes' : '**no**');
  const lines = [
    '# Quality',
    '',
    '<!-- Written by `npm run measure -- quality`: change the measurement, not this file. -->',
    '',
    provenanceOf(names, traceable),
    ...(missing.length > 0 ? ['', `**Not measured:** ${missing.join(', ')}.`] : []),
    '',
    `The machine: Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ` +
      `${Math.round(totalmem() / 1e9)} GB. Recovery times are at the simulated radio's real pace under virtual time, ` +
      `readings every 10 s; every random run is reproducible by its seed. [How they are measured](testing-long.md).`,
    '',
    '| Figure | Target | Measured | Met |',
    '| --- | --- | --- | --- |',
    ...table.map((row) => `| ${row.figure} | ${row.target} | ${row.measured} | ${verdict(row)} |`),
    '',
    ...names.flatMap((name) => {
      const results = traceable(name);
      return results ? (measurements[name]?.section?.(results) ?? []) : [];
    }),
  ];
  return { text: lines.join('\n'), met: missing.length === 0 && table.every(({ met }) => met !== false) };
}

/** Which sources the rows speak of: one commit, or which rows of which. */
function provenanceOf(names: readonly string[], kept: (name: string) => Json | undefined): string {
  const byCommit = new Map<string, string[]>();
  for (const name of names) {
    const results = kept(name);
    for (const commit of results ? commitsOf(results) : [])
      byCommit.set(commit, [...(byCommit.get(commit) ?? []), name]);
  }
  const [only] = [...byCommit.keys()];
  if (byCommit.size === 1)
    return `All rows were measured with commit ${only}, the last one that changed anything but texts and results.`;
  const groups = [...byCommit].map(([commit, of]) => `${commit}: ${of.join(', ')}`);
  return `**These rows are of several commits**, each says of which (${groups.join('; ')}).`;
}
