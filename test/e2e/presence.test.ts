import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { MqttWatcher } from '../support/mqtt-watcher.ts';

const root = 'broute2mqtt/home';

/** Each change of what tells whether the meter is there, in the order in which a subscriber hears of it. */
function changes(watcher: MqttWatcher): string[] {
  const last = new Map<string, string>();
  return watcher.seen.flatMap(({ topic, payload }) => {
    const told =
      topic === `${root}/state/link`
        ? ['connected', (JSON.parse(payload) as { connected: string }).connected]
        : topic.endsWith('/availability')
          ? [topic.slice(root.length + 1), payload]
          : undefined;
    const [what = '', value = ''] = told ?? [];
    if (!told || last.get(what) === value) return [];
    last.set(what, value);
    return [`${what} ${value}`];
  });
}

/** At no moment `connected` is ON while the meter is not available, for who believes the bridge to be there. */
function expectNoContradiction(watcher: MqttWatcher): void {
  const now: Record<string, string> = {};
  for (const change of changes(watcher)) {
    const [what = '', value = ''] = change.split(' ');
    now[what] = value;
    const contradicts = now['connected'] === 'ON' && now['meter/availability'] !== 'online';
    expect([change, now['bridge/availability'] === 'online' && contradicts]).toEqual([change, false]);
  }
}

test('connected goes off at the mark while requests are being lost, and never contradicts availability', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  // Two requests of 8 s each are lost: the mark is at 11 s, the session stands.
  const stick = await home.stick({ script: [{ fault: 'lost-reply', on: 'SKSENDTO', skip: 12, times: 2 }] });
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path, reply_timeout_s: 8 }] });
  await bridge.until(() => readingsOf(watcher).length > 1, 'readings');
  await bridge.until(() => watcher.last(`${root}/meter/availability`)?.payload === 'offline', 'the mark', 60_000);
  const { state, connected } = JSON.parse(watcher.last(`${root}/state/link`)?.payload ?? '') as Record<string, string>;
  expect([state, connected]).toEqual(['connected', 'OFF']);
  await bridge.until(() => changes(watcher).at(-1) === 'connected ON', 'connected again', 60_000);
  await bridge.end('SIGTERM');
  await bridge.until(() => watcher.last(`${root}/bridge/availability`)?.payload === 'offline', 'the end');
  expect(bridge.phases()).not.toContain('waiting');
  expectNoContradiction(watcher);
  expect(changes(watcher).filter((change) => !change.startsWith('bridge'))).toEqual([
    'meter/availability offline',
    'connected OFF',
    'meter/availability online',
    'connected ON',
    'connected OFF',
    'meter/availability offline',
    'meter/availability online',
    'connected ON',
    'connected OFF',
    'meter/availability offline',
  ]);
});
