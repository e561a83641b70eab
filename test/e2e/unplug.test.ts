import { expect, test } from 'vitest';
import type { Bridge } from '../support/bridge.ts';
import { readingsOf } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { MqttWatcher, Seen } from '../support/mqtt-watcher.ts';

/** Over the radio's own time, which is a fifth of a second here. */
const REPLUG_LIMIT_MS = 6000;
/** 3 × interval + 5 s. */
const MARK_MS = 3 * 2000 + 5000;

const readingTopic = (meter: string): string => `broute2mqtt/${meter}/readings`;
const availability = (meter: string): string => `broute2mqtt/${meter}/meter/availability`;

function connected(bridge: Bridge, watcher: MqttWatcher, meters: readonly string[], count = 2): Promise<true> {
  const all = (): boolean => meters.every((meter) => readingsOf(watcher, meter).length >= count);
  return bridge.until(all, `${count} readings of ${meters.join(' and ')}`);
}

test.concurrent('a stick pulled out in a session: shown offline at its mark, and back by itself', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const stick = await home.stick();
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  await connected(bridge, watcher, ['home']);

  await stick.unplug();
  await bridge.reaches('waiting');
  const lost = await bridge.fails('PORT_LOST');
  expect(lost.hint).toContain('as soon as it is back');
  const last = watcher.last(readingTopic('home')) as Seen;
  const offline = await bridge.until(() => {
    const newest = watcher.last(availability('home'));
    return newest?.payload === 'offline' && newest;
  }, 'offline');
  expect(offline.atMs - last.atMs).toBeGreaterThan(MARK_MS - 500);
  expect(offline.atMs - last.atMs).toBeLessThan(MARK_MS + 1500);
  expect(watcher.last(readingTopic('home'))).toBe(last);
  expect(bridge.phase()).toBe('waiting');

  const count = readingsOf(watcher).length;
  await stick.plug();
  const pluggedMs = performance.now();
  await bridge.until(() => readingsOf(watcher).length > count, 'a reading after the replug');
  const tookMs = (watcher.on(readingTopic('home'))[count] as Seen).atMs - pluggedMs;
  process.stdout.write(`replug → first reading: ${(tookMs / 1000).toFixed(2)} s\n`);
  expect(tookMs).toBeLessThan(REPLUG_LIMIT_MS);
  await bridge.until(() => watcher.last(availability('home'))?.payload === 'online', 'online again');
  expect(bridge.phases().slice(-4)).toEqual(['waiting', 'opening', 'joining', 'connected']);
  const readings = readingsOf(watcher);
  expect(readings.map(({ seq }) => seq)).toEqual(readings.map((_, i) => i + 1));
});

test.concurrent('two meters on two sticks: unplugging one does not touch the other', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const [one, two] = [await home.stick(), await home.stick({ args: ['--edition', 'se', '--seed', '2'] })];
  const meters = [
    { id: 'house', device: one.path },
    { id: 'shop', device: two.path, name: '店' },
  ];
  const bridge = await home.bridge({ broker: broker.url, meters });
  await connected(bridge, watcher, ['house', 'shop']);

  await two.unplug();
  await bridge.reaches('waiting', 'shop');
  await bridge.until(() => watcher.last(availability('shop'))?.payload === 'offline', 'the shop offline');
  expect(watcher.last(availability('house'))?.payload).toBe('online');
  expect(bridge.phases('house')).toEqual(['opening', 'scanning', 'joining', 'connected']);
  const times = watcher.on(readingTopic('house')).map(({ atMs }) => atMs);
  const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(4500);

  await two.plug();
  await bridge.until(() => watcher.last(availability('shop'))?.payload === 'online', 'the shop online');
  expect(bridge.phases('house')).toEqual(['opening', 'scanning', 'joining', 'connected']);
});
