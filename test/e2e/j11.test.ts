import { expect, test } from 'vitest';
import type { Bridge } from '../support/bridge.ts';
import { readingsOf } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { MqttWatcher } from '../support/mqtt-watcher.ts';
import type { ScriptLine, Stick } from '../support/stick.ts';

/** Over the radio's own time. */
const REPLUG_LIMIT_MS = 6000;
const STOP_LIMIT_MS = 3500;

interface Scene {
  readonly bridge: Bridge;
  readonly stick: Stick;
  readonly watcher: MqttWatcher;
}

/** A J11 stick on a pty, up to its first readings. */
async function play(home: Household, script: readonly ScriptLine[], args: readonly string[] = []): Promise<Scene> {
  const broker = await home.broker();
  const watcher = await home.watch(broker.url);
  const stick = await home.stick({ script, args: ['--edition', 'j11', ...args] });
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
  await bridge.until(() => readingsOf(watcher).length > 1, 'readings', 80_000);
  return { bridge, stick, watcher };
}

test.concurrent('J11: a meter that refuses the join three times is joined at the fourth', async () => {
  await using home = new Household();
  const { bridge, stick } = await play(home, [{ fault: 'join-refused', times: 3 }], ['--time-factor', '50']);
  expect(bridge.phases().filter((phase) => phase === 'joining')).toHaveLength(4);
  expect(stick.heardFrames('startPana')).toBe(4);
  const { message, hint } = await bridge.fails('JOIN_REFUSED');
  expect(message).toContain('6028 02');
  expect(hint).toContain('route_b_password');
});

test.concurrent('J11: a meter that no scan finds twice is found at the third', async () => {
  const scansOfOneSearch = 4;
  await using home = new Household();
  const script = [{ fault: 'pan-not-found', times: 2 * scansOfOneSearch } as const];
  const { bridge } = await play(home, script, ['--time-factor', '50']);
  const { hint } = await bridge.fails('PAN_NOT_FOUND');
  expect(hint).toContain('closer to the meter');
  expect(bridge.phases().filter((phase) => phase === 'scanning')).toHaveLength(3);
  expect(bridge.phases().at(-1)).toBe('connected');
});

test.concurrent('J11: a stick pulled out in a session is back by itself, asked in its own language first', async () => {
  await using home = new Household();
  const { bridge, stick, watcher } = await play(home, []);
  expect(stick.heardTimes('SKVER')).toBe(1);
  await stick.unplug();
  await bridge.reaches('waiting');
  await bridge.fails('PORT_LOST');
  const count = readingsOf(watcher).length;
  await stick.plug();
  const pluggedMs = performance.now();
  await bridge.until(() => readingsOf(watcher).length > count, 'a reading after the replug');
  const tookMs = performance.now() - pluggedMs;
  process.stdout.write(`J11: replug → first reading: ${(tookMs / 1000).toFixed(2)} s\n`);
  expect(tookMs).toBeLessThan(REPLUG_LIMIT_MS);
  expect(bridge.phases().slice(-4)).toEqual(['waiting', 'opening', 'joining', 'connected']);
  expect(stick.heardTimes('SKVER')).toBe(1);
});

test.concurrent.each([
  ['the meter ends the session', { fault: 'event-26', on: '0008', skip: 9 }, 'SESSION_LOST'],
  ['the module restarts by itself', { fault: 'module-reset', on: '0008', skip: 9 }, 'SESSION_LOST'],
  ['the module hangs', { fault: 'module-hang', on: '0008', skip: 9, for_s: 440 }, 'MODULE_SILENT'],
] as const)('J11: %s: readings again', async (_, fault, code) => {
  await using home = new Household();
  const { bridge, watcher } = await play(home, [fault]);
  await bridge.fails(code);
  const connects = (): number => bridge.phases().filter((phase) => phase === 'connected').length;
  await bridge.until(() => connects() > 1, 'connected again', 60_000);
  const count = readingsOf(watcher).length;
  await bridge.until(() => readingsOf(watcher).length > count, 'readings again', 60_000);
});

test.concurrent('J11: SIGTERM leaves the session alone, and the next start reads on without a reset', async () => {
  await using home = new Household();
  const { bridge, stick, watcher } = await play(home, []);
  const { code, ms } = await bridge.end('SIGTERM');
  expect({ code, stderr: bridge.program.stderr }).toEqual({ code: 0, stderr: '' });
  expect(ms).toBeLessThan(STOP_LIMIT_MS);
  expect(bridge.phases().slice(-2)).toEqual(['connected', 'stopped']);
  expect(stick.heardFrames('endPana')).toBe(0);
  const [resets, joins, count] = [
    stick.heardFrames('reset'),
    stick.heardFrames('startPana'),
    readingsOf(watcher).length,
  ];
  expect([resets, joins]).toEqual([1, 1]);
  bridge.restart();
  await bridge.until(() => readingsOf(watcher).length > count, 'a reading of the warm session');
  expect(stick.heardFrames('reset')).toBe(resets);
  expect(stick.heardFrames('startPana')).toBe(joins);
});
