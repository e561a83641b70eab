import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stamp } from '../../test/support/stamp.ts';

/** Runs the fault catalogue and counts it: `tsx measure/quality/faults.ts --json FILE`. */
const { values } = parseArgs({ options: { json: { type: 'string' } } });
const FAULT = /^fault: ([^:]+): (.*) \(((?:SE|DSE|J11)(?:, (?:SE|DSE|J11))*)\)$/;

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'faults-'));
const report = join(folder, 'report.json');
const catalogue = ['--project', 'unit', 'test/recovery', '--testNamePattern', '^fault: '];
spawnSync('npx', ['vitest', 'run', ...catalogue, '--reporter=json', `--outputFile=${report}`], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});
const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
  readonly testResults: readonly { readonly assertionResults: readonly { title: string; status: string }[] }[];
};
rmSync(folder, { recursive: true });

const groups = new Map<string, Set<string>>();
const editions = new Set<string>();
const failed: string[] = [];
let tests = 0;
for (const { title, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
  const [, group, name, of] = FAULT.exec(title) ?? [];
  if (group === undefined || name === undefined || of === undefined) continue;
  tests++;
  groups.set(group, (groups.get(group) ?? new Set()).add(name));
  for (const edition of of.split(', ')) editions.add(edition);
  if (status !== 'passed') failed.push(title);
}
const summary = {
  ...stamp,
  kinds: [...groups.values()].reduce((sum, names) => sum + names.size, 0),
  groups: Object.fromEntries([...groups].map(([group, names]) => [group, names.size])),
  editions: [...editions],
  tests,
  failed,
};
const text = `${JSON.stringify(summary, null, 2)}\n`;
process.stdout.write(text);
if (values.json !== undefined) writeFileSync(values.json, text);
process.exitCode = failed.length > 0 ? 1 : 0;
