import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';

const env = { BROUTE2MQTT_STAY_ON_MISTAKE: '1', BROUTE2MQTT_LANGUAGE: 'en' };
const withPage = async () => ({ ...env, BROUTE2MQTT_HTTP_LISTEN: `127.0.0.1:${await freePort()}` });

const codeIn = (stderr: string): string => /\?code=(\S+)/.exec(stderr)?.[1] ?? '';

/** Asks the page of set-up as its script does. */
async function ask({ stderr }: { readonly stderr: string }, action: string, body: object = {}): Promise<string> {
  const [where = '', , code = ''] = /(http:\S+\/)(\?code=(\S+))/.exec(stderr)?.slice(1) ?? [];
  const headers = { 'content-type': 'application/json' };
  const url = `${where}api/setup/${action}?code=${code}`;
  return await (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).text();
}

async function wrongFile(home: Household): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mistake-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) });
  const file = join(folder, 'config.yaml');
  await writeFile(file, 'meters: []\n', { mode: 0o600 });
  return file;
}

test('where Compose would restart it for ever, a wrong command line is told once and waits', async () => {
  await using home = new Household();
  const program = home.cli(['run', '--nonsense'], { env });
  await program.until(() => program.stderr.includes('Waiting: correct this'), 'it waits');
  expect(program.stderr).toContain('--nonsense');
  expect(program.code).toBeUndefined();
  expect((await program.end('SIGTERM')).code).toBe(64);
});

test('a wrong configuration is told once and waits, with a page', async () => {
  await using home = new Household();
  const file = await wrongFile(home);
  const program = home.cli(['run', '--config', file], { env: await withPage() });
  await program.until(() => program.stderr.includes('What is wrong is shown at'), 'it says where');
  expect(program.stderr).toContain(`${file}:1: meters`);
  expect(program.stderr).toContain('Waiting: correct this');
  expect(program.code).toBeUndefined();
  expect((await program.end('SIGTERM')).code).toBe(78);
});

test('without a configuration it serves set-up, and says where, with the code', async () => {
  await using home = new Household();
  const all = await withPage();
  const program = home.cli(['run', '--config', '/nowhere/config.yaml'], { env: all });
  const where = `http://${all.BROUTE2MQTT_HTTP_LISTEN}/`;
  await program.until(() => program.stderr.includes(`${where}?code=`), 'it says where');
  expect(program.stderr).toContain('No configuration yet');
  expect((await fetch(where)).status).toBe(401); // in a container everybody may seem to be this machine
  expect((await fetch(where, { headers: { 'x-forwarded-for': '192.0.2.1' } })).status).toBe(401);
  expect((await fetch(`${where}?code=${codeIn(program.stderr)}`)).status).toBe(200);
  expect((await fetch(`${where}%zz`)).headers.get('content-security-policy')).not.toBeNull();
  expect((await fetch(`${where}healthz`)).status).toBe(503);
  expect((await program.end('SIGTERM')).code).toBe(78);
});

test('an empty file, or a folder in its place, is wrong and not missing: set-up writes over nothing', async () => {
  await using home = new Household();
  const file = await wrongFile(home);
  await writeFile(file, '');
  for (const path of [file, dirname(file)]) {
    const program = home.cli(['run', '--config', path], { env: await withPage() });
    await program.until(() => program.stderr.includes('http://127.0.0.1'), 'it says where');
    expect(program.stderr, path).toContain('What is wrong is shown at');
    await program.end('SIGTERM');
  }
});

test('what is wrong in the environment is told before set-up, and no login is repeated', async () => {
  await using home = new Household();
  const all = { ...(await withPage()), BROUTE2MQTT_MQTT_URL: 'mqtt://user:geheim9@host' };
  const program = home.cli(['run', '--config', '/nowhere/config.yaml'], { env: all });
  await program.until(() => program.stderr.includes('http://127.0.0.1'), 'it says where');
  const text = await ask(program, 'state');
  expect(text).toContain('BROUTE2MQTT_MQTT_URL');
  expect(text + program.stderr).not.toContain('geheim9');
  expect((await program.end('SIGTERM')).code).toBe(78);
});

test('set-up says in words why it cannot go on: an answer, the environment, the disk', async () => {
  await using home = new Household();
  const all = { ...(await withPage()), BROUTE2MQTT_MQTT_URL: 'mqtt://127.0.0.1:9' };
  const late = { BROUTE2MQTT_MQTT_PASSWORD_FILE: '/nowhere/password' }; // of a broker that has not begun
  const program = home.cli(['run', '--config', '/sys/nowhere/config.yaml'], { env: { ...all, ...late } });
  await program.until(() => program.stderr.includes('No configuration yet'), 'it says where');
  const typed = { device: '/dev/null', id: '5EC4E7001122334455667788DEADBEEF', password: 'Q7RS8TUV9WXY' };
  expect(await ask(program, 'broker')).toContain('meters[0].device');
  expect(await ask(program, 'try', { ...typed, device: '/dev/nowhere' })).toContain(
    '{"problems":{"device":"there is no such port',
  );
  expect(await ask(program, 'try', typed)).toBe('{}');
  await eventually(async () => (await ask(program, 'trial')).includes('/nowhere/password'), 'a reason');
  expect(await ask(program, 'broker')).toContain('BROUTE2MQTT_MQTT_PASSWORD_FILE');
  await program.end('SIGTERM');

  const again = home.cli(['run', '--config', '/sys/nowhere/config.yaml'], { env: all });
  await again.until(() => again.stderr.includes('No configuration yet'), 'it says where');
  await ask(again, 'try', typed);
  await ask(again, 'preview');
  expect(await ask(again, 'write')).toContain('/sys/nowhere/config.yaml cannot be written');
  expect(program.stderr + again.stderr).not.toContain('defect');
});

test('where the page cannot be served, it waits all the same', async () => {
  await using home = new Household();
  const file = await wrongFile(home);
  const program = home.cli(['run', '--config', file], { env: { ...env, BROUTE2MQTT_HTTP_LISTEN: '192.0.2.1:8080' } });
  await program.until(() => program.stderr.includes('start the container anew'), 'it waits');
  expect(program.stderr).toContain('cannot listen on 192.0.2.1:8080');
  expect((await program.end('SIGTERM')).code).toBe(78);
});

test.each([['NOTIFY_SOCKET'], ['INVOCATION_ID']])('systemd (%s) is told by the exit code', async (name) => {
  await using home = new Household();
  const program = home.cli(['run', '--config', '/nowhere/config.yaml'], { env: { ...env, [name]: '/x' } });
  await program.until(() => program.stderr.includes('/nowhere/config.yaml'), 'it tells');
  expect(program.stderr).not.toContain('?code=');
});

test('a one-shot command ends all the same', async () => {
  await using home = new Household();
  const program = home.cli(['config', 'check', '--config', '/nowhere/config.yaml'], { env });
  expect(await program.ended).toBe(78);
});
