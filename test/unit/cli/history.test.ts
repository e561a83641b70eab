import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HalfHourArchive } from '../../../src/archive/half-hour-archive.ts';
import { logLines } from '../../support/log-lines.ts';
import { cli } from './run.ts';
import type { Outcome } from './run.ts';

const at = (time: string): number => Date.parse(`${time}:00+09:00`);
const ids = { route_b_id: '0123456789ABCDEF0123456789ABCDEF', route_b_password: 'ABCDEFGHIJKL' };
let dir: string;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: at('2026-01-16T01:10') });
  dir = await mkdtemp(join(tmpdir(), 'history-'));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(dir, { recursive: true, force: true });
});

async function run(args: readonly string[], settings: object = {}, language: 'en' | 'ja' = 'en'): Promise<Outcome> {
  const path = join(dir, 'config.yaml');
  const config = { meters: [{ id: 'home', device: '/dev/null', ...ids }], http: {}, state_dir: dir, ...settings };
  await writeFile(path, JSON.stringify(config));
  return await cli(['history', '--config', path, ...args], { language });
}

/** 0.1 kWh bought a half hour; 14:00 to 15:00 of the first day was never read. */
async function fill(): Promise<void> {
  const archive = await HalfHourArchive.open(join(dir, 'home'), logLines().log);
  for (let i = 0; i <= 26; i++) {
    const markMs = at('2026-01-15T12:00') + i * 1_800_000;
    if (i !== 5) archive.add('M', { markMs, importKwh: (1000 + i) / 10, exportKwh: 7 });
  }
  await archive.close();
}

test('by day, as a table', async () => {
  await fill();
  expect(await run([])).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: `home
day (JST)          bought, kWh    sold, kWh   register bought     register sold
2026-01-15                 2.4            0                 –                 –   24 half hours missing
2026-01-16                 0.2            0             102.4                 7
`,
  });
  expect((await run([], {}, 'ja')).stdout).toBe(`home
日（日本時間）        買電 kWh     売電 kWh      積算（買電）      積算（売電）
2026-01-15                 2.4            0                 –                 –   30分値 24コマ欠け
2026-01-16                 0.2            0             102.4                 7
`);
});

test('by half hour, as CSV for a spreadsheet, and JSON for a program: what is not known is empty or left out', async () => {
  await fill();
  const csv = (await run(['--by', 'half-hour', '--format', 'csv', '--from', '2026-01-15', '--to', '2026-01-15']))
    .stdout;
  expect(csv.split('\n').slice(0, 2)).toEqual([
    'meter,time,import,export,bought,sold,missing',
    'home,2026-01-15T00:00:00+09:00,,,,,1',
  ]);
  expect(csv).toContain(
    'home,2026-01-15T14:00:00+09:00,100.4,7,,,1\nhome,2026-01-15T14:30:00+09:00,,,,,1\nhome,2026-01-15T15:00:00+09:00,100.6,7,0.1,0,0\n',
  );
  expect(csv.trim().split('\n')).toHaveLength(49);
  const json = JSON.parse((await run(['--by', 'month', '--format', 'json', '--days', '3'])).stdout) as unknown;
  expect(json).toEqual([{ meter: 'home', month: '2026-01', bought: 2.6, sold: 0, missing: 696 }]);
});

test('with prices in the configuration CSV and JSON say what each period cost and brought', async () => {
  await fill();
  const prices = { buy: 31, sell: 16 };
  const csv = (
    await run(['--by', 'half-hour', '--format', 'csv', '--from', '2026-01-15', '--to', '2026-01-15'], { prices })
  ).stdout;
  expect(csv).toMatch(/^meter,time,import,export,bought,sold,missing,cost,income\n/);
  expect(csv).toContain('home,2026-01-15T00:00:00+09:00,,,,,1,,\n');
  expect(csv).toContain('home,2026-01-15T15:00:00+09:00,100.6,7,0.1,0,0,3.1,0\n');
  const json = JSON.parse(
    (await run(['--by', 'month', '--format', 'json', '--days', '3'], { prices })).stdout,
  ) as unknown;
  expect(json).toMatchObject([{ bought: 2.6, cost: 80.6, income: 0 }]);
});

test('nothing yet, no state_dir, a day that is none: each is said, with what to do', async () => {
  expect(await run([])).toMatchObject({
    exitCode: 69,
    stdout: '',
    stderr: expect.stringContaining('No half hours of that time yet') as string,
  });
  expect(await run([], {}, 'ja')).toMatchObject({
    exitCode: 69,
    stderr: expect.stringContaining('30分値はまだありません') as string,
  });
  expect(await run([], { state_dir: undefined })).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('Set state_dir') as string,
  });
  expect(await run(['--from', '2026-02-30'])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('2026-01-15') as string,
  });
  expect(await run(['--from', '2026-01-02', '--to', '2026-01-01'])).toMatchObject({ exitCode: 64 });
  expect(await run(['--from', '2026-01-02', '--days', '3'])).toMatchObject({ exitCode: 64 });
  expect(await run(['--days', '0'])).toMatchObject({ exitCode: 64 });
  expect(await run(['--meter', 'shop'])).toMatchObject({ exitCode: 64 });
});
