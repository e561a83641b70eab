import { expect, test } from 'vitest';
import { Household } from '../support/household.ts';

const MINUTE_MS = 60_000;
/** A minute of the meter takes 3 s, a second-generation one. */
const FAST = ['--meter-speed', '20', '--solar', '--generation', '2'];

interface Minute {
  readonly time: string;
  readonly import?: number;
  readonly export?: number;
}

test('every minute comes by `history_minutes`, those while the bridge was away too, each once and oldest first', async () => {
  await using household = new Household();
  const broker = await household.broker();
  const watcher = await household.watch(broker.url);
  const stick = await household.stick({ args: FAST });
  const minutes = (): Minute[] =>
    watcher.on('broute2mqtt/home/history_minutes').map(({ payload }) => JSON.parse(payload) as Minute);
  const meters = [{ device: stick.path, minute_history: true }];
  const bridge = await household.bridge({ broker: broker.url, meters });
  await bridge.until(() => minutes().length >= 3, 'three minutes', 60_000);
  await bridge.end();
  const before = minutes().length;
  await new Promise((resolve) => setTimeout(resolve, 20_000)); // the meter’s time cannot wait: some seven minutes
  bridge.restart();
  await bridge.until(() => minutes().length >= before + 12, 'the minutes that were missed', 120_000);
  const all = minutes();
  expect(all.every((minute) => Object.keys(minute).join() === 'meter,time,import,export')).toBe(true);
  const times = all.map(({ time }) => Date.parse(time));
  expect(times).toEqual(times.map((_, i) => (times[0] ?? NaN) + i * MINUTE_MS));
  for (const register of ['import', 'export'] as const) {
    const values = all.map((minute) => minute[register] ?? NaN);
    expect(values).toEqual([...values].sort((a, b) => a - b)); // never a fall
  }
  const { retain, qos } = watcher.last('broute2mqtt/home/history_minutes') ?? {};
  expect([retain, qos]).toEqual([false, 1]);
});
