import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { Mosquitto } from '../support/mosquitto.ts';
import type { MqttWatcher } from '../support/mqtt-watcher.ts';

const root = 'broute2mqtt/home';
const document = 'homeassistant/device/broute2mqtt_home/config';

const seqs = (...watchers: readonly MqttWatcher[]): number[] =>
  watchers.flatMap((watcher) => readingsOf(watcher)).map(({ seq }) => seq);
const counted = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** The bridge waits for no acknowledgement: what a kill loses or doubles now is the broker's alone. */
const isQuiet = ({ log }: Mosquitto): boolean =>
  log.split(/Received PUBLISH from broute2mqtt_home \(d0, q1/).length ===
  log.split('Sending PUBACK to broute2mqtt_home').length;

/** Nothing passes the broker before the watcher listens. */
async function startWatched(home: Household, broker: Mosquitto): Promise<MqttWatcher> {
  await broker.start();
  return await home.watch(broker.url);
}

test.concurrent('a broker killed, and back without a memory, has everything again and lacks no reading', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const before = await home.watch(broker.url);
  const stick = await home.stick();
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  await bridge.until(() => seqs(before).length >= 3 && isQuiet(broker), 'three readings, all acknowledged');
  await broker.stop('SIGKILL');
  await bridge.until(() => bridge.readings() >= seqs(before).length + 2, 'readings that nobody takes');

  const after = await bridge.frozenWhile(() => startWatched(home, broker));
  const beganMs = performance.now();
  await bridge.until(() => after.last(`${root}/meter/availability`)?.payload === 'online', 'available');
  const backMs = performance.now() - beganMs;
  process.stdout.write(`broker back → everything there again: ${(backMs / 1000).toFixed(2)} s\n`);
  expect(backMs).toBeLessThan(6500);
  expect(after.last(`${root}/bridge/availability`)?.payload).toBe('online');
  expect(after.last(document)?.payload).toContain('broute2mqtt_home_energy_import');
  expect(JSON.parse(after.last(`${root}/state/instant`)?.payload ?? '{}')).toHaveProperty('power', expect.any(Number));
  expect(JSON.parse(after.last(`${root}/state/energy`)?.payload ?? '{}')).toHaveProperty('import', expect.any(Number));
  expect(JSON.parse(after.last(`${root}/state/link`)?.payload ?? '{}')).toHaveProperty('state', 'connected');

  const count = seqs(before).length;
  await bridge.until(() => seqs(after).length >= 5, 'five more readings');
  expect(seqs(before, after)).toEqual(counted(count + seqs(after).length));
  expect(bridge.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
});

test.concurrent('a broker that comes after stick and bridge gets every reading from the first one on', async () => {
  await using home = new Household();
  const broker = await home.absentBroker();
  const stick = await home.stick();
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  const { message, hint } = await bridge.fails('BROKER_UNREACHABLE');
  expect(message).toContain(broker.url);
  expect(hint).toContain('mqtt.url');
  await bridge.until(() => bridge.phase() === 'connected' && bridge.readings() >= 3, 'readings without a broker');
  const watcher = await bridge.frozenWhile(() => startWatched(home, broker));
  await bridge.until(() => seqs(watcher).length >= 4, 'readings');
  expect(seqs(watcher)).toEqual(counted(seqs(watcher).length));
  expect(watcher.last(document)).toBeDefined();
});

test.concurrent(
  'an access list that forbids the readings for a while: they wait, it is said, and all come',
  async () => {
    await using home = new Household();
    const all = ['topic readwrite #'];
    const broker = await home.broker({ acl: all });
    const watcher = await home.watch(broker.url);
    const stick = await home.stick();
    const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
    await bridge.until(() => seqs(watcher).length >= 2, 'readings');
    await broker.setAcl([...all, `topic deny ${root}/readings`]);
    await bridge.until(() => bridge.lines.some(({ msg }) => msg === 'broker refuses the readings: they wait'), 'said');
    const before = seqs(watcher).length;
    const taken = bridge.readings();
    await bridge.until(() => bridge.readings() >= taken + 3, 'readings that wait');
    expect(seqs(watcher)).toHaveLength(before);
    const doctor = home.cli(['doctor', '--config', bridge.configFile, '--json']);
    expect(await doctor.ended).toBe(69);
    const { checks } = JSON.parse(doctor.stdout) as { checks: { check: string; detail: string; advice?: string }[] };
    const topics = checks.find(({ check }) => check === 'topics');
    expect(`${topics?.detail} ${topics?.advice}`).toMatch(/readings.*not authorized.*broute2mqtt\/home\/readings/);
    await broker.setAcl(all);
    await bridge.until(
      () => bridge.lines.some(({ msg }) => msg === 'broker takes the readings again'),
      'again',
      40_000,
    );
    await bridge.until(() => seqs(watcher).length >= taken + 3, 'everything');
    expect(seqs(watcher)).toEqual(counted(seqs(watcher).length));
  },
);

test.concurrent('a stick that comes after broker and bridge is found; until then the link says why not', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const stick = await home.absentStick();
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  await bridge.reaches('waiting');
  const { message, hint } = await bridge.fails('PORT_MISSING');
  expect(message).toContain(`${stick.path}: there is no such port`);
  expect(hint).toContain('/dev/serial/by-id');
  await bridge.until(() => watcher.last(`${root}/state/link`)?.payload.includes('"waiting"'), 'waiting told');
  const told = JSON.parse(watcher.last(`${root}/state/link`)?.payload ?? '{}') as object;
  expect(told).toMatchObject({ state: 'waiting', connected: 'OFF', last_error: 'PORT_MISSING', last_success: null });
  expect(watcher.last(document)?.payload).toContain('broute2mqtt_home_link_state');
  expect(watcher.last(`${root}/meter/availability`)?.payload).toBe('offline');
  expect(watcher.last(`${root}/state/instant`)).toBeUndefined();
  await stick.plug();
  await bridge.until(() => readingsOf(watcher).length >= 2, 'readings');
  await bridge.until(() => watcher.last(`${root}/meter/availability`)?.payload === 'online', 'online');
});

test.concurrent('without a broker in the configuration the service runs on, for Prometheus alone', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const bridge = await home.bridge({ meters: [{ device: stick.path }], config: { http: { listen: '127.0.0.1:0' } } });
  await bridge.until(() => bridge.readings() >= 3, 'readings');
  expect(bridge.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
  expect(await bridge.end()).toMatchObject({ code: 0 });
});

test.concurrent('a bridge killed is told by its last will, and counts a new run when it is back', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const stick = await home.stick();
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  const watcher = await home.watch(broker.url);
  await bridge.until(() => readingsOf(watcher).length >= 2, 'readings');
  expect(await bridge.end('SIGKILL')).toMatchObject({ code: 'SIGKILL' });
  const will = await bridge.until(() => {
    const last = watcher.last(`${root}/bridge/availability`);
    return last?.payload === 'offline' && last;
  }, 'the will');
  expect(will.retain).toBe(true);
  const late = await home.watch(broker.url);
  await bridge.until(() => late.last(`${root}/bridge/availability`)?.payload === 'offline', 'still there for others');
  const before = readingsOf(watcher);
  bridge.restart();
  await bridge.until(() => readingsOf(watcher).length >= before.length + 2, 'readings of the next run');
  const [first, second] = [before[0], readingsOf(watcher)[before.length]];
  expect(second?.seq).toBe(1);
  expect(second?.run).toBeGreaterThan(first?.run ?? Infinity);
  expect(watcher.last(`${root}/bridge/availability`)?.payload).toBe('online');
  expect(bridge.phases()).toEqual(['opening', 'joining', 'connected']);
});
