import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { BridgeError } from '../../../src/kernel/errors.ts';
import type { WiSunModule } from '../../../src/module/module.ts';
import { openModule } from '../../../src/module/open-module.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import type { SimulatorOptions } from '../../../src/simulator/options.ts';
import { Simulator } from '../../../src/simulator/sim.ts';
import { credentials } from '../../support/meter-run.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { tapWrites, wireTo } from '../../support/wires.ts';

const log = pino({ level: 'silent' });
const J11_REQUEST = Buffer.from('D0EA83FC', 'hex');

/** A wire with a simulated stick behind it, which can be changed for another, and everything the stick was sent. */
class Bench {
  readonly clock = new VirtualClock();
  simulator: Simulator;
  sent = Buffer.alloc(0);
  readonly wire: Wire = wireTo(() =>
    tapWrites(this.simulator.connect(), (chunk) => void (this.sent = Buffer.concat([this.sent, chunk]))),
  );

  constructor(options: SimulatorOptions) {
    this.simulator = this.plug(options);
  }

  plug(options: SimulatorOptions): Simulator {
    this.simulator = new Simulator({ seed: 1, ...options }, { clock: this.clock });
    return this.simulator;
  }

  /** @returns the module, and how long it took to find out what it is, ms. */
  async open(): Promise<{ module: WiSunModule; ms: number }> {
    const startMs = this.clock.monotonicMs();
    let over = false;
    const { signal } = new AbortController();
    const opening = openModule(this.wire, credentials, { clock: this.clock, log }, signal).finally(() => (over = true));
    opening.catch(() => undefined);
    await this.clock.until(() => over, 60_000);
    return { module: await opening, ms: this.clock.monotonicMs() - startMs };
  }
}

test.each(['SE', 'DSE'] as const)('%s: found by the first question; not one byte of J11 is sent', async (edition) => {
  const bench = new Bench({ edition });
  const { module, ms } = await bench.open();
  expect(module.info.edition).toBe(edition);
  expect(ms).toBeLessThan(100);
  expect(bench.sent.includes(J11_REQUEST)).toBe(false);
  await module[Symbol.asyncDispose]();
});

test('J11: found after the one second that SKVER is waited for; the next time at once, without SKVER', async () => {
  const bench = new Bench({ edition: 'J11' });
  const first = await bench.open();
  expect(first.module.info).toEqual({ edition: 'J11', stackVersion: '1.3.5514' });
  expect(first.ms).toBeGreaterThanOrEqual(1000);
  expect(first.ms).toBeLessThan(1100);
  await first.module[Symbol.asyncDispose]();
  bench.sent = Buffer.alloc(0);
  const second = await bench.open();
  expect(second.ms).toBeLessThan(100);
  expect(bench.sent.includes('SKVER')).toBe(false);
  await second.module[Symbol.asyncDispose]();
});

test('another stick on the same wire: each is found where the other was', async () => {
  const bench = new Bench({ edition: 'J11' });
  for (const edition of ['J11', 'SE', 'J11', 'DSE'] as const) {
    bench.plug({ edition });
    const { module } = await bench.open();
    expect(module.info.edition).toBe(edition);
    await module[Symbol.asyncDispose]();
  }
});

test.each(['SE', 'DSE', 'J11'] as const)('%s: asking both ways ends no session and resets nothing', async (edition) => {
  const bench = new Bench({ edition });
  const { signal } = new AbortController();
  const { module } = await bench.open();
  let joined = false;
  const pan = { channel: 0x33, panId: 0x12a4, macAddress: '001C6400030C12A4' };
  const joining = module.join(pan, signal).then((session) => {
    joined = true;
    return session;
  });
  await bench.clock.until(() => joined, 60_000);
  (await joining)[Symbol.dispose]();
  await module[Symbol.asyncDispose]();
  const stranger: Wire = { ...bench.wire, family: edition === 'J11' ? 'SKSTACK' : 'J11' };
  const again = new Bench({});
  Object.assign(again, { wire: stranger, clock: bench.clock });
  const { module: warm } = await again.open();
  expect(warm.info.edition).toBe(edition);
  expect(bench.simulator.session).toBe('up');
  expect(await warm.attach(pan)).toBeDefined();
  await warm[Symbol.asyncDispose]();
});

test('half a command of a dead predecessor does not keep a J11 module from being found', async () => {
  const bench = new Bench({ edition: 'J11' });
  const before = bench.simulator.connect();
  before.write(Buffer.from('D0EA83FC0054003003BD09D43030', 'hex')); // 0054, cut short
  await bench.clock.advance(5000);
  before.destroy();
  const { module } = await bench.open();
  expect(module.info.edition).toBe('J11');
  await module[Symbol.asyncDispose]();
});

test('nothing behind the wire, and something that speaks neither', async () => {
  const bench = new Bench({ edition: 'J11' });
  bench.simulator.inject({ fault: 'module-hang' });
  const silent = await bench.open().then(
    () => expect.unreachable(),
    (error: unknown) => error as BridgeError,
  );
  expect(silent.code).toBe('MODULE_SILENT');
  bench.plug({ edition: 'SE' });
  bench.simulator.inject({ fault: 'fail-code', code: 4, for_s: 60 });
  const neither = await bench.open().then(
    () => expect.unreachable(),
    (error: unknown) => error as BridgeError,
  );
  expect(neither.code).toBe('MODULE_UNKNOWN');
  expect(neither.hint('en')).toContain('SKSTACK-IP or J11');
});
