import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleText } from '../../../src/config/example.ts';
import { ID, minimal, minimalEnvironment, PASSWORD } from '../config/load-text.ts';
import { cli } from './run.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'broute2mqtt-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test('check: OK and a summary without secrets', async () => {
  const path = write('c.yaml', minimal('', '  username: user\n  password: geheim\nhttp: {token: geheimes-kennwort}\n'));
  const { exitCode, stdout, stderr } = await cli(['config', 'check', '--config', path]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.split('\n')[0]).toBe(`${path}: OK`);
  for (const part of ['home', '/dev/ttyUSB0', 'mqtt://localhost', '127.0.0.1:8080']) expect(stdout).toContain(part);
  for (const secret of [ID, PASSWORD, 'geheim']) expect(stdout).not.toContain(secret);
});

test('check: whether hours are imported into Home Assistant, without the token', async () => {
  const account = 'home_assistant: {url: "http://ha.local", token: geheim, import_statistics: dry_run}';
  const path = write('c.yaml', minimal('', `${account}\nstate_dir: s\n`));
  const { stdout } = await cli(['config', 'check', '--config', path]);
  expect(stdout).toContain('import into its statistics: dry_run, http://ha.local\n');
  expect(stdout).not.toContain('geheim');
});

test('check: --config may stand anywhere, and every problem goes to stderr with exit code 78', async () => {
  const path = write('c.yaml', minimal('    interval_s: 1\n', 'colour: red\n'));
  for (const args of [
    ['config', 'check', '--config', path],
    ['--config', path, 'config', 'check'],
    ['config', `--config=${path}`, 'check'],
  ]) {
    expect(await cli(args)).toEqual({
      exitCode: 78,
      stdout: '',
      stderr: `${path}:6: meters[0].interval_s: must be at least 2\n${path}:9: colour: unknown key\n`,
    });
  }
  const { stderr } = await cli(['config', 'check', '--config', path], { language: 'ja' });
  expect(stderr).toContain('2 以上にしてください');
});

test('check: a file that was named has to be there', async () => {
  const path = join(folder, 'none.yaml');
  expect(await cli(['config', 'check', '--config', path], { env: minimalEnvironment })).toEqual({
    exitCode: 78,
    stdout: '',
    stderr: `${path}: file does not exist. Let it be made: broute2mqtt setup --config ${path}. Or write one and edit it: broute2mqtt config example > ${path}\n`,
  });
});

test.each([0o640, 0o604])('check: warns when others can read what is secret (mode %o)', async (mode) => {
  const secret = write('pw', PASSWORD, mode);
  const yaml = minimal().replace(/route_b_password: .*/, `route_b_password_file: ${secret}`);
  const path = write('c.yaml', yaml, mode);
  const { exitCode, stderr } = await cli(['config', 'check', '--config', path]);
  expect(exitCode).toBe(0);
  expect(stderr).toBe(
    [path, secret].map((file) => `warning: ${file} holds secrets and others can read it: chmod 600 ${file}\n`).join(''),
  );
});

test.each([
  ['0.0.0.0:8080', '', true],
  ['192.168.1.5:8080', '', true],
  ['0.0.0.0:8080', ', token: geheimes-kennwort', false],
  ['127.0.0.1:8080', '', false],
  ['"[::1]:8080"', '', false],
  ['localhost:8080', '', false],
])('check: warns of a page that everybody can open (%s%s: %s)', async (listen, token, warns) => {
  const path = write('c.yaml', minimal('', `http: { listen: ${listen}${token} }\n`));
  const { exitCode, stderr } = await cli(['config', 'check', '--config', path]);
  expect([exitCode, stderr.includes('set http.token')]).toEqual([0, warns]);
  const ja = await cli(['config', 'check', '--config', path], { language: 'ja' });
  expect(ja.stderr.includes('http.token を設定してください')).toBe(warns);
});

test('check: a file without a secret in it may be read by everyone', async () => {
  const yaml = minimal()
    .replace(/route_b_id: .*/, `route_b_id_file: ${write('id', ID)}`)
    .replace(/route_b_password: .*/, `route_b_password_file: ${write('pw', PASSWORD)}`);
  expect(await cli(['config', 'check', '--config', write('c.yaml', yaml, 0o644)])).toMatchObject({ stderr: '' });
});

test('schema and example are printed', async () => {
  const schema = await cli(['config', 'schema']);
  expect(schema).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(schema.stdout)).toMatchObject({ title: 'broute2mqtt', type: 'object' });
  expect(await cli(['config', 'example'])).toEqual({ exitCode: 0, stdout: await exampleText(), stderr: '' });
});

test('once the configuration is read, the command line speaks its language; without one, that of the environment', async () => {
  const chosen = write('ja.yaml', minimal('', 'language: ja\n'));
  const open = write('open.yaml', minimal());
  const scan = (path: string): ReturnType<typeof cli> => cli(['scan', '--config', path, '--meter', 'nowhere']);
  expect((await scan(chosen)).stderr).toContain('そのidのメーターは設定されていません');
  expect((await scan(open)).stderr).toContain('no meter of that id is configured');
});
