import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findings } from '../support/axe-findings.ts';
import { credentials, readingsOf } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import type { Program } from '../support/program.ts';
import { INGRESS_ADDRESS, StandInIngress } from '../support/stand-in-ingress.ts';
import { StandInSupervisor } from '../support/stand-in-supervisor.ts';
import type { InstalledApp } from '../support/supervisor-options.ts';
import { Desk, KNOWN_NAME } from '../support/typist.ts';

const LOGIN = { username: 'addons', password: 'pass of the broker' };
let folder: string;
let files = 0;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'broute2mqtt-app-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const chosen = { ...credentials, language: 'ja', log_level: 'info' };

interface App {
  readonly program: Program;
  readonly port: number;
}

/** The built program as the app's Dockerfile starts it, but for the addresses. */
async function startApp(
  home: Household,
  supervisor: StandInSupervisor,
  options: object,
  through: readonly string[] = [],
): Promise<App> {
  const data = join(folder, String(++files));
  const port = await freePort();
  const optionsFile = join(folder, `${files}.json`);
  await writeFile(optionsFile, JSON.stringify(options), { mode: 0o600 });
  const program = home.cli(['run'], {
    through,
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

/** @param restarts while one server takes the place of another, the ingress has nobody to ask. */
async function inThePanel(
  ingress: StandInIngress,
  body: (text: () => Promise<string>, frame: Frame) => Promise<void>,
  restarts = false,
): Promise<void> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const page = await browser.newPage({ locale: 'ja-JP' });
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (!restarts || !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('response', (response) => {
      const isOurs =
        response.url().startsWith(`${ingress.panel}api/hassio_ingress/`) || response.url() === ingress.panel;
      if (!isOurs || (!response.ok() && !restarts)) complaints.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(ingress.panel);
    const frame = await eventually(() => page.frames()[1], 'the app in its frame');
    await body(async () => (await frame.locator('body').textContent()) ?? '', frame);
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
      ...chosen,
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
  const options = { ...chosen, serial_server: await serialServer(home), interval_s: 2, mqtt_url: broker.url };
  const { program } = await startApp(home, supervisor, options);
  await program.until(() => readingsOf(watcher).length >= 1, 'a reading at the broker', 60_000);
  expect(supervisor.asked).toBe(0);
});

test.concurrent(
  'wrong options are told by their names and where to correct them, in the log and in the panel',
  async () => {
    await using home = new Household();
    const supervisor = home.keep(await StandInSupervisor.start());
    const { program, port } = await startApp(home, supervisor, { ...chosen, route_b_id: '0123', interval_s: 1 });
    const problems = [
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

const SEE_MS = 60_000;
const PATH = `/dev/serial/by-id/${KNOWN_NAME}`;

/** As it is installed, and nothing saved but an interval. */
async function installed(supervisor: StandInSupervisor): Promise<InstalledApp> {
  const file = new URL('../../deploy/home-assistant-app/config.yaml', import.meta.url);
  supervisor.installed = { ...(parse(await readFile(file, 'utf8')) as InstalledApp), devices: [] };
  supervisor.saved = { interval_s: 2 };
  return supervisor.installed;
}

test('an app that was told nothing is set up in its panel, with a wrong password first, and starts so the next time', async () => {
  await using home = new Household();
  const supervisor = home.keep(await StandInSupervisor.start());
  const app = await installed(supervisor);
  const broker = await home.broker({ login: true });
  await broker.setPassword(LOGIN.username, LOGIN.password);
  const watcher = await home.watch(broker.url, LOGIN);
  supervisor.mqtt = { host: '127.0.0.1', port: broker.port, ...LOGIN };
  const [id, password] = ['5EC4E7001122334455667788DEADBEEF', 'Q7RS8TUV9WXY']; // the example's are refused as typed
  const stick = await home.stick({ args: ['--route-b-id', id, '--route-b-password', password, '--time-factor', '20'] });
  const desk = home.keep(await Desk.create());
  await desk.plug(stick.path);
  const { program, port } = await startApp(home, supervisor, supervisor.options, desk.around([]));
  await program.until(() => program.stderr.includes('初期設定がまだです'), 'it says where');

  const axeFindsNothing = async (frame: Frame): Promise<void> => expect(await findings(frame)).toEqual([]);
  const ingress = home.keep(await StandInIngress.before(port));
  const setUp = async (text: () => Promise<string>, frame: Frame): Promise<void> => {
    const see = (what: string): Promise<void> => frame.getByText(what).first().waitFor({ timeout: SEE_MS });
    await see('「構成」タブで入力してもかまいません');
    await frame.locator('select option').first().waitFor({ state: 'attached', timeout: SEE_MS });
    expect(await frame.locator('select').inputValue()).toBe(PATH); // found, and chosen
    await frame.fill('input[name=id]', id.replaceAll(/.{4}/g, '$& '));
    await frame.fill('input[name=password]', 'WRONGPASS123');
    await frame.press('input[name=password]', 'Enter');
    await see('パスワードが違う可能性が高いです'); // refused twice
    await axeFindsNothing(frame);
    await frame.fill('input[name=password]', password);
    await frame.press('input[name=password]', 'Enter');
    await see('最初の計測値');
    await see(`✓ mqtt://127.0.0.1:${broker.port}`); // the Supervisor's, without a question
    await frame.fill('input[name=ampere]', '40');
    await see('contract_ampere: 40');
    expect(await frame.locator('pre').textContent()).toBe(
      `device: ${PATH}\nroute_b_id: ●●●●\nroute_b_password: ●●●●\ncontract_ampere: 40\ninterval_s: 2\nenergy_interval_s: 60\nlanguage: ja\nlog_level: info\nimport_statistics: off\n`,
    );
    supervisor.saved = { interval_s: 3, price_sell: 16 }; // on the Configuration tab, meanwhile
    await frame.getByRole('button', { name: '書き込んで開始' }).click();
    await see(`受け付けませんでした: App local_broute2mqtt has invalid options: Device '${PATH}'`);
    await axeFindsNothing(frame);
    for (const secret of [id, password]) expect(await text()).not.toContain(secret);
    app.devices = [PATH]; // the Supervisor has noticed it by now
    await frame.getByRole('button', { name: '書き込んで開始' }).click();
    await frame.locator('#view').waitFor({ timeout: SEE_MS });
    await eventually(async () => /[\d,]+\s*W/.test(await text()), 'a reading on the page', SEE_MS);
  };
  await inThePanel(ingress, setUp, true);
  await program.until(() => readingsOf(watcher).length > 0, 'a reading at the broker', SEE_MS);
  const answers = { device: PATH, route_b_id: id, route_b_password: password, contract_ampere: 40, language: 'ja' };
  expect(supervisor.saved).toEqual({ ...app.options, ...answers, interval_s: 3, price_sell: 16 });
  expect(await program.end('SIGTERM')).toMatchObject({ code: 0 });

  const { program: next } = await startApp(home, supervisor, supervisor.options, desk.around([]));
  const before = readingsOf(watcher).length;
  await next.until(() => readingsOf(watcher).length > before, 'readings without set-up', SEE_MS);
  expect(next.stderr).not.toContain('初期設定');
  const said = [program, next].map(({ stdout, stderr }) => stdout + stderr).join('');
  for (const secret of [supervisor.token, LOGIN.password, id, password, 'WRONGPASS123'])
    expect(said).not.toContain(secret);
});
