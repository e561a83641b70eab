import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import type { Bridge } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { MqttWatcher, Seen } from '../support/mqtt-watcher.ts';
import type { ScriptLine, Stick } from '../support/stick.ts';

const root = 'broute2mqtt/home';
/** 3 × interval + 5 s. */
const MARK_MS = 3 * 2000 + 5000;
/** By the tenth SKSENDTO the session stands and has answered. */
const inSession = { on: 'SKSENDTO', skip: 9 } as const;

interface Scene {
  readonly watcher: MqttWatcher;
  readonly bridge: Bridge;
  readonly stick: Stick;
}

async function play(home: Household, script: readonly ScriptLine[], args: readonly string[] = []): Promise<Scene> {
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const stick = await home.stick({ script, args });
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  await bridge.until(() => readingsOf(watcher).length > 1, 'readings');
  return { watcher, bridge, stick };
}

/** Waits until it has recovered: a reading after the failure. @returns the longest time without a reading. */
async function recovered({ bridge, watcher }: Scene, title: string): Promise<number> {
  await bridge.until(
    () => bridge.phases().filter((phase) => phase === 'connected').length > 1,
    'connected again',
    60_000,
  );
  const count = readingsOf(watcher).length;
  await bridge.until(() => readingsOf(watcher).length > count + 1, 'readings again');
  const times = watcher.on(`${root}/readings`).map(({ atMs }) => atMs);
  const gap = Math.max(...times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0)));
  process.stdout.write(`${title}: ${(gap / 1000).toFixed(1)} s without a reading\n`);
  return gap;
}

/** At no moment stood a value there as current whose mark had passed, and none was taken away before it. */
function expectNothingStale(watcher: MqttWatcher): void {
  let [valueMs, shown] = [-Infinity, 'offline'];
  const wallMs = (monotonicMs: number): number => Date.now() - performance.now() + monotonicMs;
  for (const { topic, payload, atMs } of watcher.seen) {
    const ageMs = wallMs(atMs) - valueMs;
    if (shown === 'online') expect(ageMs).toBeLessThan(MARK_MS + 1500);
    if (topic === `${root}/state/instant`) {
      const { time, power, current_r } = JSON.parse(payload) as Record<string, string | number | null>;
      if (power === null && current_r === null) {
        expect(ageMs).toBeGreaterThan(MARK_MS - 500); // taken back
        continue;
      }
      valueMs = Date.parse(String(time));
      expect(wallMs(atMs) - valueMs).toBeLessThan(MARK_MS);
    } else if (topic === `${root}/meter/availability`) {
      if (payload === 'offline' && shown === 'online') expect(ageMs).toBeGreaterThan(MARK_MS - 500);
      shown = payload;
    }
  }
}

test.concurrent('a session the meter ends (EVENT 26) is joined again within 20 s', async () => {
  await using home = new Household();
  const scene = await play(home, [{ fault: 'event-26', ...inSession }]);
  const gapMs = await recovered(scene, 'session ended by the meter');
  const { message, hint } = await scene.bridge.fails('SESSION_LOST');
  expect(message).toContain('EVENT 26');
  expect(hint).toContain('joined again');
  expect(gapMs).toBeLessThan(20_000);
  expect(scene.bridge.phases().slice(-3)).toEqual(['waiting', 'joining', 'connected']);
  expectNothingStale(scene.watcher);
  expect(scene.watcher.last(`${root}/meter/availability`)?.payload).toBe('online');
});

test.concurrent(
  'when the next joins fail too, the values are shown as stale at their mark and not before',
  async () => {
    await using home = new Household();
    const script: ScriptLine[] = [
      { fault: 'event-26', ...inSession },
      { fault: 'join-refused', skip: 1, times: 3 },
    ];
    const scene = await play(home, script, ['--time-factor', '50']);
    const gapMs = await recovered(scene, 'session ended, three joins refused');
    expect(gapMs).toBeGreaterThan(MARK_MS);
    const told = scene.watcher.on(`${root}/meter/availability`).map(({ payload }) => payload);
    expect(told).toEqual(['offline', 'online', 'offline', 'online']);
    expectNothingStale(scene.watcher);
  },
);

test.concurrent('a module that restarts by itself is noticed and joined again within 20 s', async () => {
  await using home = new Household();
  const scene = await play(home, [{ fault: 'module-reset', ...inSession }]);
  const gapMs = await recovered(scene, 'module reset by itself');
  expect(gapMs).toBeLessThan(20_000);
  expectNothingStale(scene.watcher);
});

test.concurrent('a session that died without a word is noticed by its silence', async () => {
  await using home = new Household();
  const scene = await play(home, [{ fault: 'silent-session', ...inSession }]);
  await recovered(scene, 'session silent');
  const { hint } = await scene.bridge.fails('METER_SILENT');
  expect(hint).toContain('stopped answering');
  expectNothingStale(scene.watcher);
  const offline = scene.watcher
    .on(`${root}/meter/availability`)
    .findLast(({ payload }) => payload === 'offline') as Seen;
  expect(offline.atMs).toBeGreaterThan((scene.watcher.on(`${root}/readings`)[0] as Seen).atMs);
});

test.concurrent('a module that hangs is closed and opened until it answers', async () => {
  await using home = new Household();
  const scene = await play(home, [{ fault: 'module-hang', ...inSession, for_s: 440 }]);
  await recovered(scene, 'module hung for 22 s');
  await scene.bridge.fails('MODULE_SILENT');
  expectNothingStale(scene.watcher);
});

test.concurrent('noise on the line, short and 64 KiB of it, costs at most an answer', async () => {
  await using home = new Household();
  const script: ScriptLine[] = [
    { fault: 'garbage', ...inSession, count: 64 },
    { fault: 'burst', on: 'SKSENDTO', skip: 11 },
    { fault: 'garbage', on: 'SKSENDTO', skip: 13, count: 300 },
    { fault: 'dribble', on: 'SKSENDTO', skip: 16, times: 40 },
  ];
  const { bridge, watcher, stick } = await play(home, script);
  await bridge.until(() => readingsOf(watcher).length >= 14, 'readings', 80_000);
  const readings = readingsOf(watcher);
  expect(readings.map(({ seq }) => seq)).toEqual(readings.map((_, i) => i + 1));
  const truth = stick.truth().flatMap(({ epc, edt }) => (epc === 'E7' ? edt.readInt32BE() : []));
  const powers = readings.flatMap(({ power }) => power ?? []);
  expect(truth).toEqual(expect.arrayContaining(powers));
  expect(bridge.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
  expect(stick.heardTimes('SKSENDTO')).toBeLessThan(26);
  expectNothingStale(watcher);
});
