import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildImage, engine, freshClone, mustEngine, plugIn, print, requireEngine, seconds } from './harness.ts';
import type { Outcome, Stick } from './harness.ts';

const repository = join(import.meta.dirname, '../..');
const IMAGE = 'broute2mqtt-app';
const TOKEN = '0123456789abcdef0123456789abcdef0123456789abcdef';
const [USER, PASSWORD] = ['addons', 'broker-password'];
const options = {
  device: '/dev/ttyUSB0',
  route_b_id: '0123456789ABCDEF0123456789ABCDEF',
  route_b_password: 'ABCDEFGHIJKL',
  interval_s: 2,
  energy_interval_s: 60,
  language: 'ja',
  log_level: 'info',
  import_statistics: 'off',
};
/** Nothing of an earlier or another run is in the way. */
const name = (of: string): string => `b2m${process.pid}-${of}`;
let clone: string;
let data: string;
let stick: Stick;

beforeAll(async () => {
  await requireEngine();
  [clone, data] = await Promise.all([freshClone(), mkdtemp(join(tmpdir(), 'broute2mqtt-data-'))]);
  await buildImage(clone);
  await buildApp();
  await mustEngine(['podman', 'network', 'create', '--subnet', '172.30.32.0/23', name('hassio')]);
  stick = await plugIn();
});
afterAll(async () => {
  for (const of of ['app', 'mosquitto', 'supervisor']) await engine(['podman', 'rm', '-f', '-v', '-t', '0', name(of)]);
  await engine(['podman', 'network', 'rm', '-f', name('hassio')]);
  await stick?.[Symbol.asyncDispose]();
  for (const folder of [clone, data]) if (folder) await rm(folder, { recursive: true, force: true });
});

/** As the Supervisor does it: in the app's folder, with its build arguments; the base is the image built here. */
async function buildApp(): Promise<void> {
  const { version } = JSON.parse(await readFile(join(clone, 'package.json'), 'utf8')) as { version: string };
  await mustEngine(['podman', 'tag', 'localhost/broute2mqtt', `ghcr.io/broute2mqtt/broute2mqtt:${version}`]);
  const started = performance.now();
  const args = ['--build-arg', `BUILD_VERSION=${version}`, '--build-arg', 'BUILD_ARCH=amd64', '-t', IMAGE, '.'];
  await mustEngine(['podman', 'build', '--pull=never', ...args], {
    cwd: join(clone, 'deploy/home-assistant-app'),
    timeoutMs: 120_000,
  });
  print(`app built in ${seconds(performance.now() - started)}`);
}

/** A container in the Supervisor's network, by the names the others know it by. */
async function start(of: string, image: string, flags: readonly string[], args: readonly string[] = []): Promise<void> {
  const fixed = ['-d', '--pull=never', '--name', name(of), '--network', name('hassio')];
  await mustEngine(['podman', 'run', ...fixed, ...flags, image, ...args]);
}

const inside = (of: string, ...command: readonly string[]): Promise<Outcome> =>
  engine(['podman', 'exec', name(of), ...command], { timeoutMs: 90_000 });
const statusFrom = async (of: string, path: string): Promise<string> => {
  const script = `fetch('http://${name('app')}:8099${path}').then((r) => console.log(r.status), (e) => console.log(e.cause?.code))`;
  return (await inside(of, 'node', '-e', script)).stdout.trim();
};
const appLog = async (): Promise<string> => (await engine(['podman', 'logs', name('app')])).text;

test('the linter has nothing to say about its Dockerfile', async () => {
  const { code, text } = await engine(['hadolint', '--no-color', 'deploy/home-assistant-app/Dockerfile']);
  expect({ code, text }).toEqual({ code: 0, text: '' });
});

test('the AppArmor profile can be compiled, by the name an installed app has; a wrong one cannot', async () => {
  const profile = await readFile(join(repository, 'deploy/home-assistant-app/apparmor.txt'), 'utf8');
  const file = join(data, 'profile');
  const compiled = async (text: string): Promise<Outcome> => {
    await writeFile(file, text);
    return engine(['apparmor_parser', '--skip-kernel-load', '--skip-cache', '--abort-on-error', file]);
  };
  const installed = profile.replace('profile broute2mqtt ', 'profile a0d7b954_broute2mqtt ');
  expect(await compiled(installed)).toMatchObject({ code: 0 });
  expect(await compiled(installed.replace('inet stream', 'inet steam'))).toMatchObject({ code: 1 });
  await rm(file);
});

test('the image says what it is, and what is checked is up to the Supervisor', async () => {
  const { stdout } = await mustEngine(['podman', 'image', 'inspect', IMAGE]);
  const [info] = JSON.parse(stdout) as [{ Config: { Labels: object; User: string }; Healthcheck?: { Test: string[] } }];
  expect(info.Config).toMatchObject({
    User: '0',
    Labels: { 'io.hass.version': '0.1.0', 'io.hass.type': 'app', 'io.hass.arch': 'aarch64|amd64' },
    Entrypoint: ['node', '/app/dist/cli/main.js'],
    Cmd: ['run'],
  });
  expect(info.Healthcheck?.Test ?? ['NONE']).toEqual(['NONE']);
});

test('with the Supervisor at its own address, root without a capability reads the meter and tells the broker', async () => {
  const asSupervisor = [
    '--ip',
    '172.30.32.2',
    '--network-alias',
    'supervisor',
    '-v',
    `${join(repository, 'test')}:/test:ro`,
  ];
  const script = '/test/container/supervisor-child.ts';
  await start('supervisor', 'node:22.21.1-bookworm-slim', asSupervisor, [
    'node',
    script,
    TOKEN,
    'core-mosquitto',
    USER,
    PASSWORD,
  ]);
  const setUp = `mosquitto_passwd -b -c /tmp/passwords ${USER} ${PASSWORD} && chmod 644 /tmp/passwords &&
    printf 'listener 1883\\nallow_anonymous false\\npassword_file /tmp/passwords\\n' > /tmp/conf && exec mosquitto -c /tmp/conf`;
  await start('mosquitto', 'eclipse-mosquitto:2.0.22', ['--network-alias', 'core-mosquitto'], ['sh', '-c', setUp]);
  await writeFile(join(data, 'options.json'), JSON.stringify(options));
  await chmod(join(data, 'options.json'), 0o600);
  await chmod(data, 0o755);
  const began = performance.now();
  const asInstalled = ['--cap-drop', 'all', '-v', `${data}:/data`, '-e', `SUPERVISOR_TOKEN=${TOKEN}`];
  const port = ['-v', `${stick.pty}:/dev/ttyUSB0`, '--device-cgroup-rule', 'c 136:* rmw'];
  await start('app', IMAGE, [...asInstalled, ...port]);
  const { stdout, text } = await inside(
    'mosquitto',
    'mosquitto_sub',
    '-u',
    USER,
    '-P',
    PASSWORD,
    '-t',
    'broute2mqtt/home/readings',
    '-C',
    '1',
    '-W',
    '75',
  );
  expect(stdout, `${text}\n${await appLog()}`).toContain('"meter":"home"');
  print(`first reading ${seconds(performance.now() - began)} after the start of the app`);
  expect((await inside('app', 'sh', '-c', 'id -u; grep CapEff /proc/1/status')).stdout).toMatch(
    /^0\nCapEff:\s+0{16}\n$/,
  );
});

test('the page and the watchdog’s question are answered for the Supervisor and for nobody else', async () => {
  for (const path of ['/', '/api/status', '/livez']) {
    expect(await statusFrom('supervisor', path), path).toBe('200');
    expect(await statusFrom('app', path), path).toBe('403'); // its own address
  }
});

test('every command has the app’s configuration, and nothing secret is in the log', async () => {
  const main = '/app/dist/cli/main.js';
  expect((await inside('app', 'node', main, 'health')).stdout).toBe('ok\n');
  const { code, text } = await inside('app', 'node', main, 'config', 'check');
  expect(code, text).toBe(0);
  expect(text).toContain('mqtt://core-mosquitto:1883');
  const log = await appLog();
  for (const secret of [TOKEN, PASSWORD, options.route_b_id, options.route_b_password])
    expect(log + text).not.toContain(secret);
});

test('it stops long before the Supervisor would lose patience', async () => {
  const began = performance.now();
  await engine(['podman', 'stop', '-t', '10', name('app')]);
  expect(performance.now() - began).toBeLessThan(6000);
  const { stdout } = await engine(['podman', 'inspect', '-f', '{{.State.ExitCode}}', name('app')]);
  expect(stdout.trim()).toBe('0');
});
