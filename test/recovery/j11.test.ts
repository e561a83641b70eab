import { expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { encodeCommand } from '../../src/j11/commands.ts';
import { createRig } from '../support/rig.ts';
import type { Rig, RigOptions } from '../support/rig.ts';
import { simulatorWire } from '../support/wires.ts';

const { signal } = new AbortController();
const first = ['opening', 'scanning', 'joining', 'connected'];
const anew = ['waiting', 'joining', 'connected'];
const j11 = (options: RigOptions = {}): Promise<Rig> =>
  createRig({ ...options, simulator: { edition: 'J11', ...options.simulator } });

/** Until the next reading. @returns how long it took, virtual ms. */
async function nextReading(rig: Rig, limitMs = 300_000): Promise<number> {
  const [before, startMs] = [rig.readings().length, rig.clock.monotonicMs()];
  await rig.untilReadings(before + 1, limitMs);
  return rig.clock.monotonicMs() - startMs;
}

test('from the scan to readings, with the received power in dBm as the module tells it', async () => {
  const rig = await j11();
  await rig.untilReadings(3);
  expect(rig.phases()).toEqual(first);
  expect(rig.errors()).toEqual([]);
  const status = rig.statuses().at(-1);
  expect(status).toMatchObject({
    rssiDbm: -49,
    module: { edition: 'J11', stackVersion: '1.3.5514' },
    pan: { channel: 0x33, panId: 0x12a4, macAddress: '001C6400030C12A4' },
  });
  expect(status).not.toHaveProperty('lqi');
  await rig.stop();
});

test('a restart of ours finds the session warm: no reset, no scan, no join', async () => {
  const rig = await j11();
  await rig.untilReadings(3);
  const phases = rig.phases().length;
  await rig.restart();
  expect(await nextReading(rig)).toBeLessThan(3500); // 1 s of SKVER before J11 is asked is not paid again: the wire is remembered
  expect(rig.simulator.session).toBe('up');
  expect(rig.phases().slice(phases)).toEqual(['stopped', 'opening', 'joining', 'connected']);
  expect(rig.errors()).toEqual([]);
  await rig.stop();
});

test('the module still shows B-route but the session is dead: one short try, then a join', async () => {
  const rig = await j11();
  await rig.untilReadings(3);
  await rig.stop();
  rig.simulator.inject({ fault: 'session-lost' });
  await rig.restart();
  expect(await nextReading(rig)).toBeLessThan(20_000);
  await rig.stop();
});

test('the stick was replugged while we were away: the remembered PAN is joined without a scan', async () => {
  const rig = await j11();
  await rig.untilReadings(3);
  const phases = rig.phases().length;
  await rig.stop();
  rig.simulator.powerCycle();
  await rig.restart();
  await nextReading(rig);
  expect(rig.phases().slice(phases)).toEqual(['stopped', 'opening', 'joining', 'connected']);
  await rig.stop();
});

/** A program before us left the module at work on a scan of all channels, of some 9.64 ms × 14 × 2^duration. */
const leftScanning =
  (duration: number): NonNullable<RigOptions['wire']> =>
  ({ clock, simulator }) => {
    const dead = simulator.connect();
    const settings = { mode: 5, hanSleep: 0, channel: 4, power: 0 };
    dead.write(encodeCommand({ name: 'configure', ...settings }));
    void clock.sleep(500, signal).then(() => {
      dead.write(encodeCommand({ name: 'scan', duration, mask: 0x3fff0, pairingId: undefined }));
    });
    const wire = simulatorWire(clock, simulator);
    return { ...wire, open: (limit) => clock.sleep(600, limit).then(() => wire.open(limit)) };
  };

for (const [duration, seconds] of [
  [7, 17],
  [10, 138],
] as const)
  test(`the module is busy for ${seconds} s when we come: it is waited for, and not taken for something else`, async () => {
    const rig = await j11({ wire: leftScanning(duration) });
    await rig.untilReadings(1, 75_000);
    expect(rig.errors()).toEqual([]);
    expect(rig.phases()).toEqual(first);
    await rig.stop();
  });

test('a module that is busy for good is told as such, and asked until it is free', async () => {
  const rig = await j11();
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

interface Hazard {
  readonly name: string;
  readonly fault: Fault | readonly Fault[];
  /** From the fault on. */
  readonly phases: readonly string[];
  readonly code?: string;
  readonly withinMs: number;
}

const lost: readonly Hazard[] = [
  {
    name: 'the meter ends the session (601A 04)',
    fault: { fault: 'event-26' },
    phases: anew,
    code: 'SESSION_LOST',
    withinMs: 20_000,
  },
  {
    name: 'a renewal is refused (6028 02)',
    fault: { fault: 'event-24' },
    phases: anew,
    code: 'SESSION_LOST',
    withinMs: 20_000,
  },
  { name: 'a renewal in between (6028 01)', fault: { fault: 'event-25' }, phases: [], withinMs: 20_000 },
  {
    name: 'the session is forgotten without a word (result 10)',
    fault: { fault: 'session-lost' },
    phases: anew,
    code: 'SESSION_LOST',
    withinMs: 30_000,
  },
  {
    name: 'the module restarts by itself (6019)',
    fault: { fault: 'module-reset' },
    phases: anew,
    code: 'SESSION_LOST',
    withinMs: 20_000,
  },
  {
    name: 'answers stop without a word',
    fault: { fault: 'silent-session' },
    phases: anew,
    code: 'METER_SILENT',
    withinMs: 60_000,
  },
  {
    name: 'three packets cannot be decrypted: a new authentication helps (6038, 00D2)',
    fault: { fault: 'receive-failure' },
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'two packets cannot be decrypted: nothing is done',
    fault: { fault: 'receive-failure', count: 2 },
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'a new authentication is refused (6038, 00D2, 6028 02)',
    fault: [{ fault: 'join-refused' }, { fault: 'receive-failure' }],
    phases: anew,
    code: 'SESSION_LOST',
    withinMs: 30_000,
  },
  {
    name: 'a new authentication is not answered',
    fault: [{ fault: 'join-silent' }, { fault: 'receive-failure' }],
    phases: anew,
    code: 'SESSION_LOST',
    withinMs: 90_000,
  },
  {
    name: 'the airtime is used up for ten minutes (send result 2)',
    fault: { fault: 'event-32', for_s: 600 },
    phases: ['paused', 'connected'],
    withinMs: 640_000,
  },
  {
    name: 'one send without an acknowledgement (send result 5)',
    fault: { fault: 'event-21-01' },
    phases: [],
    withinMs: 25_000,
  },
  {
    name: 'a response to a send is lost',
    fault: { fault: 'missing-ok', on: '0008' },
    phases: [],
    withinMs: 40_000,
  },
  { name: 'garbage in between', fault: { fault: 'garbage', count: 300 }, phases: [], withinMs: 20_000 },
  { name: 'notifications come twice', fault: { fault: 'duplicated-event', for_s: 60 }, phases: [], withinMs: 20_000 },
  { name: 'every byte comes alone', fault: { fault: 'dribble', for_s: 60 }, phases: [], withinMs: 20_000 },
  {
    name: 'the module hangs for 20 s',
    fault: { fault: 'module-hang', for_s: 20 },
    phases: ['waiting', 'opening', 'joining', 'connected'],
    code: 'MODULE_SILENT',
    withinMs: 60_000,
  },
  {
    name: 'the stick is pulled out for 10 s',
    fault: { fault: 'port-lost', for_s: 10 },
    phases: ['waiting', 'opening', 'joining', 'connected'],
    code: 'PORT_LOST',
    withinMs: 30_000,
  },
];

test.each(lost)('$name', async ({ fault, phases, code, withinMs }) => {
  const rig = await j11();
  await rig.untilReadings(3);
  const before = rig.phases().length;
  for (const each of Array.isArray(fault) ? (fault as readonly Fault[]) : [fault as Fault]) rig.simulator.inject(each);
  await rig.clock.advance(1);
  let tookMs = await nextReading(rig, withinMs);
  // An answer already on its way, or the one of a session about to be lost, proves nothing.
  if (rig.phases().length < before + phases.length) {
    await rig.clock.until(() => rig.phases().length >= before + phases.length, withinMs);
    tookMs += await nextReading(rig, withinMs);
  }
  expect(tookMs).toBeLessThanOrEqual(withinMs);
  expect(
    rig
      .phases()
      .slice(before)
      .filter((phase) => phase !== 'opening'),
  ).toEqual(phases.filter((phase) => phase !== 'opening'));
  expect(rig.errors()).toEqual(code === undefined ? [] : [code]);
  await rig.stop();
  await rig.simulator[Symbol.asyncDispose]();
  await rig.clock.settle();
  expect(rig.clock.sleepers).toBe(0);
});

const starts: readonly Hazard[] = [
  {
    name: 'two scans find nothing, the third does',
    fault: { fault: 'pan-not-found', times: 2 },
    phases: first,
    withinMs: 60_000,
  },
  {
    name: 'the response to the scan is lost, what was heard counts',
    fault: { fault: 'pandesc-without-22' },
    phases: first,
    withinMs: 60_000,
  },
  { name: 'a stronger neighbour answers too', fault: { fault: 'two-pans' }, phases: first, withinMs: 60_000 },
  {
    name: 'the MAC connection fails once (0053, 0E)',
    fault: { fault: 'connect-failed' },
    phases: first,
    withinMs: 60_000,
  },
  {
    name: 'the MAC connection fails twice',
    fault: { fault: 'connect-failed', times: 2 },
    phases: ['opening', 'scanning', 'joining', 'waiting', 'scanning', 'joining', 'connected'],
    code: 'JOIN_TIMEOUT',
    withinMs: 60_000,
  },
  {
    name: 'the join is refused twice',
    fault: { fault: 'join-refused', times: 2 },
    phases: [
      'opening',
      'scanning',
      'joining',
      'waiting',
      'scanning',
      'joining',
      'waiting',
      'scanning',
      'joining',
      'connected',
    ],
    code: 'JOIN_REFUSED',
    withinMs: 90_000,
  },
  {
    name: 'nothing comes of the join: asked how it stands (0001), given up in the end',
    fault: { fault: 'join-silent' },
    phases: ['opening', 'scanning', 'joining', 'waiting', 'scanning', 'joining', 'connected'],
    code: 'JOIN_TIMEOUT',
    withinMs: 180_000,
  },
  ...['005F', '0054', '0051', '0053', '0005', '0056'].map((on) => ({
    name: `${on} is refused once`,
    fault: { fault: 'fail-code', on } as const,
    phases: [
      'opening',
      'scanning',
      ...(['0053', '0005', '0056'].includes(on) ? ['joining'] : []),
      'waiting',
      ...first.slice(1),
    ],
    code: 'COMMAND_REFUSED',
    withinMs: 60_000,
  })),
  {
    name: 'a command arrives damaged (F1) and is sent again',
    fault: { fault: 'fail-code', on: '005F', code: 0xf1 },
    phases: first,
    withinMs: 60_000,
  },
  {
    name: 'the first question is not answered',
    fault: { fault: 'no-answer', on: '0001' },
    phases: first,
    withinMs: 60_000,
  },
];

test.each(starts)('at the start: $name', async ({ fault, phases, code, withinMs }) => {
  const rig = await j11({ simulator: { routeBId: '0123456789ABCDEF0123456789ABCDEF' } });
  rig.simulator.inject(fault as Fault);
  await rig.untilReadings(1, withinMs);
  expect(rig.phases().filter((phase, at) => at === 0 || phase !== 'opening')).toEqual(phases);
  expect(rig.errors()).toEqual(code === undefined ? [] : [code]);
  expect(rig.statuses().at(-1)?.pan?.macAddress).toBe('001C6400030C12A4');
  await rig.stop();
});

test('a wrong password: the meter refuses, for as long as it is wrong', async () => {
  const rig = await j11({ simulator: { password: '000000000000' } });
  await rig.clock.advance(120_000);
  expect(rig.readings()).toEqual([]);
  expect(rig.errors()).toEqual(['JOIN_REFUSED']);
  await rig.stop();
});

test('the meter takes another PAN ID on its channel: 0053 finds it without a scan', async () => {
  const rig = await j11();
  await rig.untilReadings(2);
  const before = rig.phases().length;
  rig.simulator.inject({ fault: 'meter-moved', channel: '33', pan_id: '0777' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.until(() => rig.phases().length >= before + anew.length, 60_000);
  await nextReading(rig);
  expect(rig.phases().slice(before)).toEqual(anew);
  expect(rig.pans.value).toMatchObject({ panId: 0x0777 });
  await rig.stop();
});

test('the meter moves to another channel: it is found again', async () => {
  const rig = await j11();
  await rig.untilReadings(2);
  rig.simulator.inject({ fault: 'meter-moved', channel: '2F', pan_id: '9E08' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.until(() => rig.pans.value?.channel === 0x2f, 240_000);
  await rig.stop();
});

test('the network remembered from another stick is on a channel that J11 does not have: it is looked for anew', async () => {
  const rig = await j11({ pan: { channel: 34, panId: 0x12a4, macAddress: '001C6400030C12A4' } });
  await rig.untilReadings(1, 120_000);
  expect(rig.errors()).toContain('PAN_NOT_FOUND');
  expect(rig.pans.value?.channel).toBe(0x33);
  await rig.stop();
});
