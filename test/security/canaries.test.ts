import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import type { Bridge } from '../support/bridge.ts';
import { canaries, sightings } from '../support/canary.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import { Program } from '../support/program.ts';
import type { ScriptLine } from '../support/stick.ts';

/** Everything that makes a module repeat what it was told, and an error quote it. */
const script: readonly ScriptLine[] = [
  { fault: 'fail-code', on: 'SKSETPWD', code: 6 },
  { fault: 'garbage', on: 'SKSETRBID', skip: 1 },
  { fault: 'event-26', on: 'SKSENDTO', skip: 6 },
];
const secretMeter = { route_b_id: canaries.routeBId.toLowerCase(), route_b_password: canaries.routeBPassword };
const login = { username: 'meter', password: canaries.mqttPassword };
/** Nobody is there: what is told of that must not tell the token. */
const homeAssistant = { url: 'http://127.0.0.1:1', token: canaries.homeAssistantToken, import_statistics: 'on' };

interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly body?: string;
}

/** One request with any words anywhere. @returns everything that came back. */
function ask(page: string, path: string, { headers = {}, method = 'GET', body = '' }: Asking = {}): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(page);
    const sent = request({ hostname, port, path, method, headers, agent: false }, (reply) => {
      let text = `${reply.statusCode} ${reply.rawHeaders.join('\n')}\n`;
      reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      reply.on('close', () => resolve(text));
    });
    sent.once('error', (error) => resolve(error.message));
    sent.end(body);
  });
}

/** The token where it belongs, where it does not, and the other secrets where nobody asked for them. */
async function everyAnswer(page: string): Promise<string> {
  const { httpToken: token, routeBId, mqttPassword } = canaries;
  const quoted = encodeURIComponent(token);
  const bearer = { authorization: `Bearer ${token}` };
  const answers: string[] = [];
  const pages = ['/', '/healthz', '/livez', '/page.js', '/metrics'];
  const data = [
    'status',
    'status?history=1&lang=ja',
    'power',
    'history',
    'history?format=csv',
    'links',
    'openapi.json',
  ];
  const paths = [...pages, ...data.map((name) => `/api/${name}`)];
  for (const path of paths) answers.push(await ask(page, path, { headers: bearer }));
  for (const path of [
    `/?token=${quoted}`,
    `/api/status?token=${quoted}`,
    `/api/status?token=${quoted}&token=${quoted}`,
    `/api/status?lang=${quoted}`,
    `/api/history?from=${quoted}&meter=${quoted}`,
    `/api/power?span=${quoted}`,
    `/${quoted}`,
    `/${routeBId}`,
    `/page.js?${quoted}`,
    `/%${quoted}`,
    `/${encodeURIComponent(mqttPassword)}`,
  ])
    answers.push(await ask(page, path));
  const places: readonly Readonly<Record<string, string>>[] = [
    { authorization: token },
    { authorization: `Basic ${Buffer.from(`user:${token}`).toString('base64')}` },
    { authorization: `Bearer ${token}x` },
    { cookie: `token=${token}` },
    { 'x-token': token, origin: `https://${routeBId}.example`, referer: `http://h/?token=${quoted}` },
    { 'accept-language': token },
    { host: `${routeBId}.example` },
    { expect: token },
    { [routeBId]: 'x' },
  ];
  for (const headers of places) answers.push(await ask(page, '/api/status', { headers }));
  for (const method of ['POST', 'PUT', 'OPTIONS', 'TRACE'])
    answers.push(await ask(page, '/api/status', { method, headers: bearer, body: token }));
  answers.push(await ask(page, '/', { headers: { 'x-large': `${token}${'x'.repeat(9000)}` } }));
  return answers.join('\n');
}

const pageOf = (bridge: Bridge): string | undefined => /"page":"(http:[^"]+)"/.exec(bridge.program.stdout)?.[1];

/** Processes that this one started. */
const childrenOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );

test.concurrent('a whole life with faults: log, broker, HTTP, state, command line', async () => {
  await using home = new Household();
  const broker = await home.broker({ login: true });
  await broker.setPassword('tester', 'tester');
  const watcher = await home.watch(broker.url, { username: 'tester', password: 'tester' });
  const stick = await home.stick({ args: ['--edition', 'dse', '--time-factor', '50'], script });
  const bridge = await home.bridge({
    meters: [{ device: stick.path, ...secretMeter }],
    config: {
      mqtt: { url: broker.url, ...login },
      http: { listen: '127.0.0.1:0', token: canaries.httpToken },
      home_assistant: homeAssistant,
      log: { level: 'trace' },
    },
  });
  await bridge.fails('BROKER_REFUSED');
  const early = await everyAnswer(await bridge.until(() => pageOf(bridge), 'page'));
  await broker.setPassword('meter', canaries.mqttPassword);
  const sessions = (): number => bridge.phases().filter((phase) => phase === 'connected').length;
  await bridge.until(() => sessions() >= 2 && readingsOf(watcher).length > 3, 'two sessions', 90_000);
  bridge.program.signal('SIGUSR1');
  await stick.unplug();
  await bridge.fails('PORT_LOST');
  const late = await everyAnswer(pageOf(bridge) ?? '');
  const children = childrenOf(bridge.pid);
  const { commandLine } = bridge;
  expect(await bridge.end()).toMatchObject({ code: 0 });
  const places = {
    stdout: bridge.program.stdout,
    stderr: bridge.program.stderr,
    broker: watcher.seen.map(({ topic, payload }) => `${topic} ${payload}`).join('\n'),
    early,
    late,
    state: (await bridge.state()).join('\n'),
    commandLine,
  };
  expect(children).toEqual([]);
  expect(bridge.program.stderr).not.toContain('Debugger');
  expect(stick.heard).toContain(canaries.routeBPassword); // it was really told
  expect(early).toMatch(/^200 /m);
  expect(early).toMatch(/^401 /m);
  for (const text of [places.stdout, places.broker, places.state, late]) expect(text.length).toBeGreaterThan(50);
  expect(sightings(places)).toEqual([]);
});

test.concurrent('set-up: every answer of its page, with a stick that repeats what it is told', async () => {
  await using home = new Household();
  const broker = await home.broker({ login: true });
  const folder = await mkdtemp(join(tmpdir(), 'setup-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
  const stick = await home.stick({ args: ['--edition', 'dse', '--time-factor', '50'], script });
  const env = {
    BROUTE2MQTT_STAY_ON_MISTAKE: '1',
    BROUTE2MQTT_HTTP_LISTEN: `127.0.0.1:${await freePort()}`,
    BROUTE2MQTT_METERS_0_DEVICE: stick.path,
  };
  const program = home.cli(['run', '--config', join(folder, 'config.yaml')], { env: { ...env, LANG: 'en_US.UTF-8' } });
  await program.until(() => /code=\S+\n/.test(program.stderr), 'it says where');
  const [, code = ''] = /code=(\S+)/.exec(program.stderr) ?? [];
  const answers: string[] = [];
  const post = async (action: string, body: object = {}): Promise<string> => {
    const headers = { 'content-type': 'application/json' };
    const asking = { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await ask(`http://${env.BROUTE2MQTT_HTTP_LISTEN}/`, `/api/setup/${action}?code=${code}`, asking);
    answers.push(answer);
    return answer;
  };
  const letter = { id: canaries.routeBId, password: canaries.routeBPassword };
  const login = { url: broker.url, username: 'meter', password: canaries.mqttPassword };
  await post('typed', { id: `${canaries.routeBId}0`, password: `${canaries.routeBPassword}!` });
  for (let turn = 0; turn < 3; turn++) {
    await post('try', letter);
    await eventually(async () => (await post('trial')).includes('"running":false'), 'an outcome', 60_000);
  }
  await post('broker', { ...login, url: `mqtt://meter:${canaries.mqttPassword}@host` });
  await post('broker', login);
  await broker.setPassword('meter', canaries.mqttPassword);
  expect(await post('broker', login)).toContain('"ok":true');
  expect(await post('preview', { ampere: canaries.mqttPassword })).toContain('problems');
  expect(await post('preview')).toContain('●●●●');
  await post('state');
  await program.end('SIGTERM');
  expect(stick.heard).toContain(canaries.routeBPassword); // it was really told
  expect(answers.join('\n')).toContain('COMMAND_REFUSED');
  expect(sightings({ answers: answers.join('\n'), stdout: program.stdout, stderr: program.stderr })).toEqual([]);
});

test.concurrent('wrong TLS, ports that are none, pretty log', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const bridge = await home.bridge({
    meters: [
      { id: 'one', device: '/nowhere/tty', ...secretMeter },
      { id: 'two', device: '/etc/hostname', ...secretMeter },
      { id: 'three', device: 'tcp://127.0.0.1:1', ...secretMeter },
    ],
    config: {
      mqtt: { url: broker.url.replace('mqtt:', 'mqtts:'), ...login },
      log: { level: 'trace', format: 'pretty' },
    },
  });
  for (const code of ['PORT_MISSING', 'PORT_FAILED', 'BROKER_UNREACHABLE'])
    await bridge.until(() => bridge.program.stdout.includes(code), code);
  expect(await bridge.end()).toMatchObject({ code: 0 });
  expect(bridge.program.stdout).not.toContain('holds secrets');
  expect(sightings({ stdout: bridge.program.stdout, stderr: bridge.program.stderr })).toEqual([]);
  chmodSync(bridge.configFile, 0o640);
  bridge.restart();
  await bridge.until(() => bridge.program.stdout.includes('holds secrets and others can read it'), 'the warning');
});

test.concurrent('a defect whose text quotes the whole configuration', async () => {
  await using home = new Household();
  const folder = await mkdtemp(join(tmpdir(), 'defect-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
  const preload = join(folder, 'defect.mjs');
  await writeFile(
    preload,
    `import { readFileSync } from 'node:fs';
    const text = readFileSync(process.argv[process.argv.indexOf('--config') + 1], 'utf8');
    const forms = [text, encodeURIComponent(text), Buffer.from(text).toString('hex'), JSON.stringify(text)];
    setTimeout(() => { throw new TypeError(forms.join('\\n')); }, 3000);`,
  );
  const bridge = await home.bridge({
    meters: [{ device: '/nowhere/tty', ...secretMeter }],
    config: {
      mqtt: { url: 'mqtt://127.0.0.1:1', ...login },
      http: { listen: '127.0.0.1:0', token: canaries.httpToken },
      home_assistant: homeAssistant,
    },
    env: { NODE_OPTIONS: `--import ${preload}` },
  });
  expect(await bridge.program.ended).toBe(70);
  expect(bridge.program.stderr).toContain('TypeError');
  expect(sightings({ stdout: bridge.program.stdout, stderr: bridge.program.stderr })).toEqual([]);
});

const { routeBId, routeBPassword, httpToken } = canaries;
/** Configurations that hold secrets where they do not belong. */
const wrong: readonly (readonly [string, string])[] = [
  ['everything misplaced', JSON.stringify({ ...secretMeter, ...login, token: httpToken })],
  ['secrets as keys', `${routeBId}: 1\n${routeBPassword}: 2\nmeters: { ${routeBId}: 1 }\n`],
  ['no quotes', `mqtt:\n  password: ${canaries.mqttPassword}\n  url: mqtt://user:${routeBPassword}@host\n`],
  ['bad indentation', `meters:\n  - route_b_id: "${routeBId}"\n route_b_password: ${routeBPassword}\n`],
  ['a quote is missing', `http:\n  token: "${routeBPassword}\nmqtt: { password: '${routeBId} }\n`],
  ['a tag', `http: { token: !${routeBPassword} x }\nmeters: *${routeBPassword}\n`],
  [
    'the secret instead of its file',
    `http: { token_file: '${httpToken}' }\nmqtt: { url: mqtt://h, username: x, password_file: ${routeBPassword} }\n`,
  ],
  [
    'values of the wrong kind',
    JSON.stringify({
      meters: [{ id: routeBPassword, device: routeBId, route_b_id: `${routeBId}0` }],
      log: { level: routeBPassword },
      language: routeBId,
      state_dir: [httpToken],
    }),
  ],
];

test.concurrent('the problems of a configuration, its check, its schema; scan; demo', async () => {
  await using home = new Household();
  const folder = await mkdtemp(join(tmpdir(), 'canary-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
  const file = join(folder, 'config.yaml');
  const places: Record<string, string> = {};
  const run = async (title: string, ...args: string[]): Promise<string> => {
    const program = home.cli(args, { cwd: folder });
    const code = await program.ended;
    places[title] = `${program.stdout}\n${program.stderr}`;
    return `${title}: ${String(code)}`;
  };
  for (const [title, text] of wrong) {
    writeFileSync(file, text, { mode: 0o600 });
    expect(await run(title, 'config', 'check', '--config', file)).toBe(`${title}: 78`);
  }
  expect(await run('run', 'run', '--config', file)).toBe('run: 78');
  const stick = await home.stick({ args: ['--time-factor', '100'] });
  const good = {
    meters: [{ id: 'home', device: stick.path, ...secretMeter }],
    mqtt: { url: `wss://broker.example/mqtt?key=${routeBPassword}`, ...login },
    http: { token: httpToken },
  };
  await rm(file);
  writeFileSync(file, JSON.stringify(good), { mode: 0o644 });
  expect(await run('check', 'config', 'check', '--config', file)).toBe('check: 0');
  expect(places['check']).toContain(`chmod 600 ${file}`);
  expect(await run('schema', 'config', 'schema')).toBe('schema: 0');
  expect(await run('scan', 'scan', '--config', file)).toBe('scan: 0');
  expect(await run('scan, json', 'scan', '--json', '--config', file)).toBe('scan, json: 0');
  await stick.unplug();
  expect(await run('no stick', 'scan', '--config', file)).toBe('no stick: 69');
  const given = ['--route-b-password', routeBPassword, '--route-b-id', routeBId];
  expect(await run('usage', 'run', `--password=${routeBPassword}`)).toBe('usage: 64');
  expect(await run('simulate', 'simulate', ...given, '--edition', routeBId)).toBe('simulate: 64');
  const demo = home.cli(['demo', '--mqtt-port', '0', '--http', '127.0.0.1:0', '--speed', '50'], {
    env: { BROUTE2MQTT_HTTP_TOKEN: httpToken, BROUTE2MQTT_METERS_0_ROUTE_B_ID: routeBId },
  });
  await demo.until(() => /\d W\b/.test(demo.stdout), 'a reading', 60_000);
  await demo.end();
  places['demo'] = `${demo.stdout}\n${demo.stderr}`;
  expect(sightings(places)).toEqual([]);
});

test('environment and command line of the program stay its user’s', async () => {
  await using home = new Household();
  const folder = await mkdtemp(join(tmpdir(), 'canary-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) });
  const program = home.cli(['run'], {
    cwd: folder,
    env: {
      BROUTE2MQTT_METERS_0_ID: 'home',
      BROUTE2MQTT_METERS_0_DEVICE: '/nowhere/tty',
      BROUTE2MQTT_METERS_0_ROUTE_B_ID: routeBId,
      BROUTE2MQTT_METERS_0_ROUTE_B_PASSWORD: routeBPassword,
      BROUTE2MQTT_HTTP_LISTEN: '127.0.0.1:0',
      BROUTE2MQTT_LOG_LEVEL: 'trace',
    },
  });
  await program.until(() => program.stdout.includes('PORT_MISSING'), 'it runs');
  expect(sightings({ argv: readFileSync(`/proc/${program.pid}/cmdline`, 'utf8'), log: program.stdout })).toEqual([]);
  if (process.getuid?.() !== 0) return;
  const other = new Program('cat', [`/proc/${program.pid}/environ`], { uid: 65_534 });
  expect(await other.ended).not.toBe(0); // the kernel's own rule, which nothing of ours loosens
  expect(other.stdout).toBe('');
});
