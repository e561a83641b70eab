import { expect, test } from 'vitest';
import { HeardRequests } from '../support/heard-requests.ts';
import { createRig } from '../support/rig.ts';
import type { Rig, RigOptions } from '../support/rig.ts';
import type { Fault } from '../../src/simulator/faults.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ALWAYS = 30 * 24 * 3600;

const firstAt = (rig: Rig, key: 'powerW' | 'importKwh'): number | undefined =>
  rig.readings().find((reading) => reading[key] !== undefined)?.atMs;
const energies = (rig: Rig): number[] =>
  rig.readings().flatMap(({ importKwh }) => (importKwh === undefined ? [] : [importKwh]));
const halfHours = (rig: Rig): number => rig.events.filter(({ kind }) => kind === 'halfHour').length;

async function rigWith(options: RigOptions, ...faults: readonly Fault[]): Promise<Rig> {
  const rig = await createRig(options);
  for (const fault of faults) rig.simulator.inject(fault);
  return rig;
}

for (const edition of ['SE', 'DSE', 'J11'] as const) {
  for (const count of [1, 2, 3]) {
    const kinds: readonly (readonly [string, RigOptions, readonly Fault[]])[] = [
      ['refuses the rest', { simulator: { edition } }, [{ fault: 'refuse-beyond', count, for_s: ALWAYS }]],
      ['does not answer larger requests', { simulator: { edition, maxOpc: count } }, []],
    ];
    for (const [how, options, faults] of kinds)
      test(`${edition}: a meter that answers ${count} at a time and ${how} tells its energy within 30 s of the first reading`, async () => {
        const rig = await rigWith(options, ...faults);
        await rig.clock.until(() => firstAt(rig, 'importKwh') !== undefined, 5 * MINUTE);
        expect((firstAt(rig, 'importKwh') ?? 0) - (firstAt(rig, 'powerW') ?? 0)).toBeLessThanOrEqual(30_000);
        expect(rig.errors()).toEqual([]);
        await rig.clock.advance(3 * MINUTE);
        expect(rig.memory.value?.requestSize).toBeLessThanOrEqual(count);
        expect(rig.memory.value?.profile).toMatchObject({ hasTPhase: true, hasExport: true, serialNumber: 'SIM0001' });
        const before = rig.readings().length;
        await rig.clock.advance(MINUTE);
        const [power, current] = (['powerW', 'currentRA'] as const).map(
          (key) =>
            rig
              .readings()
              .slice(before)
              .filter((reading) => reading[key] !== undefined).length,
        );
        expect(power).toBeGreaterThanOrEqual(6);
        expect(current).toBeGreaterThanOrEqual(6);
        await rig.stop();
      });
  }
}

test('how much a meter answers at a time is remembered: after a restart it is asked no more', async () => {
  const refuses = { fault: 'refuse-beyond', count: 2, for_s: ALWAYS } as const;
  for (const [most, options, faults] of [
    [2, {}, [refuses]],
    [1, { simulator: { maxOpc: 1 } }, []],
  ] as const) {
    const requests = new HeardRequests();
    const rig = await rigWith({ ...options, wire: requests.wire }, ...faults);
    await rig.clock.until(() => rig.memory.value?.requestSize === most, 5 * MINUTE);
    requests.all.length = 0;
    await rig.restart();
    const before = energies(rig).length;
    await rig.clock.advance(2 * MINUTE);
    expect(Math.max(...requests.all.map(({ epcs }) => epcs.length))).toBe(most);
    expect(energies(rig).length).toBeGreaterThan(before);
    await rig.stop();
  }
});

test('a coefficient that is refused is never 1: no energy until the meter tells it, then the right one at once', async () => {
  const rig = await rigWith(
    { simulator: { coefficient: 20, importKwh: 246_900 } },
    { fault: 'sna', epc: 'D3', for_s: 20 * 60 },
  );
  await rig.clock.advance(19 * MINUTE);
  rig.simulator.inject({ fault: 'notification' });
  await rig.clock.advance(5000);
  expect([energies(rig), halfHours(rig), rig.memory.value?.profile?.energyScale]).toEqual([[], 0, undefined]);
  expect(rig.readings().length).toBeGreaterThan(100);
  await rig.clock.advance(30 * MINUTE);
  for (const kwh of energies(rig)) expect(kwh).toBeCloseTo(246_900, -3);
  expect(energies(rig).length).toBeGreaterThan(5);
  expect(halfHours(rig)).toBeGreaterThan(0);
  expect(rig.log.some(({ msg }) => msg.startsWith('energy register'))).toBe(false);
  await rig.stop();
});

test('what the same meter said of its scale in an earlier session holds while it refuses to say it again', async () => {
  const rig = await createRig({ simulator: { coefficient: 20, importKwh: 246_900 } });
  await rig.clock.until(() => rig.memory.value?.profile?.energyScale !== undefined, 2 * MINUTE);
  for (const epc of ['D3', 'E1', 'D7']) rig.simulator.inject({ fault: 'sna', epc, for_s: ALWAYS });
  await rig.restart();
  const before = energies(rig).length;
  await rig.clock.advance(2 * MINUTE);
  expect(energies(rig).length).toBeGreaterThan(before);
  for (const kwh of energies(rig)) expect(kwh).toBeCloseTo(246_900, -3);
  await rig.stop();
});

test('another meter’s scale is not taken over, be it at another address or by another serial number', async () => {
  for (const mac of [undefined, '001C6400030C12A4']) {
    const rig = await createRig({ simulator: { coefficient: 20, importKwh: 246_900 } });
    await rig.clock.until(() => rig.memory.value?.profile?.energyScale !== undefined, 2 * MINUTE);
    rig.simulator.inject({ fault: 'meter-replaced', serial: 'SIM0002', ...(mac === undefined ? {} : { mac }) });
    rig.simulator.inject({ fault: 'sna', epc: 'D3', for_s: ALWAYS });
    rig.simulator.inject({ fault: 'event-26' });
    const before = energies(rig).length;
    await rig.untilPhase('connected', 15 * MINUTE);
    await rig.clock.advance(5 * MINUTE);
    expect(energies(rig)).toHaveLength(before);
    await rig.stop();
  }
});

test('a serial number that is refused where it was told before leaves the remembered scale unused', async () => {
  const rig = await createRig({ simulator: { coefficient: 20, importKwh: 246_900 } });
  await rig.clock.until(() => rig.memory.value?.profile?.energyScale !== undefined, 2 * MINUTE);
  for (const epc of ['D3', '8D']) rig.simulator.inject({ fault: 'sna', epc, for_s: 10 * 60 });
  await rig.restart();
  const before = energies(rig).length;
  await rig.clock.advance(5 * MINUTE);
  expect(energies(rig)).toHaveLength(before);
  await rig.clock.advance(40 * MINUTE);
  expect(energies(rig).length).toBeGreaterThan(before);
  await rig.stop();
});

test('what a meter truly refuses is asked again after minutes, then hours, and costs the live values nothing', async () => {
  const refused = [0xe8, 0x8d, 0xe3, 0x97, 0xeb];
  const requests = new HeardRequests();
  const faults = refused.map((code): Fault => ({ fault: 'sna', epc: code.toString(16), for_s: 4 * 3600 }));
  const rig = await rigWith({ wire: requests.wire }, ...faults);
  await rig.clock.advance(2 * HOUR);
  requests.all.length = 0;
  const before = rig.readings().length;
  await rig.clock.advance(HOUR);
  for (const code of refused) expect(requests.timesOf(code).length).toBeLessThanOrEqual(3);
  expect(requests.all.length).toBeLessThan(380); // one request a cycle of ten seconds, and hardly more
  expect(
    rig
      .readings()
      .slice(before)
      .filter(({ powerW }) => powerW !== undefined).length,
  ).toBeGreaterThanOrEqual(358);
  expect(energies(rig).length).toBeGreaterThan(150);
  await rig.clock.advance(8 * HOUR); // it does not refuse any more
  expect(rig.memory.value?.profile).toMatchObject({ hasTPhase: true, hasExport: true, serialNumber: 'SIM0001' });
  await rig.stop();
});
