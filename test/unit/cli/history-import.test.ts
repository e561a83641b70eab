import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HA_TOKEN } from '../../support/fake-home-assistant.ts';
import { at, filledRows, gapRows, IMPORT, ImportRig } from '../home-assistant/import-rig.ts';
import { cli } from './run.ts';
import type { Outcome } from './run.ts';

let rig: ImportRig;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: at(6.2) });
  rig = await ImportRig.create(false);
  await rig.archive.close();
});
afterEach(async () => {
  vi.useRealTimers();
  await rig[Symbol.asyncDispose]();
});

const ids = { route_b_id: '0123456789ABCDEF0123456789ABCDEF', route_b_password: 'ABCDEFGHIJKL' };

async function run(args: readonly string[], settings: object = {}, language: 'en' | 'ja' = 'en'): Promise<Outcome> {
  const path = join(rig.dir, 'config.yaml');
  const config = {
    meters: [{ id: 'home', device: '/dev/null', ...ids }],
    http: {},
    home_assistant: { url: rig.ha.url, token: HA_TOKEN },
    state_dir: rig.dir,
    ...settings,
  };
  await writeFile(
    path,
    JSON.stringify(config, (_, value: unknown) => value ?? undefined),
  );
  return await cli(['history', 'import', '--config', path, ...args], { language });
}

const TABLE = `home  sensor.smart_meter_energy_import: hour (JST), register at its end, energy of the hour before → after, kWh
  2026-01-15 01:00           102         0.5 →         1
  2026-01-15 02:00           103           – →         1
  2026-01-15 03:00           104           – →         1
  2026-01-15 04:00             –         3.5 →         1  (the row stays as it is)
`;

test('shown, written, nothing more to do, shown, taken back', async () => {
  const shown = await run(['--dry-run']);
  expect(shown).toEqual({ exitCode: 0, stdout: TABLE, stderr: 'hours that would be written: 3\n' });
  expect(rig.ha.rows(IMPORT)).toEqual(gapRows(false));
  const written = await run([]);
  expect(written).toEqual({ exitCode: 0, stdout: TABLE, stderr: 'hours written: 3 (take them back: --undo)\n' });
  expect(rig.ha.rows(IMPORT)).toEqual(filledRows);
  expect(await run([])).toEqual({ exitCode: 0, stdout: '', stderr: 'nothing to import\n' });
  const undo = `home  sensor.smart_meter_energy_import: hour (JST), sum written → sum before
  2026-01-15 01:00             –           2 →       1.5
  2026-01-15 02:00             –           3 →         –  (removed: there was no row)
  2026-01-15 03:00             –           4 →         –  (removed: there was no row)
`;
  expect(await run(['--undo', '--dry-run'])).toEqual({
    exitCode: 0,
    stdout: undo,
    stderr: 'hours that would be given back: 3\n',
  });
  expect(rig.ha.rows(IMPORT)).toEqual(filledRows);
  expect(await run(['--undo'])).toEqual({ exitCode: 0, stdout: undo, stderr: 'hours given back: 3\n' });
  expect(rig.ha.rows(IMPORT)).toEqual(gapRows(false));
  expect(await run(['--undo'])).toEqual({ exitCode: 0, stdout: '', stderr: 'nothing to undo\n' });
  expect((await run(['--meter', 'home'], {}, 'ja')).stderr).toBe('書き込んだ時間: 3（元に戻すには --undo）\n');
}, 20_000);

test('what is left alone is told, with the reason', async () => {
  const statistic = rig.ha.statistics.get(IMPORT);
  for (const row of statistic?.hours.values() ?? []) if (row.state >= 105) row.sum += 10; // corrected by hand
  const { exitCode, stdout, stderr } = await run([], {}, 'ja');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('2026-01-15 02:00 – 2026-01-15 04:00  そのまま: 前後の合計値のつじつまが合いません');
  expect(stderr).toBe('書き込むものはありません\n');
});

test.each([
  [
    'no address',
    { home_assistant: {} },
    78,
    'history import needs home_assistant.url, home_assistant.token and state_dir [CONFIG_INVALID]',
  ],
  ['no state_dir', { state_dir: null }, 78, '[CONFIG_INVALID]'],
  [
    'another token',
    { home_assistant: { url: 'RIG', token: 'CANARY' } },
    69,
    'does not take the token [HOME_ASSISTANT_DENIED]',
  ],
  [
    'nobody there',
    { home_assistant: { url: 'http://127.0.0.1:1', token: 'CANARY' } },
    69,
    '[HOME_ASSISTANT_UNREACHABLE]',
  ],
])('%s: a reason and an exit code', async (_, settings, exitCode, text) => {
  const outcome = await run([], JSON.parse(JSON.stringify(settings).replace('RIG', rig.ha.url)) as object);
  expect(outcome).toMatchObject({ exitCode, stdout: '' });
  expect(outcome.stderr).toContain(text);
  expect(outcome.stderr).not.toContain('CANARY');
});

test('a Home Assistant that knows nothing of us', async () => {
  rig.ha.registry = [];
  const { exitCode, stderr } = await run([]);
  expect(exitCode).toBe(69);
  expect(stderr).toContain('has no statistics of our energy entities');
});

test('another meter’s id, and options of history alone, are usage errors', async () => {
  const unknown = await run(['--meter', 'nope']);
  expect(unknown).toMatchObject({ exitCode: 64, stdout: '' });
  expect(unknown.stderr).toContain('there are: home');
  const foreign = await run(['--days', '3']);
  expect(foreign).toMatchObject({ exitCode: 64, stdout: '' });
  expect(foreign.stderr).toContain('--days has no meaning for history import');
  expect(rig.ha.connections).toBe(0);
});
