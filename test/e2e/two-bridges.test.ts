import { expect, test } from 'vitest';
import { Household } from '../support/household.ts';
import { readingsOf } from '../support/bridge.ts';

const root = 'broute2mqtt/home';

test('a second bridge with the same meter id waits, says why, and takes over when the first is stopped', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const stick = await home.stick();
  const settings = { broker: broker.url, meters: [{ device: stick.path }] };
  const one = await home.bridge(settings);
  await one.until(() => readingsOf(watcher).length >= 2, 'readings of the first');

  const two = await home.bridge(settings);
  await two.fails('PORT_BUSY');
  const { message, hint } = await two.fails('BRIDGE_RUNNING');
  expect(message).toContain('another bridge is connected as meter home');
  expect(hint).toContain('same meter id');
  const doctor = home.cli(['doctor', '--config', two.configFile, '--json'], {
    cwd: two.folder,
    env: { BROUTE2MQTT_LANGUAGE: 'ja' },
  });
  await doctor.ended;
  expect(doctor.stdout).toContain('"code":"BRIDGE_RUNNING"');
  expect(doctor.stdout).toContain('同じメーターid');
  const count = readingsOf(watcher).length;
  await one.until(() => readingsOf(watcher).length >= count + 3, 'more readings of the first');
  expect(watcher.on(`${root}/bridge/availability`).every(({ payload }) => payload === 'online')).toBe(true);
  expect(broker.log.match(/as broute2mqtt_home \(/g)).toHaveLength(1);

  await one.end();
  const before = readingsOf(watcher).length;
  await two.until(() => two.phase() === 'connected', 'the second is connected');
  await two.until(() => watcher.last(`${root}/meter/availability`)?.payload === 'online', 'available');
  expect(watcher.last(`${root}/bridge/availability`)?.payload).toBe('online');
  await two.until(() => readingsOf(watcher).length > before, 'readings of the second');
  expect(broker.log.match(/as broute2mqtt_home \(/g)).toHaveLength(2);
});
