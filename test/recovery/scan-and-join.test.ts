import { expect, test } from 'vitest';
import type { LinkPhase } from '../../src/model/status.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { all } from '../support/fault-catalogue.ts';
import type { Edition } from '../support/fault-catalogue.ts';
import { createRig } from '../support/rig.ts';

const HOME = '001C6400030C12A4';
const skstack: readonly Edition[] = ['SE', 'DSE'];
const j11: readonly Edition[] = ['J11'];

for (const edition of skstack) {
  test(`${edition}: a join refused three times is accepted the fourth time, and it has scanned again meanwhile`, async () => {
    const rig = await createRig({ simulator: { edition } });
    rig.simulator.inject({ fault: 'join-refused', times: 3 });
    await rig.untilReadings(1);
    expect(rig.errors()).toEqual(['JOIN_REFUSED']);
    expect(rig.phases().filter((phase) => phase === 'waiting')).toHaveLength(3);
    expect(rig.phases().filter((phase) => phase === 'scanning').length).toBeGreaterThan(1);
    await rig.stop();
  });

  test(`${edition}: a join that nobody answers is given up and tried again`, async () => {
    const rig = await createRig({ simulator: { edition } });
    rig.simulator.inject({ fault: 'join-silent' });
    await rig.untilReadings(1);
    expect(['JOIN_TIMEOUT', 'JOIN_REFUSED']).toContain(rig.errors()[0]);
    await rig.stop();
  });
}

/** A fault that is there before we start; the own meter is joined all the same. */
interface Start {
  readonly name: string;
  readonly editions: readonly Edition[];
  readonly fault: Fault;
  /** Default `straight`. */
  readonly phases?: readonly LinkPhase[];
  readonly code?: string;
  /** To the first reading, virtual time. */
  readonly withinMs: number;
}

const straight: readonly LinkPhase[] = ['opening', 'scanning', 'joining', 'connected'];
/** Waiting after a failure, and all over again. */
const anew: readonly LinkPhase[] = ['waiting', ...straight.slice(1)];
const failedJoin: readonly LinkPhase[] = ['opening', 'scanning', 'joining'];

const starts: readonly Start[] = [
  {
    name: 'the module prints in the dialect of one byte at a time',
    editions: skstack,
    fault: { fault: 'dribble', for_s: 60 },
    withinMs: 60_000,
  },
  {
    name: 'lines are glued together',
    editions: skstack,
    fault: { fault: 'glued-lines', for_s: 60 },
    withinMs: 60_000,
  },
  { name: 'a stronger neighbour answers too', editions: j11, fault: { fault: 'two-pans' }, withinMs: 60_000 },
  {
    name: 'the response to the scan is lost, what was heard counts',
    editions: j11,
    fault: { fault: 'pandesc-without-22' },
    withinMs: 60_000,
  },
  {
    name: 'the MAC connection fails once (0053, 0E)',
    editions: j11,
    fault: { fault: 'connect-failed' },
    withinMs: 60_000,
  },
  {
    name: 'the MAC connection fails twice',
    editions: j11,
    fault: { fault: 'connect-failed', times: 2 },
    phases: [...failedJoin, ...anew],
    code: 'JOIN_TIMEOUT',
    withinMs: 60_000,
  },
  {
    name: 'the join is refused twice',
    editions: j11,
    fault: { fault: 'join-refused', times: 2 },
    phases: [...failedJoin, 'waiting', 'scanning', 'joining', ...anew],
    code: 'JOIN_REFUSED',
    withinMs: 90_000,
  },
  {
    name: 'nothing comes of the join: asked how it stands (0001), given up in the end',
    editions: j11,
    fault: { fault: 'join-silent' },
    phases: [...failedJoin, ...anew],
    code: 'JOIN_TIMEOUT',
    withinMs: 180_000,
  },
  ...['005F', '0054', '0051', '0053', '0005', '0056'].map((on): Start => ({
    name: `${on} is refused once`,
    editions: j11,
    fault: { fault: 'fail-code', on },
    phases: [...(['0053', '0005', '0056'].includes(on) ? failedJoin : failedJoin.slice(0, 2)), ...anew],
    code: 'COMMAND_REFUSED',
    withinMs: 60_000,
  })),
  {
    name: 'a command arrives damaged (F1) and is sent again',
    editions: j11,
    fault: { fault: 'fail-code', on: '005F', code: 0xf1 },
    withinMs: 60_000,
  },
  {
    name: 'the first question is not answered',
    editions: j11,
    fault: { fault: 'no-answer', on: '0001' },
    withinMs: 60_000,
  },
];

for (const { name, editions: tried, fault, phases = straight, code, withinMs } of starts)
  for (const edition of tried)
    test(`${edition}: at the start: ${name}`, async () => {
      const rig = await createRig({ simulator: { edition, routeBId: '0123456789ABCDEF0123456789ABCDEF' } });
      rig.simulator.inject(fault);
      await rig.untilReadings(1, withinMs);
      await rig.untilReadings(2);
      expect(rig.phases().filter((phase, at) => at === 0 || phase !== 'opening')).toEqual(phases);
      expect(rig.errors()).toEqual(code === undefined ? [] : [code]);
      expect(rig.statuses().at(-1)?.pan?.macAddress).toBe(HOME);
      expect(rig.pans.value?.macAddress).toBe(HOME);
      await rig.stop();
    });

test('a wrong Route-B ID finds nothing and says so', async () => {
  const rig = await createRig({ simulator: { routeBId: 'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF' } });
  await rig.clock.advance(300_000);
  expect(rig.errors()).toEqual(['PAN_NOT_FOUND']);
  expect(rig.readings()).toEqual([]);
  await rig.stop();
});

for (const edition of ['DSE', 'J11'] as const) {
  test(`${edition}: a wrong password is refused, over and over, and the bridge goes on`, async () => {
    const rig = await createRig({ simulator: { edition, password: 'ZZZZZZZZZZZZ' } });
    await rig.clock.advance(900_000);
    expect(rig.readings()).toEqual([]);
    expect(rig.errors()).toEqual(['JOIN_REFUSED']);
    expect(rig.phases().at(-1)).not.toBe('stopped');
    await rig.stop();
  });
}

for (const edition of all) {
  test(`${edition}: the meter moves to another channel: the remembered PAN is given up for a scan`, async () => {
    const rig = await createRig({ simulator: { edition } });
    await rig.untilReadings(2);
    rig.simulator.inject({ fault: 'meter-moved', channel: '2F', pan_id: '9E08' });
    rig.simulator.inject({ fault: 'event-26' });
    await rig.clock.until(() => rig.pans.value?.channel === 0x2f, 240_000);
    await rig.nextReading();
    expect(rig.pans.value).toMatchObject({ channel: 0x2f, panId: 0x9e08 });
    await rig.stop();
  });
}

test('J11: the meter takes another PAN ID on its channel: 0053 finds it without a scan', async () => {
  const rig = await createRig({ simulator: { edition: 'J11' } });
  await rig.untilReadings(2);
  const before = rig.phases().length;
  rig.simulator.inject({ fault: 'meter-moved', channel: '33', pan_id: '0777' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.until(() => rig.phases().length >= before + 3, 60_000);
  await rig.nextReading();
  expect(rig.phases().slice(before)).toEqual(['waiting', 'joining', 'connected']);
  expect(rig.pans.value).toMatchObject({ panId: 0x0777 });
  await rig.stop();
});

test('J11: the network remembered from another stick is on a channel that it does not have: it is looked for anew', async () => {
  const rig = await createRig({
    simulator: { edition: 'J11' },
    pan: { channel: 34, panId: 0x12a4, macAddress: HOME },
  });
  await rig.untilReadings(1, 120_000);
  expect(rig.errors()).toContain('PAN_NOT_FOUND');
  expect(rig.pans.value?.channel).toBe(0x33);
  await rig.stop();
});
