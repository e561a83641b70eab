import { afterEach, expect, test } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { Mosquitto } from '../support/mosquitto.ts';
import { MqttWatcher } from '../support/mqtt-watcher.ts';
import { SinkRig } from '../support/sink-rig.ts';
import type { LogLine } from '../support/log-lines.ts';

const root = 'broute2mqtt/home';
const config = 'homeassistant/device/broute2mqtt_home/config';
const open: AsyncDisposable[] = [];
const keep = <T extends AsyncDisposable>(thing: T): T => {
  open.push(thing);
  return thing;
};
const broker = async (options = {}): Promise<Mosquitto> => keep(await Mosquitto.start(options));
const rig = (...args: ConstructorParameters<typeof SinkRig>): SinkRig => keep(new SinkRig(...args));
const watch = async (...args: Parameters<typeof MqttWatcher.open>): Promise<MqttWatcher> => {
  const watcher = await MqttWatcher.open(...args);
  keep({ [Symbol.asyncDispose]: () => watcher.close() });
  return watcher;
};
const failure = (lines: readonly LogLine[], code: string): LogLine | undefined =>
  lines.find(({ err }) => err?.code === code);

afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing[Symbol.asyncDispose]();
});

test('announces in the order that shows nothing wrong, with the retain flags Home Assistant needs', async () => {
  const mosquitto = await broker();
  const watcher = await watch(mosquitto.url);
  const sink = rig(mosquitto.url);
  sink.status('opening');
  await eventually(() => watcher.last(`${root}/bridge/availability`), 'online');
  sink.profile();
  sink.reading({ powerW: 1234, currentRA: 7, currentTA: 5.5, importKwh: 12345.6, exportKwh: 0, fault: false });
  await eventually(() => watcher.last(`${root}/meter/availability`)?.payload === 'online', 'meter online');
  await eventually(() => watcher.on(`${root}/readings`).length === 1, 'the reading');
  expect(watcher.topics().slice(0, 5)).toEqual([
    `${root}/meter/availability`,
    config,
    `${root}/state/link`,
    `${root}/state/config`,
    `${root}/bridge/availability`,
  ]);
  expect(watcher.seen[0]?.payload).toBe('offline');
  const retained = Object.fromEntries(watcher.seen.map(({ topic, retain, qos }) => [topic, [retain, qos]]));
  expect(retained).toMatchObject({
    [config]: [true, 1],
    [`${root}/bridge/availability`]: [true, 1],
    [`${root}/meter/availability`]: [true, 1],
    [`${root}/state/link`]: [true, 1],
    [`${root}/state/energy`]: [true, 1],
    [`${root}/state/usage`]: [true, 1],
    [`${root}/state/config`]: [true, 1],
    [`${root}/state/instant`]: [true, 0],
    [`${root}/readings`]: [false, 1],
  });
  expect(watcher.last(`${root}/state/instant`)?.expiryS).toBe(300);
  expect(JSON.parse(watcher.last(`${root}/state/instant`)?.payload ?? '')).toMatchObject({
    power: 1234,
    current_r: 7,
    current_t: 5.5,
    headroom: 27.5,
    contract_usage: 31,
    over_contract: 'OFF',
  });
});

test('a changed document is followed by the state again', async () => {
  const mosquitto = await broker();
  const watcher = await watch(mosquitto.url);
  const sink = rig(mosquitto.url);
  await eventually(() => sink.connected, 'connected');
  sink.reading({ powerW: 500 });
  sink.profile();
  await eventually(() => watcher.on(config).length === 2, 'second document');
  const at = watcher.seen.findLastIndex(({ topic }) => topic === config);
  await eventually(() => watcher.topics().slice(at).includes(`${root}/state/instant`), 'state after it');
  expect(watcher.on(`${root}/readings`)).toHaveLength(1);
});

test('a broker killed and restarted empty has everything again, and no reading is lost', async () => {
  const mosquitto = await broker();
  const sink = rig(mosquitto.url);
  await eventually(() => sink.connected, 'connected');
  sink.profile();
  sink.status('connected');
  sink.reading({ powerW: 1, importKwh: 100 });
  await eventually(() => sink.sink.health().queued === 0, 'first reading acknowledged');
  await mosquitto.stop('SIGKILL');
  await eventually(() => !sink.connected, 'loss noticed');
  sink.reading({ powerW: 2, importKwh: 100.1 });
  sink.reading({ powerW: 3 });
  expect(sink.sink.health()).toMatchObject({ ok: false, queued: 2 });
  await mosquitto.start();
  const began = performance.now();
  await eventually(() => sink.connected && sink.sink.health().queued === 0, 'back');
  expect(performance.now() - began).toBeLessThan(5500);
  const watcher = await watch(mosquitto.url);
  await eventually(() => watcher.last(`${root}/meter/availability`), 'retained');
  await eventually(() => watcher.last(config)?.payload.includes('broute2mqtt_home_energy_export'), 'newest document');
  expect(watcher.last(`${root}/bridge/availability`)?.payload).toBe('online');
  expect(watcher.last(`${root}/meter/availability`)?.payload).toBe('online');
  expect(JSON.parse(watcher.last(`${root}/state/energy`)?.payload ?? '')).toMatchObject({ import: 100.1 });
  expect(JSON.parse(watcher.last(`${root}/state/instant`)?.payload ?? '')).toMatchObject({ power: 3 });
  expect(sink.lines.filter(({ msg }) => msg === 'broker connected again')).toHaveLength(1);
});

test('a broker that is absent at the start is found when it comes', async () => {
  const mosquitto = keep(await Mosquitto.create());
  const sink = rig(mosquitto.url);
  sink.reading({ powerW: 42 });
  const line = await eventually(() => failure(sink.lines, 'BROKER_UNREACHABLE'), 'failure logged');
  expect(line.err?.message).toContain(`${mosquitto.url}: connection refused`);
  await mosquitto.start();
  const watcher = await watch(mosquitto.url);
  await eventually(() => watcher.last(`${root}/readings`), 'the reading of before');
  expect(sink.lines.filter(({ err }) => err?.code === 'BROKER_UNREACHABLE')).toHaveLength(1);
});

test('a refused login says so, and is accepted once the broker knows the user', async () => {
  const mosquitto = await broker({ login: true });
  const sink = rig(mosquitto.url, { broker: { url: mosquitto.url, username: 'meter', password: 'correct horse' } });
  const line = await eventually(() => failure(sink.lines, 'BROKER_REFUSED'), 'refusal');
  expect(line.err?.message).toContain('not authorized');
  expect(line.err?.hint).toContain('mqtt.password');
  await mosquitto.setPassword('meter', 'correct horse');
  await eventually(() => sink.connected, 'login', 30_000);
  expect(JSON.stringify(sink.lines)).not.toContain('correct horse');
});

test('TLS: our authority and a client certificate get in; what is wrong is said in words', async () => {
  const authority = keep(await Authority.create());
  const server = await authority.issue('server', 'IP:127.0.0.1');
  const client = await authority.issue('client', 'DNS:client');
  const mosquitto = await broker({ tls: { ca: authority.ca, ...server, clientCertificate: true } });
  const tls = { caFile: authority.ca, certFile: client.cert, keyFile: client.key };
  const good = rig(mosquitto.url, { broker: { url: mosquitto.url, tls } });
  await eventually(() => good.connected, 'mqtts');
  const said = async (options: { caFile?: string; insecure?: boolean }, url = mosquitto.url): Promise<string> => {
    const sink = rig(url, {
      broker: { url, tls: options },
      meter: { id: 'other', name: 'Other', intervalS: 10, energyIntervalS: 60 },
    });
    const line = await eventually(() => sink.lines.find(({ err }) => err?.code !== undefined), 'failure');
    await sink.stop();
    expect(line.err?.code).toBe('BROKER_TLS');
    return line.err?.message ?? '';
  };
  expect(await said({})).toContain('not signed by a known authority');
  expect(await said({ caFile: '/nowhere/ca.crt' })).toContain('mqtt.tls.ca_file /nowhere/ca.crt cannot be read');
  expect(await said({ caFile: authority.ca })).toMatch(/certificate.required|CERTIFICATE_REQUIRED/i);
  expect(await said({ caFile: authority.ca }, mosquitto.url.replace('127.0.0.1', 'localhost'))).toContain(
    'for another host name',
  );
});

test('TLS towards a port that does not speak it is named', async () => {
  const mosquitto = await broker();
  const url = mosquitto.url.replace('mqtt:', 'mqtts:');
  const sink = rig(url);
  const line = await eventually(() => sink.lines.find(({ err }) => err?.code !== undefined), 'failure');
  expect(line.err?.message).toContain(url);
  expect(['BROKER_TLS', 'BROKER_UNREACHABLE']).toContain(line.err?.code);
});

test('`insecure` accepts an unknown authority', async () => {
  const authority = keep(await Authority.create());
  const mosquitto = await broker({ tls: { ca: authority.ca, ...(await authority.issue('server', 'DNS:elsewhere')) } });
  const sink = rig(mosquitto.url, { broker: { url: mosquitto.url, tls: { insecure: true } } });
  await eventually(() => sink.connected, 'connected');
});

test('websockets, plain and over TLS', async () => {
  const plain = await broker({ protocol: 'websockets' });
  const sink = rig(plain.url);
  const authority = keep(await Authority.create());
  const server = await authority.issue('server', 'IP:127.0.0.1');
  const secure = await broker({ protocol: 'websockets', tls: { ca: authority.ca, ...server } });
  const safe = rig(secure.url, { broker: { url: secure.url, tls: { caFile: authority.ca } } });
  expect([plain.url.slice(0, 3), secure.url.slice(0, 4)]).toEqual(['ws:', 'wss:']);
  await eventually(() => sink.connected && safe.connected, 'connected');
});

test('commands: retained ones, unknown ones, large ones and too many are refused in the log', async () => {
  const mosquitto = await broker();
  const watcher = await watch(mosquitto.url);
  const { client } = watcher;
  await client.publishAsync(`${root}/command/rescan`, 'PRESS', { qos: 1, retain: true });
  const sink = rig(mosquitto.url);
  await eventually(() => sink.connected && watcher.last(`${root}/bridge/availability`), 'connected');
  await eventually(() => mosquitto.log.includes(`${root}/command/#`), 'subscribed');
  await client.publishAsync(`${root}/command/restart_session`, 'PRESS', { qos: 1, retain: true });
  await client.publishAsync(`${root}/command/read_now`, 'x'.repeat(1025), { qos: 1 });
  await client.publishAsync(`${root}/command/format_c`, 'PRESS', { qos: 1 });
  await client.publishAsync(`${root}/command/read_now`, 'PRESS', { qos: 1 });
  await client.publishAsync(`${root}/command/read_now`, 'PRESS', { qos: 1 });
  await client.publishAsync(`${root}/command/rescan`, '', { qos: 1 });
  await eventually(() => sink.commands.includes('rescan'), 'last command');
  expect(sink.commands).toEqual(['read_now', 'rescan']);
  const refused = sink.lines
    .filter(({ msg }) => msg === 'command refused')
    .map(({ command, reason }) => [command, reason]);
  expect(refused).toEqual([
    ['restart_session', expect.stringContaining('retained')],
    ['read_now', 'payload too large'],
    ['format_c', 'no such command'],
    ['read_now', 'at most one in 10 s'],
  ]);
});

test('the birth of Home Assistant is answered with everything', async () => {
  const mosquitto = await broker();
  const watcher = await watch(mosquitto.url);
  const sink = rig(mosquitto.url);
  sink.status('connected');
  await eventually(() => mosquitto.log.includes('homeassistant/status'), 'subscribed');
  sink.reading({ powerW: 77, importKwh: 5 });
  await eventually(() => watcher.last(`${root}/readings`), 'reading');
  watcher.clear();
  await watcher.client.publishAsync('homeassistant/status', 'Online');
  await eventually(() => watcher.last(`${root}/bridge/availability`), 'answered');
  expect(watcher.topics().slice(1)).toEqual([
    config,
    `${root}/state/link`,
    `${root}/state/energy`,
    `${root}/state/instant`,
    `${root}/state/minute`, // nothing is known of the meter yet
    `${root}/state/usage`,
    `${root}/state/config`,
    `${root}/meter/availability`,
    `${root}/bridge/availability`,
  ]);
});

test('a clean stop says offline twice and leaves no will; it is quick even when the broker hangs', async () => {
  const mosquitto = await broker();
  const watcher = await watch(mosquitto.url);
  const sink = rig(mosquitto.url);
  await eventually(() => watcher.last(`${root}/bridge/availability`), 'online');
  await sink.stop();
  await eventually(() => watcher.last(`${root}/bridge/availability`)?.payload === 'offline', 'offline');
  expect(watcher.topics().slice(-2)).toEqual([`${root}/meter/availability`, `${root}/bridge/availability`]);
  expect(mosquitto.log).toContain('Received DISCONNECT from broute2mqtt_home');
  const other = rig(mosquitto.url);
  await eventually(() => other.connected, 'connected');
  mosquitto.freeze();
  const began = performance.now();
  await other.stop();
  expect(performance.now() - began).toBeLessThan(1500);
});

test('two meters share a broker and nothing else', async () => {
  const mosquitto = await broker();
  const watcher = await watch(mosquitto.url);
  const one = rig(mosquitto.url);
  const two = rig(mosquitto.url, { meter: { id: 'shop', name: '店', intervalS: 30, energyIntervalS: 60 } });
  await eventually(() => one.connected && two.connected, 'both');
  const event = { kind: 'reading', meter: 'shop', reading: { atMs: Date.now(), powerW: 5 } } as const;
  one.sink.accept(event);
  two.sink.accept(event);
  await eventually(() => watcher.last('broute2mqtt/shop/readings'), 'reading');
  await one.stop();
  await eventually(() => watcher.last(`${root}/bridge/availability`)?.payload === 'offline', 'one gone');
  expect(watcher.on(`${root}/readings`)).toEqual([]);
  expect(watcher.last('broute2mqtt/shop/bridge/availability')?.payload).toBe('online');
});

test('two bridges with one id: one says so and leaves the field', async () => {
  const mosquitto = await broker();
  const first = rig(mosquitto.url);
  await eventually(() => first.connected, 'first');
  const second = rig(mosquitto.url);
  await eventually(() => second.connected, 'second');
  const both = (): LogLine | undefined =>
    failure(first.lines, 'BROKER_REFUSED') ?? failure(second.lines, 'BROKER_REFUSED');
  const line = await eventually(both, 'said');
  expect(line.err?.hint).toContain('same meter id');
});

test('an ACL that forbids the readings is told once, they wait, the rest goes on', async () => {
  const mosquitto = await broker({
    acl: ['topic readwrite homeassistant/#', 'topic readwrite broute2mqtt/home/state/#'],
  });
  const sink = rig(mosquitto.url);
  await eventually(() => sink.connected, 'connected');
  sink.reading({ powerW: 1 });
  sink.reading({ powerW: 2 });
  const held = await eventually(() => sink.sink.health().held, 'readings held');
  expect(String(held)).toContain(`${root}/readings`);
  expect(sink.sink.health()).toMatchObject({ queued: 2, dropped: 0 });
  expect(sink.lines.filter(({ msg }) => msg === 'broker refuses the readings: they wait')).toHaveLength(1);
  expect(sink.connected).toBe(true);
});

test('the will tells of a process killed', async () => {
  const mosquitto = await broker();
  const watcher = await watch(mosquitto.url);
  const { spawn } = await import('node:child_process');
  const script = new URL('../support/sink-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, mosquitto.url], { stdio: 'ignore' });
  try {
    await eventually(() => watcher.last(`${root}/bridge/availability`)?.payload === 'online', 'child online');
  } finally {
    child.kill('SIGKILL');
  }
  const will = await eventually(() => {
    const last = watcher.last(`${root}/bridge/availability`);
    return last?.payload === 'offline' && last;
  }, 'will');
  expect(will.retain).toBe(true);
});
