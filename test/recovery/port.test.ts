import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { encodeCommand } from '../../src/j11/commands.ts';
import { createRig } from '../support/rig.ts';
import type { RigOptions } from '../support/rig.ts';
import { simulatorWire, wireTo } from '../support/wires.ts';

test('the stick is absent at start: it is waited for and opened when it comes', async () => {
  const rig = await createRig({
    wire: ({ clock, simulator }) => {
      simulator.unplug();
      return simulatorWire(clock, simulator);
    },
  });
  await rig.clock.advance(120_000);
  expect(rig.phases()).toEqual(['opening', 'waiting']);
  expect(rig.errors()).toEqual(['PORT_MISSING']);
  rig.simulator.plug();
  await rig.untilReadings(1);
  expect(rig.statuses().at(-1)?.error).toBeUndefined();
  await rig.stop();
});

test('a replug loses the module’s session, so the remembered PAN is joined without a scan', async () => {
  const rig = await createRig();
  await rig.untilReadings(2);
  rig.simulator.unplug();
  await rig.untilPhase('waiting');
  rig.simulator.plug();
  expect(await rig.nextReading()).toBeLessThan(15_000);
  expect(rig.phases().filter((phase) => phase === 'scanning')).toHaveLength(1);
  await rig.stop();
});

test('a stick pulled out again and again is opened at once each time: only what fails waits longer', async () => {
  const rig = await createRig({ simulator: { timeFactor: 1000 } });
  for (let number = 1; number <= 8; number++) {
    await rig.nextReading();
    rig.simulator.unplug();
    await rig.untilPhase('waiting');
    rig.simulator.plug();
    const pluggedMs = rig.clock.monotonicMs();
    await rig.untilPhase('opening');
    expect(rig.clock.monotonicMs() - pluggedMs).toBeLessThan(3000);
  }
  await rig.stop();
});

test('a stick that vanishes before the first answer, again and again, is opened when it is back, not after the back-off', async () => {
  const rig = await createRig();
  for (let number = 1; number <= 8; number++) {
    await rig.untilPhase('scanning');
    rig.simulator.unplug();
    await rig.untilPhase('waiting');
    await rig.clock.advance(1000);
    rig.simulator.plug();
    const pluggedMs = rig.clock.monotonicMs();
    await rig.untilPhase('opening');
    expect(rig.clock.monotonicMs() - pluggedMs).toBeLessThanOrEqual(500); // how often it is looked for
  }
  await rig.untilReadings(1);
  await rig.stop();
  await rig.simulator[Symbol.asyncDispose]();
  await rig.clock.settle();
  expect(rig.clock.sleepers).toBe(0);
});

test('a port that is there all the time waits out its back-off', async () => {
  const rig = await createRig(strange((end) => end.resume()));
  await rig.clock.advance(120_000);
  const waits = rig.statuses().filter(({ phase }) => phase === 'waiting');
  expect(waits.length).toBeGreaterThan(3);
  for (const { sinceMs, retryAtMs } of waits.slice(1, -1)) {
    const opening = rig.statuses().find((status) => status.phase === 'opening' && status.sinceMs >= (retryAtMs ?? 0));
    expect((opening?.sinceMs ?? 0) - sinceMs).toBeGreaterThanOrEqual(4000);
  }
  await rig.stop();
});

test('a predecessor died inside SKSENDTO: the module counts payload bytes, and is freed', async () => {
  const rig = await createRig({
    wire: ({ clock, simulator }) => {
      const dead = simulator.connect();
      dead.write('SKSENDTO 1 FE80:0000:0000:0000:021C:6400:030C:12A4 0E1A 1 0 04D0 only the beginning');
      return simulatorWire(clock, simulator);
    },
  });
  await rig.untilReadings(1);
  expect(rig.errors()).toEqual([]);
  await rig.stop();
});

test('a predecessor died inside a command: its half line is ended first', async () => {
  const rig = await createRig({
    wire: ({ clock, simulator }) => {
      simulator.connect().write('SKSCAN 2 FFFF');
      return simulatorWire(clock, simulator);
    },
  });
  await rig.untilReadings(1);
  expect(rig.errors()).toEqual([]);
  await rig.stop();
});

/** A program before us left the module at work on a scan of all channels, of some 9.64 ms × 14 × 2^duration. */
const leftScanning =
  (duration: number): NonNullable<RigOptions['wire']> =>
  ({ clock, simulator }) => {
    const dead = simulator.connect();
    const settings = { mode: 5, hanSleep: 0, channel: 4, power: 0 };
    dead.write(encodeCommand({ name: 'configure', ...settings }));
    void clock.sleep(500, new AbortController().signal).then(() => {
      dead.write(encodeCommand({ name: 'scan', duration, mask: 0x3fff0, pairingId: undefined }));
    });
    const wire = simulatorWire(clock, simulator);
    return { ...wire, open: (limit) => clock.sleep(600, limit).then(() => wire.open(limit)) };
  };

for (const [duration, seconds] of [
  [7, 17],
  [10, 138],
] as const)
  test(`the J11 module is busy for ${seconds} s when we come: it is waited for, and not taken for something else`, async () => {
    const rig = await createRig({ simulator: { edition: 'J11' }, wire: leftScanning(duration) });
    await rig.untilReadings(1, 75_000);
    expect(rig.errors()).toEqual([]);
    expect(rig.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
    await rig.stop();
  });

test('a J11 module that is busy for good is told as such, and asked until it is free', async () => {
  const rig = await createRig({ simulator: { edition: 'J11' } });
  await rig.untilReadings(1);
  await rig.stop();
  rig.simulator.inject({ fault: 'fail-code', code: 0x3d, for_s: 300 });
  await rig.restart();
  await rig.untilPhase('waiting');
  const error = rig.statuses().at(-1)?.error;
  expect(error?.code).toBe('MODULE_SILENT');
  expect(error?.text('en')).toContain('the J11 module is busy');
  await rig.untilReadings(2, 600_000);
  await rig.stop();
});

/** Something that is no Wi-SUN module. */
const strange = (talk: (end: Duplex) => void): RigOptions => ({
  wire: () =>
    wireTo(() => {
      const [ours, theirs] = duplexPair();
      talk(theirs);
      return ours;
    }, '/dev/strange'),
});

test('a port behind which nothing speaks is told as such, and tried again', async () => {
  const rig = await createRig(strange((end) => end.resume()));
  await rig.clock.advance(60_000);
  expect(rig.errors()).toEqual(['MODULE_SILENT']);
  expect(rig.phases().slice(0, 4)).toEqual(['opening', 'waiting', 'opening', 'waiting']);
  await rig.stop();
});

test('a GPS receiver is not taken for a module', async () => {
  const rig = await createRig(
    strange((end) => end.on('data', () => end.write('$GPGGA,092750.000,5321.6802,N*76\r\n'))),
  );
  await rig.clock.advance(60_000);
  expect(rig.errors()).toEqual(['MODULE_UNKNOWN']);
  await rig.stop();
});

test('a port that only echoes is not taken for a module', async () => {
  const rig = await createRig(strange((end) => end.on('data', (bytes) => end.write(bytes))));
  await rig.clock.advance(60_000);
  expect(rig.errors()).toEqual(['MODULE_UNKNOWN']);
  await rig.stop();
});

for (const fault of ['garbage', 'burst'] as const) {
  test(`${fault} on the line in a session does not end it`, async () => {
    const rig = await createRig();
    await rig.untilReadings(2);
    for (let i = 0; i < 5; i++) {
      rig.simulator.inject({ fault });
      await rig.clock.advance(7000);
    }
    const before = rig.readings().length;
    await rig.untilReadings(before + 3, 60_000);
    expect(rig.readings().every(({ powerW }) => powerW === undefined || Math.abs(powerW) < 20_000)).toBe(true);
    await rig.stop();
  });
}
