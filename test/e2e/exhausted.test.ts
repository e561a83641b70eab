import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readingsOf } from '../support/bridge.ts';
import type { Bridge } from '../support/bridge.ts';
import { Household } from '../support/household.ts';

const LONG_MS = 90_000;
/** A file system of its own for the state, so small that it is easily filled; full from the start. */
const tinyDisk = [
  'unshare',
  '-Urm',
  'sh',
  '-c',
  'mkdir -p state && mount -t tmpfs -o size=256k tmpfs state && { head -c 1M /dev/zero > state/filler || true; } 2> /dev/null; exec "$@"',
  'sh',
];
/** The state folder as the bridge sees it: nobody else's name space has that file system. */
const inside = (bridge: Bridge, name: string): string => join(`/proc/${bridge.pid}/root`, bridge.folder, 'state', name);

/** Takes what room is left, to the last byte. @throws when the disk is not full after 1 MB. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let i = 0; i < 1_000_000; i++) writeSync(file, 'x'.repeat(i < 200 ? 4096 : 1));
    throw new Error('the disk does not get full');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

const warnings = (bridge: Bridge, message: string): number =>
  bridge.lines.filter(({ level, msg }) => level === 'warn' && msg === message).length;
const logged = (bridge: Bridge, message: string): boolean => bridge.lines.some(({ msg }) => msg === message);

test('a full disk: readings go on, wait in memory while the broker is away, and reach the disk when there is room', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const before = await home.watch(broker.url);
  const stick = await home.stick();
  const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }], through: tinyDisk });
  await bridge.until(() => readingsOf(before).length >= 3, 'readings with a disk that is full', LONG_MS);
  await bridge.until(() => warnings(bridge, 'state file cannot be written') >= 1, 'said so', LONG_MS);
  expect(bridge.program.stdout).toContain('ENOSPC');

  await broker.stop('SIGKILL');
  const refused = 'outbox cannot be used: readings wait in memory';
  await bridge.until(() => warnings(bridge, refused) === 1, 'the outbox is refused', LONG_MS);
  const taken = bridge.readings();
  await bridge.until(() => bridge.readings() >= taken + 3, 'readings nobody takes', LONG_MS);

  rmSync(inside(bridge, 'filler'));
  await bridge.until(() => logged(bridge, 'outbox is on disk again'), 'the outbox is on disk', LONG_MS);
  const segments = (): number => readdirSync(inside(bridge, 'home/outbox')).length;
  expect(segments()).toBeGreaterThan(0);
  await stick.unplug();
  await stick.plug();
  await bridge.until(() => existsSync(inside(bridge, 'home/pan.json')), 'the network is remembered', LONG_MS);

  fill(inside(bridge, 'filler'));
  const more = bridge.readings();
  await bridge.until(() => warnings(bridge, refused) === 2, 'the outbox is refused again', LONG_MS);
  await bridge.until(() => bridge.readings() >= more + 3, 'readings go on', LONG_MS);
  const after = await bridge.frozenWhile(async () => {
    await broker.start();
    return await home.watch(broker.url);
  });
  const all = (): number[] => [...new Set([...readingsOf(before), ...readingsOf(after)].map(({ seq }) => seq))];
  const last = bridge.readings();
  await bridge.until(() => Math.max(...all()) >= last - 1, 'everything is delivered', LONG_MS);
  expect(all().sort((a, b) => a - b)).toEqual(Array.from({ length: all().length }, (_, i) => i + 1));
  expect((await bridge.end()).code).toBe(0);
});

test('no descriptors left: nothing can be opened, the program stays, and is well again when there are some', async () => {
  await using home = new Household();
  const broker = await home.broker();
  const stick = await home.stick();
  const bridge = await home.bridge({
    broker: broker.url,
    meters: [{ device: stick.path }],
    config: { http: { listen: '127.0.0.1:0' } },
  });
  await bridge.until(() => bridge.readings() >= 3, 'readings', LONG_MS);
  const page = await bridge.until(() => /"page":"(http:[^"]+)"/.exec(bridge.program.stdout)?.[1], 'page');
  const limit = (soft: number): void =>
    void execFileSync('prlimit', ['--pid', String(bridge.pid), `--nofile=${soft}:`]);

  limit(1);
  await stick.unplug();
  await stick.plug();
  await broker.stop('SIGKILL');
  await broker.start();
  await bridge.until(() => bridge.phase() === 'waiting', 'the port cannot be opened', LONG_MS);
  await bridge.until(() => /EMFILE|too many open files/i.test(bridge.program.stdout), 'said why', LONG_MS);
  expect(await fetch(`${page}livez`, { signal: AbortSignal.timeout(1000) }).catch(() => undefined)).toBeUndefined();
  expect(bridge.program.code).toBeUndefined();

  limit(1024);
  const watcher = await home.watch(broker.url);
  await bridge.until(() => readingsOf(watcher).length >= 3, 'readings at the broker', LONG_MS);
  await bridge.until(async () => (await fetch(`${page}livez`)).status === 200, 'the page answers', LONG_MS);
  expect(bridge.phase()).toBe('connected');
  expect((await bridge.end()).code).toBe(0);
});
