import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { autoWire } from '../../../src/module/auto-wire.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import type { SimulatorOptions } from '../../../src/simulator/options.ts';
import { Simulator } from '../../../src/simulator/sim.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const generic = (serial: string): string => `usb-FTDI_FT230X_Basic_UART_${serial}-if00-port0`;
const ratoc = 'usb-RATOC_Systems_RS-WSUHA-P_1-if00-port0';
const { signal } = new AbortController();

let folder = '';
let clock = new VirtualClock();
/** Paths in the order they were opened. */
let opened: string[] = [];
const sticks = new Map<string, () => Duplex | Promise<Duplex>>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'auto-'));
  await mkdir(join(folder, 'serial/by-id'), { recursive: true });
  clock = new VirtualClock();
  opened = [];
  sticks.clear();
});
afterEach(() => rm(folder, { recursive: true }));

const byId = (name: string): string => join(folder, 'serial/by-id', name);
const device = (name: string): string => join(folder, `tty-${name}`);

async function plug(name: string, open: () => Duplex | Promise<Duplex>): Promise<string> {
  await writeFile(device(name), '');
  await symlink(device(name), byId(name));
  sticks.set(byId(name), open);
  return byId(name);
}
const unplug = (name: string): Promise<void> => rm(byId(name));

/** A Wi-SUN module. */
function module(options: SimulatorOptions = {}): () => Duplex {
  const simulator = new Simulator({ seed: 1, ...options }, { clock, onAnswer: () => undefined });
  return () => simulator.connect();
}
/** Takes everything and answers nothing. */
const silent = (): Duplex => new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
const failing = (code: 'PORT_BUSY' | 'PORT_DENIED') => (): Promise<Duplex> =>
  Promise.reject(new BridgeError(code, 'no'));

function wire(): Wire {
  return autoWire(clock, {
    roots: { dev: folder, sys: join(folder, 'sys') },
    open: async (path) => {
      opened.push(path);
      return await (sticks.get(path) as () => Duplex | Promise<Duplex>)();
    },
  });
}

/** Virtual time passes while the real file system is read. */
const run = <T>(promise: Promise<T>, stepMs = 200): Promise<T> => clock.creepWhile(promise, stepMs);

async function failure(promise: Promise<unknown>): Promise<BridgeError> {
  return await run(
    promise.then(
      () => expect.unreachable(),
      (error: unknown) => error as BridgeError,
    ),
  );
}

test('one stick is asked who it is, and opened; it gives the wire its name', async () => {
  const path = await plug(generic('A'), module());
  const auto = wire();
  expect(auto.name).toBe('auto');
  await run(auto.whenPresent(signal));
  const stream = await run(auto.open(signal));
  expect(stream.destroyed).toBe(false);
  expect(opened).toEqual([path, path]);
  expect(auto.name).toBe(path);
});

test('of several, the first that answers; it stays the one, though a better name comes along', async () => {
  const [a, b] = [await plug(generic('A'), silent), await plug(generic('B'), module())];
  await plug('usb-dresden_elektronik_ConBee_1-if00', silent);
  const auto = wire();
  await run(auto.open(signal));
  expect(opened).toEqual([a, b, b]);
  await plug(ratoc, module());
  await run(auto.open(signal));
  expect(opened).toEqual([a, b, b, b]);
});

test('a name that says Wi-SUN comes first', async () => {
  await plug(generic('A'), module());
  const named = await plug(ratoc, module());
  await run(wire().open(signal));
  expect(opened).toEqual([named, named]);
});

test('a port that another process has open is never opened', async () => {
  await plug(generic('A'), module());
  const other = spawn('sh', ['-c', `exec 3<'${device(generic('A'))}'; echo; exec sleep 60`]);
  try {
    await new Promise((resolve) => other.stdout.once('data', resolve));
    const alone = await failure(wire().open(signal));
    expect(alone).toMatchObject({ code: 'PORT_BUSY' });
    expect(alone.message).toContain(`${byId(generic('A'))}: used by sleep (pid ${other.pid})`);
    const b = await plug(generic('B'), module());
    await run(wire().open(signal));
    expect(opened).toEqual([b, b]);
  } finally {
    other.kill();
  }
});

test('with none, the error lists what is plugged in', async () => {
  expect((await failure(wire().open(signal))).hint('ja')).toContain('なし');
  const zigbee = await plug('usb-dresden_elektronik_ConBee_1-if00', silent);
  const error = await failure(wire().open(signal));
  expect(error.code).toBe('PORT_MISSING');
  expect(error.hint('en')).toContain(`Plugged in on USB now: ${zigbee}. `);
  expect(error.hint('en')).toContain('name it in `device`');
  expect(error.hint('ja')).toContain(zigbee);
  expect(opened).toEqual([]);
});

test('a J11 stick is asked in its own language, at once, and told as what it is', async () => {
  const path = await plug('usb-RATOC_Systems__Ltd._RS-WSUHA-J11-if00-port0', module({ edition: 'J11' }));
  const auto = wire();
  const startMs = clock.monotonicMs();
  await run(auto.open(signal), 1);
  expect(clock.monotonicMs() - startMs).toBeLessThan(1000); // SKVER would have been waited for
  expect([auto.name, auto.family, opened]).toEqual([path, 'J11', [path, path]]);
});

test('a J11 stick with the bridge chip’s own name is found too', async () => {
  const path = await plug(generic('A'), module({ edition: 'J11' }));
  const auto = wire();
  await run(auto.open(signal));
  expect([auto.name, auto.family]).toEqual([path, 'J11']);
});

test('one that does not answer is told as such; several together, by one that nobody uses', async () => {
  await plug(generic('A'), silent);
  expect(await failure(wire().open(signal))).toMatchObject({ code: 'MODULE_SILENT' });
  await plug(ratoc, failing('PORT_BUSY'));
  const both = await failure(wire().open(signal));
  expect(both.code).toBe('MODULE_SILENT');
  expect(both.message).toMatch(/asked 2 ports in vain: no \[PORT_BUSY\]; .*FT230X.*not one byte came back/);
  expect(both.hint('en')).toContain('name it in `device`');
  await unplug(generic('A'));
  await plug(generic('B'), failing('PORT_BUSY'));
  expect(await failure(wire().open(signal))).toMatchObject({ code: 'PORT_BUSY' });
});

test('told to stop in the middle of a question, it stops', async () => {
  const [a] = [await plug(generic('A'), silent), await plug(generic('B'), silent)];
  const stop = new AbortController();
  const opening = wire().open(stop.signal);
  opening.catch(() => undefined);
  await vi.waitFor(() => expect(opened).toEqual([a]), { timeout: 10_000 });
  stop.abort(new Error('told to stop'));
  await expect(run(opening)).rejects.toThrow('told to stop');
  expect(opened).toEqual([a]);
  expect(clock.sleepers).toBe(0);
});

test('with nothing plugged in, it looks until something is', async () => {
  let present = false;
  const waiting = wire()
    .whenPresent(signal)
    .then(() => (present = true));
  await vi.waitFor(() => expect(clock.sleepers).toBe(1));
  await plug(generic('A'), silent);
  expect(present).toBe(false);
  await run(waiting);
});

test('the chosen stick is waited for, though another port is there that did not answer', async () => {
  await plug(generic('A'), silent);
  const b = await plug(generic('B'), module());
  const auto = wire();
  await run(auto.open(signal));
  await unplug(generic('B'));
  await run(auto.whenPresent(signal)); // A may be the stick, now that B is gone
  expect(await failure(auto.open(signal))).toMatchObject({ code: 'MODULE_SILENT' });

  let present = false;
  const waiting = auto.whenPresent(signal).then(() => (present = true));
  for (let turn = 0; turn < 5; turn++) {
    await delay(10);
    await clock.advance(1000);
  }
  expect(present).toBe(false);
  await symlink(device(generic('B')), byId(generic('B')));
  await run(waiting);
  opened = [];
  await run(auto.open(signal));
  expect(opened).toEqual([b]);
});

test('away for a minute, it may have been replaced: the others are asked again', async () => {
  await plug(generic('A'), silent);
  await plug(generic('B'), module());
  const auto = wire();
  await run(auto.open(signal));
  await unplug(generic('B'));
  await failure(auto.open(signal));
  const startMs = clock.monotonicMs();
  await run(auto.whenPresent(signal), 500);
  expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(60_000);
});
