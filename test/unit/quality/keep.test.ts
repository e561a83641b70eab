import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentOf } from '../../../measure/quality/document.ts';
import { objectionTo, refusalOf } from '../../../measure/quality/keep.ts';
import { measurements } from '../../../measure/quality/measurements.ts';
import { inLanes } from '../../../measure/quality/schedule.ts';
import { nameOf, sourcesAt } from '../../support/sources.ts';

let root = '';
const write = (file: string, text: string): void => {
  mkdirSync(join(root, file, '..'), { recursive: true });
  writeFileSync(join(root, file), text);
};
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: root, encoding: 'utf8' });
const commit = (): void => void (git('add', '-A'), git('commit', '-qm', 'x'));

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'quality-'));
  git('init', '-q');
  write('src/a.ts', '1');
  commit();
});
afterAll(() => rmSync(root, { recursive: true }));

test('a result stays of its commit when only results and texts are committed after it', () => {
  const measured = sourcesAt(root);
  expect(measured).toEqual({ commit: git('rev-parse', '--short=7', 'HEAD').trim(), changed: [] });
  write('measure/quality/results/bench.json', '{}');
  write('docs/quality.md', '#');
  write('CHANGELOG.md', '#');
  expect(sourcesAt(root)).toEqual(measured);
  commit();
  expect(sourcesAt(root)).toEqual(measured);
  write('src/a.ts', '2');
  expect(sourcesAt(root)).toEqual({ commit: measured.commit, changed: ['src/a.ts'] });
  expect(nameOf(sourcesAt(root))).toBe(`${measured.commit}-dirty`);
  commit();
  expect(sourcesAt(root).commit).not.toBe(measured.commit);
});

test('nothing is measured for keeps in a tree with changes, and it says which and what to do', () => {
  const clean = { commit: 'abc1234', changed: [] };
  expect(refusalOf(clean)).toBeUndefined();
  expect(refusalOf({ ...clean, changed: ['src/a.ts'] })).toMatch(/commit these first.*\n {2}src\/a\.ts\n/);
  expect(refusalOf({ commit: '', changed: [] })).toMatch(/not a git working tree/);
});

test('a result is kept only when the sources stood still while it was made', () => {
  const before = { commit: 'abc1234', changed: [] };
  expect(objectionTo({ commit: 'abc1234' }, before, before)).toBeUndefined();
  expect(objectionTo(undefined, before, before)).toMatch(/no results/);
  expect(objectionTo({ commit: 'abc1234' }, before, { commit: 'def5678', changed: [] })).toMatch(/sources changed/);
  expect(objectionTo({ commit: 'abc1234' }, before, { ...before, changed: ['src/a.ts'] })).toMatch(/sources changed/);
  expect(objectionTo({ commit: 'abc1234-dirty' }, before, before)).toMatch(/abc1234-dirty/);
});

const loop = (of: string) => ({ kind: 'unplug', bad: [], times: 1000, commit: of, started: '2026-01-15T00:00:00Z' });

test('the document says when its rows are of several commits, and what was not measured', () => {
  const document = (kept: Record<string, object>): string => documentOf((name) => kept[name] as never).text;
  const one = document({ 'loop-unplug': loop('abc1234'), 'loop-broker': loop('abc1234') });
  expect(one).toContain('All rows were measured with commit abc1234');
  expect(one).toContain('**Not measured:** faults, soak-se, soak-dse, soak-j11,');
  const two = document({ 'loop-unplug': loop('abc1234'), 'loop-broker': loop('def5678') });
  expect(two).toContain('**These rows are of several commits**');
  expect(two).toContain('def5678: loop-broker; abc1234: loop-unplug');
});

test('a mutation run that kept files of an earlier commit is of several commits', () => {
  const files = [{ commit: 'abc1234' }, { commit: 'def5678' }];
  const mutation = { commit: 'abc1234', started: '2026-01-15', score: 92, killed: 1, survived: 1, files };
  const { text } = documentOf((name) => (name === 'mutation' ? mutation : undefined));
  expect(text).toContain('abc1234: mutation; def5678: mutation');
});

test('a kept result of uncommitted sources is none', () => {
  const { text, met } = documentOf((name) => (name === 'loop-unplug' ? loop('abc1234-dirty') : undefined));
  expect(text).not.toContain('dirty');
  expect(text).toContain('loop-unplug');
  expect(met).toBe(false);
});

test('side by side: what is in milliseconds runs alone, never two with bounds in seconds at once, and all run', async () => {
  const running = new Set<string>();
  const ran: string[] = [];
  await inLanes(Object.keys(measurements), async (name) => {
    running.add(name);
    const companies = [...running].map((one) => measurements[one]?.company);
    expect(running.size).toBeLessThanOrEqual(companies.includes('alone') ? 1 : 3);
    expect(companies.filter((company) => company === 'busy').length).toBeLessThanOrEqual(2);
    expect(companies.filter((company) => company === 'timed').length).toBeLessThanOrEqual(1);
    for (let turn = 0; turn < (measurements[name]?.minutes ?? 0); turn++) await Promise.resolve();
    running.delete(name);
    ran.push(name);
  });
  expect(ran.sort()).toEqual(Object.keys(measurements).sort());
});

test('the comparison with another program has a section of its own, and a row that is met only where we are better', () => {
  const results = (oursS: number | null) => ({
    commit: 'abc1234',
    started: '2026-11-28T00:00:00Z',
    version: '2026.11.0',
    faults: [
      {
        name: 'stick unplugged',
        ours: { trueAgainS: oursS, oldShownS: 1 },
        own: { trueAgainS: 40, oldShownS: 70 },
      },
    ],
  });
  const { text } = documentOf((name) => (name === 'side-by-side' ? results(6) : undefined));
  expect(text).toContain('| stick unplugged | 6 s | 40 s | 1 s | 70 s |');
  expect(text).toContain('| 1 of 1, below; commit abc1234, 2026-11-28 | yes |');
  const never = documentOf((name) => (name === 'side-by-side' ? results(null) : undefined)).text;
  expect(never).toContain('| stick unplugged | never | 40 s |');
  expect(never).toContain('| 0 of 1, below; commit abc1234, 2026-11-28 | **no** |');
});
