import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { credentials, readingsOf } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import type { Program } from '../support/program.ts';
import { INGRESS_ADDRESS, StandInIngress } from '../support/stand-in-ingress.ts';
import { StandInSupervisor } from '../support/stand-in-supervisor.ts';

const LOGIN = { username: 'addons', password: 'pass of the broker' };
let folder: string;
let files = 0;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'broute2mqtt-app-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

interface App {
  readonly program: Program;
  readonly port: number;
}

/** The built program as the app's Dockerfile starts it, but for the addresses. */
async function startApp(home: Household, supervisor: StandInSupervisor, options: object): Promise<App> {
  const data = join(folder, String(++files));
  const port = await freePort();
  const optionsFile = join(folder, `${files}.json`);
  await writeFile(optionsFile, JSON.stringify({ ...credentials, language: 'ja', log_level: 'info', ...options }), {
    mode: 0o600,
  });
  const program = home.cli(['run'], {
    env: {
      BROUTE2MQTT_APP_OPTIONS: optionsFile,
      BROUTE2MQTT_APP_SUPERVISOR: supervisor.url,
      BROUTE2MQTT_APP_INGRESS_FROM: INGRESS_ADDRESS,
      BROUTE2MQTT_HTTP_LISTEN: `127.0.0.1:${port}`,
      BROUTE2MQTT_STATE_DIR: data,
      BROUTE2MQTT_LOG_FORMAT: 'pretty',
      SUPERVISOR_TOKEN: supervisor.token,
    },
  });
  return { program, port };
}

/** A stick at a serial server elsewhere. */
async function serialServer(home: Household): Promise<string> {
  const port = await freePort();
  const simulator = home.cli(['simulate', '--listen', `127.0.0.1:${port}`, '--time-factor', '20']);
  await simulator.until(() => simulator.stderr.includes(String(port)), 'the serial server listens');
  return `tcp://127.0.0.1:${port}`;
}

const statusOf = (port: number, path: string, from: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, localAddress: from, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    });
    sent.once('error', reject).end();
  });

/** What the panel's script is told of set-up. */
const setupState = (port: number, from: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'accept-language': 'ja' };
    const at = { host: '127.0.0.1', port, path: '/api/setup/state', method: 'POST', localAddress: from };
    const sent = request({ ...at, headers, agent: false }, (reply) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      reply.once('end', () => resolve(JSON.parse(body)));
    });
    sent.once('error', reject).end('{}');
  });

async function inThePanel(
  ingress: StandInIngress,
  body: (text: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const page = await browser.newPage({ locale: 'ja-JP' });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('response', (response) => {
      const isOurs =
        response.url().startsWith(`${ingress.panel}api/hassio_ingress/`) || response.url() === ingress.panel;
      if (!isOurs || !response.ok()) complaints.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(ingress.panel);
    await body(async () => (await page.frameLocator('iframe').locator('body').textContent()) ?? '');
    expect(complaints).toEqual([]);
  } finally {
    await browser.close();
  }
}

test.concurrent(
  'without a broker app the page shows readings in Home Assistant; when there is one they go there too',
  async () => {
    await using home = new Household();
    const supervisor = home.keep(await StandInSupervisor.start());
    const broker = await home.broker({ login: true });
    await broker.setPassword(LOGIN.username, LOGIN.password);
    const { program, port } = await startApp(home, supervisor, {
      serial_server: await serialServer(home),
      interval_s: 2,
    });
    await program.until(
      () => program.stderr.includes('MQTTブローカーがまだありません（Service not enabled）'),
      'the user knows',
    );
    const ingress = home.keep(await StandInIngress.before(port));
    await inThePanel(ingress, async (text) => {
      const shows = [/接続済み/, /[\d,]+\s*W/, /まだありません。Mosquitto brokerアプリを/];
      await eventually(async () => {
        const shown = await text();
        return shows.every((each) => each.test(shown));
      }, 'a reading and where the sensors are');
    });
    for (const path of ['/', '/api/status', '/livez', '/metrics']) {
      expect(await statusOf(port, path, '127.0.0.1'), path).toBe(403);
      expect(await statusOf(port, path, INGRESS_ADDRESS), path).toBe(200);
    }

    supervisor.mqtt = { host: '127.0.0.1', port: broker.port, ...LOGIN };
    const watcher = await home.watch(broker.url, LOGIN);
    await program.until(() => readingsOf(watcher).length >= 2, 'readings at the broker', 60_000);
    const document = await program.until(
      () => watcher.last('homeassistant/device/broute2mqtt_home/config'),
      'the document',
    );
    expect(document.payload).toContain('"homeassistant://app/local_broute2mqtt"');
    await eventually(async () => (await statusOf(port, '/livez', INGRESS_ADDRESS)) === 200, 'the watchdog is content');
    await eventually(async () => (await statusOf(port, '/healthz', INGRESS_ADDRESS)) === 200, 'all is well');

    expect(await program.end('SIGTERM')).toMatchObject({ code: 0 });
    const said = program.stdout + program.stderr;
    expect(said.match(/MQTTブローカーがまだありません/g)).toHaveLength(1);
    expect(said).not.toContain('"level"'); // for people
    for (const secret of [supervisor.token, LOGIN.password, credentials.route_b_id, credentials.route_b_password])
      expect(said).not.toContain(secret);
  },
);

test.concurrent('a broker of the user’s own wins: the Supervisor is not asked for one', async () => {
  await using home = new Household();
  const supervisor = home.keep(await StandInSupervisor.start());
  supervisor.mqtt = { host: '127.0.0.1', port: 1, ...LOGIN };
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const options = { serial_server: await serialServer(home), interval_s: 2, mqtt_url: broker.url };
  const { program } = await startApp(home, supervisor, options);
  await program.until(() => readingsOf(watcher).length >= 1, 'a reading at the broker', 60_000);
  expect(supervisor.asked).toBe(0);
});

test.concurrent(
  'wrong options are told by their names and where to correct them, in the log and in the panel',
  async () => {
    await using home = new Household();
    const supervisor = home.keep(await StandInSupervisor.start());
    const { program, port } = await startApp(home, supervisor, { route_b_id: '0123', interval_s: 1 });
    const problems = [
      'device: スティックを選んでください。別の機器に挿してある場合は serial_server を指定してください',
      'route_b_id: 16進数32桁（0-9、A-F）を空白なしで指定してください',
      'interval_s: 2 以上にしてください',
    ];
    const where = 'アプリの「構成」タブで直してから、起動し直してください。';
    await program.until(() => program.stderr.includes(where), 'it says where');
    expect(program.stderr.trim().split('\n')).toEqual([...problems, where]);
    expect(await setupState(port, INGRESS_ADDRESS)).toEqual({ mode: 'wrong', problems, where, again: false });
    expect(await statusOf(port, '/', INGRESS_ADDRESS)).toBe(200);
    expect(await statusOf(port, '/livez', INGRESS_ADDRESS)).toBe(200);
    expect(await statusOf(port, '/', '127.0.0.1')).toBe(403); // nobody but Home Assistant
    expect(program.code).toBeUndefined(); // the panel would be gone
    expect((await program.end('SIGTERM')).code).toBe(78);
    expect(supervisor.asked).toBe(0);
  },
);
