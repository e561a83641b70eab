import { expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { createRig } from '../support/rig.ts';
import type { Rig } from '../support/rig.ts';

const MINUTE = 60_000;

/** A household whose airtime is used up for 25 minutes from now on. */
async function limited(simulator: SimulatorOptions): Promise<{ readonly rig: Rig; readonly endsMs: number }> {
  const rig = await createRig({ simulator });
  await rig.untilReadings(3);
  rig.simulator.inject({ fault: 'event-32', for_s: 25 * 60 });
  await rig.clock.advance(15_000);
  expect(rig.phases().at(-1)).toBe('paused');
  return { rig, endsMs: rig.clock.monotonicMs() + 25 * MINUTE - 15_000 };
}
const tried = (rig: Rig): number => rig.count('join') + rig.count('scan');

/** Runs on until there are readings again. @returns how long after the limit's end, and what was tried before it. */
async function recovery(rig: Rig, endsMs: number): Promise<{ readonly lateMs: number; readonly tries: number }> {
  const before = tried(rig);
  await rig.clock.advance(endsMs - rig.clock.monotonicMs() - 1);
  const tries = tried(rig) - before;
  const readings = rig.readings().length;
  await rig.untilReadings(readings + 1, 10 * MINUTE);
  return { lateMs: rig.clock.monotonicMs() - endsMs, tries };
}

for (const edition of ['SE', 'DSE', 'J11'] as const) {
  test(`${edition}: restarted in the midst of it: shown as paused, nothing tried, back when it ends`, async () => {
    const { rig, endsMs } = await limited({ edition });
    await rig.restart();
    await rig.clock.advance(20_000);
    expect(rig.phases().at(-1)).toBe('paused');
    const { lateMs, tries } = await recovery(rig, endsMs);
    expect(tries).toBe(0);
    expect(lateMs).toBeLessThan(75_000);
    expect(rig.phases().at(-1)).toBe('connected');
    await rig.stop();
  });
}

for (const edition of ['SE', 'DSE'] as const) {
  test(`${edition}: the session is lost in the midst of it: no join, no scan, also after a restart`, async () => {
    const { rig, endsMs } = await limited({ edition });
    rig.simulator.inject({ fault: 'event-26' });
    await rig.untilPhase('waiting', 1000);
    await rig.untilPhase('paused', 10_000);
    await rig.clock.advance(2 * MINUTE);
    await rig.restart();
    const { lateMs, tries } = await recovery(rig, endsMs);
    expect(tries).toBe(0);
    expect(lateMs).toBeLessThan(90_000);
    await rig.stop();
  });

  test(`${edition}: the stick comes back without a session, still limited: it is asked, and waited for`, async () => {
    const { rig, endsMs } = await limited({ edition });
    rig.simulator.inject({ fault: 'module-reset' });
    rig.simulator.inject({ fault: 'event-26' });
    const { tries } = await recovery(rig, endsMs);
    expect(tries).toBe(0);
    await rig.stop();
  });

  test(`${edition}: a module without register SFB: one step of the ladder every five minutes`, async () => {
    const { rig, endsMs } = await limited({ edition, airtimeRegister: false });
    rig.simulator.inject({ fault: 'event-26' });
    await rig.clock.advance(1000);
    await rig.restart();
    const { lateMs, tries } = await recovery(rig, endsMs);
    expect(rig.phases()).toContain('paused');
    expect(tries).toBeLessThanOrEqual(12);
    expect(lateMs).toBeLessThan(6 * MINUTE);
    await rig.stop();
  });
}

test('J11: the session is lost in the midst of it: one step of the ladder every five minutes', async () => {
  const { rig, endsMs } = await limited({ edition: 'J11' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.untilPhase('waiting', 1000);
  await rig.untilPhase('paused', 10_000);
  const { lateMs, tries } = await recovery(rig, endsMs);
  expect(tries).toBeLessThanOrEqual(12);
  expect(lateMs).toBeLessThan(6 * MINUTE);
  await rig.stop();
});

for (const between of ['we are restarted', 'the module hangs and its port is opened anew'] as const) {
  test(`J11: the session is lost in the midst of it and ${between}: still one step every five minutes`, async () => {
    const { rig, endsMs } = await limited({ edition: 'J11' });
    rig.simulator.inject({ fault: 'event-26' });
    await rig.untilPhase('waiting', 1000);
    await rig.untilPhase('paused', 10_000);
    const before = tried(rig);
    if (between === 'we are restarted') await rig.restart();
    else {
      rig.simulator.inject({ fault: 'module-hang', for_s: 400 });
      await rig.clock.until(() => rig.errors().includes('MODULE_SILENT'), 20 * MINUTE);
    }
    const { lateMs } = await recovery(rig, endsMs);
    expect(rig.phases().at(-1)).toBe('connected');
    expect(tried(rig) - before).toBeLessThanOrEqual(13);
    expect(lateMs).toBeLessThan(6 * MINUTE);
    await rig.stop();
  });
}

test('rescan while paused without a session: kept, and carried out when it may be', async () => {
  const { rig, endsMs } = await limited({ edition: 'SE' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.untilPhase('paused', 30_000);
  const scans = rig.count('scan');
  rig.supervisor.command('rescan');
  rig.supervisor.command('read_now');
  rig.supervisor.command('restart_session');
  await rig.clock.advance(endsMs - rig.clock.monotonicMs() - 1);
  expect([rig.count('scan'), rig.phases().at(-1)]).toEqual([scans, 'paused']);
  const readings = rig.readings().length;
  await rig.untilReadings(readings + 1, 2 * MINUTE);
  expect(rig.count('scan')).toBeGreaterThan(scans);
  expect(rig.phases().slice(-4)).toEqual(['paused', 'scanning', 'joining', 'connected']);
  await rig.stop();
});

test('rescan while paused before a warm session was looked at: the scan is the first thing done', async () => {
  const { rig, endsMs } = await limited({ edition: 'SE' });
  await rig.restart();
  await rig.untilPhase('paused', 10_000);
  rig.supervisor.command('rescan');
  const { tries } = await recovery(rig, endsMs);
  expect(tries).toBe(0);
  expect(rig.phases().slice(-4)).toEqual(['paused', 'scanning', 'joining', 'connected']);
  await rig.stop();
});

for (const edition of ['SE', 'J11'] as const) {
  test(`${edition}: restart_session while a session is held: it is kept until another can be made`, async () => {
    const { rig, endsMs } = await limited({ edition });
    const joins = rig.count('join');
    rig.supervisor.command('restart_session');
    await rig.clock.advance(endsMs - rig.clock.monotonicMs() - 1);
    expect([rig.count('join'), rig.phases().at(-1)]).toEqual([joins, 'paused']);
    await rig.clock.advance(MINUTE);
    expect([rig.count('join'), rig.phases().at(-1)]).toEqual([joins + 1, 'connected']);
    await rig.stop();
  });
}

test('rescan insists where the module cannot say: it is tried at once', async () => {
  const { rig } = await limited({ edition: 'J11' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.untilPhase('waiting', 1000);
  await rig.untilPhase('paused', 10_000);
  rig.supervisor.command('rescan');
  await rig.untilPhase('scanning', 1000);
  await rig.stop();
});

test('the hook is not run for a pause, nor right behind one', async () => {
  let calls = 0;
  const rig = await createRig({ onStuck: () => Promise.resolve(void calls++) });
  await rig.untilReadings(3);
  rig.simulator.inject({ fault: 'event-32', for_s: 1500 });
  await rig.clock.advance(12 * MINUTE);
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.advance(20 * MINUTE);
  expect([calls, rig.phases().at(-1)]).toEqual([0, 'connected']);
  await rig.stop();
});

test('a stop while paused without a session ends at once', async () => {
  const { rig } = await limited({ edition: 'SE' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.untilPhase('waiting', 1000);
  await rig.untilPhase('paused', 10_000);
  const before = rig.clock.monotonicMs();
  await rig.stop();
  expect(rig.clock.monotonicMs()).toBe(before);
  await rig.simulator[Symbol.asyncDispose]();
  await rig.clock.settle();
  expect(rig.clock.sleepers).toBe(0);
});

test('the stick is pulled out while paused without a session: noticed at once', async () => {
  for (const edition of ['SE', 'J11'] as const) {
    const { rig } = await limited({ edition });
    rig.simulator.inject({ fault: 'event-26' });
    await rig.untilPhase('waiting', 1000);
    await rig.untilPhase('paused', 10_000);
    rig.simulator.unplug();
    await rig.untilPhase('waiting', 1000);
    expect(rig.errors().at(-1)).toBe('PORT_LOST');
    await rig.stop();
  }
});
