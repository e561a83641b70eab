import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { linkStates, readingsOf } from '../support/bridge.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import { Program } from '../support/program.ts';

interface Message {
  readonly at: number;
  readonly fields: readonly string[];
}

/** The service manager's end of NOTIFY_SOCKET: a real datagram socket, each message with its time on one line. */
class ServiceManager implements AsyncDisposable {
  readonly address: string;
  readonly #program: Program;

  private constructor(address: string) {
    this.address = address;
    const script = `
import json, socket, sys, time
address = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(address.replace("@", "\\0", 1))
print("[]", flush=True)
while True:
    print(json.dumps([time.monotonic(), listener.recv(8192).decode()]), flush=True)
`;
    this.#program = new Program('python3', ['-c', script, address]);
  }

  static async listen(home: Household, address: string): Promise<ServiceManager> {
    const manager = home.keep(new ServiceManager(address));
    await manager.#program.until(() => manager.#program.stdout.startsWith('[]\n'), 'the notification socket');
    return manager;
  }

  /** Without the barriers with which systemd-notify waits for us. */
  get messages(): Message[] {
    return this.#program.stdout
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as [number, string])
      .map(([at, text]) => ({ at, fields: text.split('\n') }))
      .filter(({ fields }) => !fields.includes('BARRIER=1'));
  }

  times(field: string): number[] {
    return this.messages.filter(({ fields }) => fields.includes(field)).map(({ at }) => at);
  }

  /** The newest status line. */
  get status(): string {
    return this.messages.flatMap(({ fields }) => fields.filter((field) => field.startsWith('STATUS='))).at(-1) ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill();
  }
}

const PACE_S = 0.5;
const watchdog = { WATCHDOG_USEC: String(2 * PACE_S * 1e6), TZ: 'Asia/Tokyo' };
const STALL_MS = 5000;
/** SIGUSR2 stops the program's event loop for a while; it says when. */
const stall = `
import { writeSync } from 'node:fs';
process.on('SIGUSR2', () => {
  writeSync(1, 'stalled\\n');
  for (const end = Date.now() + ${STALL_MS}; Date.now() < end; );
  writeSync(1, 'turning\\n');
});`;
const stallable = `--import=data:text/javascript,${encodeURIComponent(stall)}`;

test.concurrent.for(['a path', 'an abstract address'])(
  'ready, status, beats at their pace, stopping; over %s',
  async (kind) => {
    await using home = new Household();
    const folder = await mkdtemp(join(tmpdir(), 'notify-'));
    home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) });
    const address = kind === 'a path' ? join(folder, 'notify') : `@broute2mqtt-test-${process.pid}`;
    const manager = await ServiceManager.listen(home, address);
    const stick = await home.stick();
    const http = { listen: `127.0.0.1:${await freePort()}` };
    const env = { ...watchdog, NOTIFY_SOCKET: address };
    const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http, language: 'ja' }, env });
    await bridge.until(() => manager.status.includes('接続済み'), 'a connected meter in the status', 80_000);
    await bridge.until(() => /^STATUS=home: 接続済み、\d\d:\d\d:\d\dの値$/.test(manager.status), 'a reading in it');
    const beats = manager.times('WATCHDOG=1').length;
    await bridge.until(() => manager.times('WATCHDOG=1').length >= beats + 8, 'eight beats');

    const [first] = manager.messages;
    expect(first?.fields.slice(0, 2)).toEqual(['READY=1', `MAINPID=${bridge.pid}`]);
    expect(manager.times('READY=1')).toHaveLength(1);
    const times = manager.times('WATCHDOG=1');
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    const median = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
    expect(median).toBeGreaterThan(PACE_S * 0.7);
    expect(median).toBeLessThan(PACE_S * 1.6);

    expect(await bridge.end()).toMatchObject({ code: 0 });
    expect(manager.messages.at(-1)?.fields).toEqual(['STOPPING=1', 'STATUS=終了処理中']);
    expect(bridge.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  },
);

test.concurrent('no stick: ready all the same, and the beat goes on', async () => {
  await using home = new Household();
  const manager = await ServiceManager.listen(home, `@broute2mqtt-absent-${process.pid}`);
  const stick = await home.absentStick();
  const http = { listen: `127.0.0.1:${await freePort()}` };
  const env = { ...watchdog, NOTIFY_SOCKET: manager.address };
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http }, env });
  await bridge.until(() => manager.times('WATCHDOG=1').length >= 8, 'eight beats');
  expect(manager.status).toMatch(/^STATUS=home: .*no reading yet, PORT_MISSING$/);
});

test.concurrent('a stalled event loop: no beat and no /livez; both are back when it turns again', async () => {
  await using home = new Household();
  const manager = await ServiceManager.listen(home, `@broute2mqtt-stall-${process.pid}`);
  const stick = await home.absentStick();
  const listen = `127.0.0.1:${await freePort()}`;
  const env = { ...watchdog, NOTIFY_SOCKET: manager.address, NODE_OPTIONS: stallable };
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http: { listen } }, env });
  await bridge.until(() => manager.times('WATCHDOG=1').length >= 4, 'beats');
  const live = async (ms: number): Promise<boolean> =>
    fetch(`http://${listen}/livez`, { signal: AbortSignal.timeout(ms) }).then(
      ({ ok }) => ok,
      () => false,
    );
  expect(await live(10_000)).toBe(true);

  bridge.program.signal('SIGUSR2');
  await bridge.until(() => bridge.program.stdout.includes('stalled\n'), 'the stall');
  expect(await live(STALL_MS / 2)).toBe(false);
  expect(bridge.program.stdout).not.toContain('turning\n');
  await bridge.until(() => bridge.program.stdout.includes('turning\n'), 'its end');
  const before = manager.times('WATCHDOG=1').length;
  await bridge.until(() => manager.times('WATCHDOG=1').length >= before + 4, 'beats again');
  const times = manager.times('WATCHDOG=1');
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
  expect(Math.max(...gaps)).toBeGreaterThan((STALL_MS / 1000) * 0.8); // a beat under way when it began still arrives
  expect(await live(10_000)).toBe(true);
  expect(manager.times('READY=1')).toHaveLength(1);
});

test.concurrent('without systemd-notify it says so once, with what to do, and runs', async () => {
  await using home = new Household();
  const stick = await home.absentStick();
  const http = { listen: `127.0.0.1:${await freePort()}` };
  const env = { ...watchdog, NOTIFY_SOCKET: '@nobody-listens', PATH: '/nonexistent' };
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http }, env });
  const warnings = () => bridge.lines.filter(({ msg }) => msg === 'systemd cannot be told how we are');
  await bridge.until(() => warnings().length > 0, 'the warning');
  expect(warnings()[0]).toMatchObject({ level: 'warn', reason: 'spawn systemd-notify ENOENT' });
  expect(String(warnings()[0]?.['hint'])).toContain('Type=exec');
  await sleep(2000);
  expect(warnings()).toHaveLength(1);
  expect(await bridge.end()).toMatchObject({ code: 0 });
});

test.concurrent('credentials: secrets by name from $CREDENTIALS_DIRECTORY open the radio and the broker', async () => {
  await using home = new Household();
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) });
  const secrets = {
    route_b_id: '00112233445566778899AABBCCDDEEFF',
    route_b_password: 'KAGI4KAGI5KA',
    mqtt_password: 'mqtt-no-kagi',
  };
  for (const [name, value] of Object.entries(secrets))
    await writeFile(join(folder, name), `${value}\n`, { mode: 0o400 });
  const broker = await home.broker({ login: true });
  await broker.setPassword('meter', secrets.mqtt_password);
  const watcher = await home.watch(broker.url, { username: 'meter', password: secrets.mqtt_password });
  const radio = ['--route-b-id', secrets.route_b_id, '--route-b-password', secrets.route_b_password];
  const stick = await home.stick({ args: ['--time-factor', '50', ...radio] });
  const named = { route_b_id: undefined, route_b_id_file: 'route_b_id' };
  const bridge = await home.bridge({
    meters: [{ device: stick.path, ...named, route_b_password: undefined, route_b_password_file: 'route_b_password' }],
    config: { mqtt: { url: broker.url, username: 'meter', password_file: 'mqtt_password' } },
    env: { CREDENTIALS_DIRECTORY: folder },
  });
  await bridge.until(() => readingsOf(watcher).length > 0, 'a reading at the broker', 80_000);
  expect(linkStates(watcher).at(-1)).toBe('connected');
  expect(existsSync(join(bridge.folder, 'route_b_id'))).toBe(false);
  for (const secret of Object.values(secrets)) expect(bridge.program.stdout).not.toContain(secret);
});
