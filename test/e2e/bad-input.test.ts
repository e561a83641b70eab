import { chmod, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import type { Bridge } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { Mosquitto } from '../support/mosquitto.ts';
import type { MqttWatcher } from '../support/mqtt-watcher.ts';
import { Program } from '../support/program.ts';
import type { StickOptions } from '../support/stick.ts';

const root = 'broute2mqtt/home';
const NOBODY = 65_534;

const wrong = `meters:
  - id: Home Meter
    device: ttyUSB0
    route_b_id: "123"
    route_b_password: short
    intervall_s: 5
mqtt:
  url: http://localhost
  pasword: x
language: fr
`;

test.concurrent(
  'a wrong configuration: all problems at once, each with its line and what is right; exit code 78',
  async () => {
    await using home = new Household();
    const bridge = await home.bridge({ meters: [{ device: '/dev/null' }] });
    await bridge.program.kill();
    await writeFile(bridge.configFile, wrong);
    bridge.restart();
    expect(await bridge.program.ended).toBe(78);
    const said = bridge.program.stderr.trim().split('\n');
    const file = bridge.configFile;
    expect(said.map((line) => line.replace(`${file}:`, '').split(': ').slice(0, 2).join(' '))).toEqual([
      '2 meters[0].id',
      '3 meters[0].device',
      '4 meters[0].route_b_id',
      '5 meters[0].route_b_password',
      '6 meters[0].intervall_s',
      '8 mqtt.url',
      '9 mqtt.pasword',
      '10 language',
    ]);
    expect(said[4]).toContain('did you mean "interval_s"?');
    expect(said.join('\n')).not.toContain('short');
    expect(bridge.program.stdout).toBe('');
  },
);

test.concurrent('no configuration at all: how to write one; exit code 78', async () => {
  await using home = new Household();
  const program = home.cli(['run'], { cwd: dirname((await home.absentStick()).path) });
  expect(await program.ended).toBe(78);
  expect(program.stderr).toContain('broute2mqtt setup');
  expect(program.stderr).toContain('broute2mqtt config example > config.yaml');
});

interface Served {
  readonly broker: Mosquitto;
  readonly watcher: MqttWatcher;
  readonly bridge: Bridge;
}

async function served(home: Household, device: string, uid?: number): Promise<Served> {
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const meters = [{ device }];
  const bridge = await home.bridge({ broker: broker.url, meters, ...(uid === undefined ? {} : { uid }) });
  return { broker, watcher, bridge };
}

/** It runs, waits, tells the broker why, and shows nothing as current. */
async function expectWaiting({ bridge, watcher }: Served, code: string): Promise<void> {
  await bridge.until(() => watcher.last(`${root}/state/link`)?.payload.includes(`"last_error":"${code}"`), 'told');
  await bridge.until(() => watcher.last(`${root}/bridge/availability`)?.payload === 'online', 'the bridge is online');
  expect(watcher.last(`${root}/meter/availability`)?.payload).toBe('offline');
  expect(watcher.last(`${root}/state/instant`)).toBeUndefined();
  expect(bridge.program.code).toBeUndefined();
}

test.concurrent(
  'a device without permission: owner, mode, who we are and the line to add; then it works by itself',
  async () => {
    await using home = new Household();
    const stick = await home.stick();
    await chmod(dirname(stick.path), 0o755);
    await chmod(stick.device, 0o000);
    const asRoot = process.getuid?.() === 0;
    const scene = await served(home, stick.path, asRoot ? NOBODY : undefined);
    const { message, hint } = await scene.bridge.fails('PORT_DENIED');
    expect(message).toContain(`${stick.path}: permission denied (EACCES)`);
    expect(message).toContain('mode 0000');
    expect(message).toContain(`we are uid ${asRoot ? NOBODY : process.getuid?.()}`);
    for (const word of ['docker-compose: devices: [', 'SupplementaryGroups=', 'usermod -aG', 'Home Assistant app'])
      expect(hint).toContain(word);
    await expectWaiting(scene, 'PORT_DENIED');
    await chmod(stick.device, 0o666);
    await scene.bridge.until(() => readingsOf(scene.watcher).length > 1, 'readings', 60_000);
  },
);

test.concurrent('a port that another program holds: its name and pid; free again, it is taken', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const first = await home.bridge({ meters: [{ device: stick.path, id: 'first' }], config: webOnly });
  await first.reaches('connected', 'first');
  const scene = await served(home, stick.path);
  const { message, hint } = await scene.bridge.fails('PORT_BUSY');
  expect(message).toMatch(new RegExp(`${stick.path}: used by \\S+ \\(pid ${first.pid}\\)`));
  expect(hint).toContain(`kill ${first.pid}`);
  await expectWaiting(scene, 'PORT_BUSY');
  expect(first.phase('first')).toBe('connected');
  await first.end();
  await scene.bridge.until(() => readingsOf(scene.watcher).length > 1, 'readings', 60_000);
});

/** pyserial's way: opened raw, no lock asked for; it reads as long as it lives. */
const reader = `import os, sys, tty
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
tty.setraw(port)
print("open", flush=True)
while True: os.read(port, 1)`;

test.concurrent(
  'a port that a program without a lock reads: named, and not a byte of ours goes out until it has ended',
  async () => {
    await using home = new Household();
    const stick = await home.stick();
    await using other = new Program('python3', ['-c', reader, stick.device]);
    await other.until(() => other.stdout.includes('open'), 'the other program reads');
    const scene = await served(home, stick.path);
    const { message, hint } = await scene.bridge.fails('PORT_BUSY');
    expect(message).toContain(`${stick.path}: used by python3 (pid ${other.pid})`);
    expect(hint).toContain(`kill ${other.pid}`);
    await expectWaiting(scene, 'PORT_BUSY');
    expect(stick.heard).toBe('');
    await other.kill();
    await scene.bridge.until(() => readingsOf(scene.watcher).length > 1, 'readings', 60_000);
    expect(scene.bridge.phases().filter((phase) => phase === 'connected')).toHaveLength(1);
  },
);

const webOnly = { http: { listen: '127.0.0.1:0' } };

test.concurrent('a broker that refuses the login: what to check; readings wait for it', async () => {
  await using home = new Household();
  const [stick, broker] = [await home.stick(), await home.broker({ login: true })];
  const mqtt = { url: broker.url, username: 'meter', password: 'correct horse' };
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { mqtt } });
  const { message, hint } = await bridge.fails('BROKER_REFUSED');
  expect(message).toContain('not authorized');
  expect(hint).toContain('mqtt.password');
  await bridge.until(() => bridge.phase() === 'connected' && bridge.readings() > 2, 'the meter is read all the same');
  const watcher = await bridge.frozenWhile(async () => {
    await broker.setPassword('meter', 'correct horse');
    await broker.setPassword('tester', 'tester');
    return await home.watch(broker.url, { username: 'tester', password: 'tester' });
  });
  await bridge.until(() => readingsOf(watcher).length > 2, 'readings', 60_000);
  expect(readingsOf(watcher)[0]?.seq).toBe(1);
});

interface Wrong {
  readonly title: string;
  readonly stick: StickOptions;
  readonly code: string;
  readonly message: RegExp;
  readonly hint: string;
}

const node = (code: string): readonly string[] => [process.execPath, '-e', code];
const sentence = String.raw`$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n`;

const wrongSticks: readonly Wrong[] = [
  {
    title: 'a device that repeats what it hears',
    stick: { command: ['cat'] },
    code: 'MODULE_UNKNOWN',
    message: /\d+ bytes came back, but no answer to SKVER nor to J11’s status request/,
    hint: 'right port',
  },
  {
    title: 'a device that talks of something else',
    stick: { command: node(`setInterval(() => process.stdout.write('${sentence}'), 100)`) },
    code: 'MODULE_UNKNOWN',
    message: /\d+ bytes came back, but no answer to SKVER nor to J11’s status request/,
    hint: 'right port',
  },
  {
    title: 'a device that says nothing',
    stick: { command: ['sleep', '600'] },
    code: 'MODULE_SILENT',
    message: /not one byte came back/,
    hint: 'replug the stick',
  },
  {
    title: 'a Route-B ID that is not the meter’s',
    stick: { args: ['--route-b-id', 'FEDCBA9876543210FEDCBA9876543210', '--time-factor', '100'] },
    code: 'PAN_NOT_FOUND',
    message: /no meter answered 4 scans/,
    hint: 'check route_b_id',
  },
  {
    title: 'a Route-B password that is not the meter’s',
    stick: { args: ['--route-b-password', 'ZYXWVUTSRQPO'] },
    code: 'JOIN_REFUSED',
    message: /the meter refused the join/,
    hint: 'check route_b_id and route_b_password',
  },
];

test.concurrent.for(wrongSticks.map((wrong) => [wrong.title, wrong] as const))(
  '%s is told as such, and tried again',
  async ([, { stick: options, code, message, hint }]) => {
    await using home = new Household();
    const stick = await home.stick(options);
    const scene = await served(home, stick.path);
    const failure = await scene.bridge.fails(code);
    expect(failure.message).toMatch(message);
    expect(failure.hint).toContain(hint);
    await expectWaiting(scene, code);
    const tries = (): number => scene.bridge.phases().filter((phase) => phase === 'waiting').length;
    await scene.bridge.until(() => tries() > 1, 'tried again', 60_000);
  },
);

test.concurrent('a state directory that cannot be written: said once, and everything works', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const config = { state_dir: join(dirname(stick.path), 'script', 'state') }; // below a file
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }], config });
  await bridge.until(() => readingsOf(watcher).length > 2, 'readings');
  const said = bridge.lines.filter((line) => line['code'] === 'STATE_UNWRITABLE');
  expect(new Set(said.map((line) => line['path'])).size).toBe(said.length);
  expect(said.length).toBeGreaterThan(0);
});

test.concurrent('an HTTP address that is taken: said, and everything else works', async () => {
  await using home = new Household();
  const [stick, broker] = [await home.stick(), await home.broker()];
  const watcher = await home.watch(broker.url);
  const config = { http: { listen: `127.0.0.1:${broker.port}` } };
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }], config });
  const { hint } = await bridge.fails('HTTP_LISTEN_FAILED');
  expect(hint).toContain('http.listen');
  await bridge.until(() => readingsOf(watcher).length > 1, 'readings');
});
