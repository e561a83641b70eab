import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import type { Bridge } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { Mosquitto } from '../support/mosquitto.ts';

const document = 'homeassistant/device/broute2mqtt_home/config';
const own = [
  document,
  ...[
    'bridge/availability',
    'meter/availability',
    'state/config',
    'state/energy',
    'state/halfhour',
    'state/instant',
    'state/link',
    'state/usage',
  ].map((topic) => `broute2mqtt/home/${topic}`),
];
const foreign = [
  'broute2mqtt/home/note',
  'broute2mqtt/homes/state/link',
  'broute2mqtt/shop/state/link',
  'homeassistant/device/broute2mqtt_shop/config',
  'homeassistant/sensor/other/config',
];

interface Scene {
  readonly broker: Mosquitto;
  readonly bridge: Bridge;
  /** What the broker keeps, as a client sees it that comes now. */
  readonly kept: () => Promise<string[]>;
  readonly cleanup: (
    args?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>;
}

/** A bridge that has published everything it has, beside retained topics of others. */
async function scene(home: Household, settings: Readonly<Record<string, unknown>> = {}): Promise<Scene> {
  const [broker, stick] = [await home.broker(), await home.stick()];
  const watcher = await home.watch(broker.url);
  for (const topic of foreign) await watcher.client.publishAsync(topic, 'not ours', { retain: true, qos: 1 });
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path, ...settings }] });
  await bridge.until(() => own.every((topic) => watcher.last(topic)), 'everything published', 60_000);
  await bridge.until(() => watcher.last(document)?.payload.includes('energy_import'), 'the meter is known');
  await bridge.until(() => readingsOf(watcher).length > 1, 'readings');
  const marker = 'the/end';
  return {
    broker,
    bridge,
    kept: async () => {
      const looker = await home.watch(broker.url);
      await looker.client.publishAsync(marker, 'x', { qos: 1 });
      await bridge.until(() => looker.last(marker) && looker.last(foreign.at(-1) ?? ''), 'all that is kept');
      return looker.seen.filter(({ payload, retain }) => retain && payload !== '').map(({ topic }) => topic);
    },
    cleanup: async (args = [], env = {}) => {
      const program = home.cli(['cleanup', '--config', bridge.configFile, ...args], { env });
      const code = await program.ended;
      return { code, stdout: program.stdout, stderr: program.stderr };
    },
  };
}

test('everything of ours goes and nothing else; the next start announces as the first one did', async () => {
  await using home = new Household();
  const { bridge, kept, cleanup } = await scene(home);
  await bridge.end();
  expect((await kept()).sort()).toEqual([...own, ...foreign].sort());

  const dry = await cleanup(['--dry-run']);
  expect(dry).toMatchObject({ code: 0, stdout: `home: would remove\n${own.map((topic) => `  ${topic}\n`).join('')}` });
  expect(await kept()).toHaveLength(own.length + foreign.length);

  const memory = join(bridge.folder, 'state/home/meter.json');
  const before = JSON.parse(await readFile(memory, 'utf8')) as Record<string, unknown>;
  expect(before['profile']).toBeDefined();
  const done = await cleanup([], { BROUTE2MQTT_LANGUAGE: 'ja' });
  expect(done).toEqual({
    code: 0,
    stdout: `home: 削除しました\n${own.map((topic) => `  ${topic}\n`).join('')}`,
    stderr: '対象外のため残します: broute2mqtt/home/note\n',
  });
  expect((await kept()).sort()).toEqual([...foreign].sort());
  const { profile: _, ...rest } = before;
  expect(JSON.parse(await readFile(memory, 'utf8'))).toEqual(rest);
  expect(await cleanup()).toMatchObject({ code: 0, stdout: 'home: the broker keeps nothing of ours\n' });

  bridge.restart();
  await bridge.reaches('connected');
  await bridge.until(() => bridge.readings() > 1, 'readings');
  await bridge.end();
  expect(await kept()).toEqual(expect.arrayContaining([document, ...foreign]));
});

test('an id that is no longer configured; a former base topic by the environment', async () => {
  await using home = new Household();
  const { broker, bridge, kept, cleanup } = await scene(home);
  await bridge.end();
  const watcher = await home.watch(broker.url);
  await watcher.client.publishAsync('elsewhere/old/state/link', '{}', { retain: true, qos: 1 });
  await watcher.client.publishAsync('elsewhere/old/command/read_now', 'PRESS', { retain: true, qos: 1 });
  const shop = await cleanup(['--meter', 'shop']);
  expect(shop.stdout).toBe(
    'shop: removed\n  homeassistant/device/broute2mqtt_shop/config\n  broute2mqtt/shop/state/link\n',
  );
  const old = await cleanup(['--meter', 'old'], { BROUTE2MQTT_MQTT_BASE_TOPIC: 'elsewhere' });
  expect(old.stdout).toBe('old: removed\n  elsewhere/old/command/read_now\n  elsewhere/old/state/link\n');
  const left = await kept();
  expect(left).toEqual(expect.arrayContaining(own));
  expect(left.filter((topic) => /shop|old/.test(topic))).toEqual([]);
  for (const id of ['#', '../home', 'a/b', ''])
    expect(await cleanup(['--meter', id])).toMatchObject({ code: 64, stdout: '' });
});

test('refused while the bridge runs; what a broker only believes to run yields to --force', async () => {
  await using home = new Household();
  const { broker, bridge, kept, cleanup } = await scene(home);
  for (const [env, words] of [
    [{}, 'Stop the bridge first'],
    [{ BROUTE2MQTT_LANGUAGE: 'ja' }, '先にブリッジを停止してください'],
  ] as const) {
    const refused = await cleanup([], env);
    expect(refused).toMatchObject({ code: 69, stdout: '' });
    expect(refused.stderr).toContain('[BRIDGE_RUNNING]');
    expect(refused.stderr).toContain(words);
  }
  const watcher = await home.watch(broker.url);
  await watcher.client.publishAsync('broute2mqtt/home/bridge/availability', 'offline', { retain: true, qos: 1 });
  const asked = await cleanup(); // a broker that lost it says nothing about the process
  expect(asked.code).toBe(69);
  expect(asked.stderr).toContain('a bridge runs for meter home');
  expect(await kept()).toEqual(expect.arrayContaining(own));
  await bridge.end();
  await watcher.client.publishAsync('broute2mqtt/home/bridge/availability', 'online', { retain: true, qos: 1 });
  expect(await cleanup()).toMatchObject({ code: 69 });
  expect(await cleanup(['--force'])).toMatchObject({ code: 0 });
  expect((await kept()).sort()).toEqual([...foreign].sort());
});

test.each([
  ['en', 'check', 'mqtt.url'],
  ['ja', '確認', 'mqtt.url'],
] as const)('no broker: what to check, in %s', async (language, ...words) => {
  await using home = new Household();
  const [broker, stick] = [await home.absentBroker(), await home.absentStick()];
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  await bridge.end();
  const program = home.cli(['cleanup', '--config', bridge.configFile], { env: { BROUTE2MQTT_LANGUAGE: language } });
  expect(await program.ended).toBe(69);
  expect(program.stderr).toContain('[BROKER_UNREACHABLE]');
  for (const word of words) expect(program.stderr.toLowerCase()).toContain(word);
});

test('a broker that lets us read but not write: which topic to allow; exit code 69', async () => {
  await using home = new Household();
  const acl = ['user tester', 'topic readwrite #', 'user meter', 'topic read #'];
  const [broker, stick] = [await home.broker({ login: true, acl }), await home.absentStick()];
  for (const user of ['tester', 'meter']) await broker.setPassword(user, `${user}-password`);
  const watcher = await home.watch(broker.url, { username: 'tester', password: 'tester-password' });
  await watcher.client.publishAsync(document, '{}', { retain: true, qos: 1 });
  const mqtt = { url: broker.url, username: 'meter', password: 'meter-password' };
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { mqtt } });
  await bridge.end();
  for (const [language, words] of [
    ['en', `Allow this user to write ${document}`],
    ['ja', `このユーザーに ${document} の書き込みを許可してください`],
  ] as const) {
    const program = home.cli(['cleanup', '--config', bridge.configFile], { env: { BROUTE2MQTT_LANGUAGE: language } });
    expect(await program.ended).toBe(69);
    expect(program.stdout).toBe('');
    expect(program.stderr).toContain('[BROKER_REFUSED]');
    expect(program.stderr).toContain(words);
  }
});
