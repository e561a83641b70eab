import { expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { createRig } from '../support/rig.ts';

const editions = ['SE', 'DSE'] as const;

for (const edition of editions) {
  test(`${edition}: two scans find nothing, the third does`, async () => {
    const rig = await createRig({ simulator: { edition } });
    rig.simulator.inject({ fault: 'pan-not-found', times: 2 });
    await rig.untilReadings(1);
    expect(rig.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
    await rig.stop();
  });

  test(`${edition}: no meter in reach: it scans for ever, and finds it when it is there`, async () => {
    const rig = await createRig({ simulator: { edition } });
    rig.simulator.inject({ fault: 'pan-not-found', times: 40 });
    await rig.untilReadings(1, 3_600_000);
    expect(rig.errors()).toContain('PAN_NOT_FOUND');
    expect(rig.phases()).toContain('waiting');
    expect(rig.phases().at(-1)).toBe('connected');
    await rig.stop();
  });

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

const scanQuirks: readonly { readonly name: string; readonly fault: Fault }[] = [
  { name: 'a stronger neighbour answers too', fault: { fault: 'two-pans' } },
  { name: 'EPANDESC comes without EVENT 22', fault: { fault: 'pandesc-without-22' } },
  { name: 'EPANDESC comes after EVENT 22', fault: { fault: 'late-pandesc', after_s: 0.5 } },
  { name: 'the module prints in the dialect of one byte at a time', fault: { fault: 'dribble', for_s: 60 } },
  { name: 'lines are glued together', fault: { fault: 'glued-lines', for_s: 60 } },
  { name: 'events come twice', fault: { fault: 'duplicated-event', for_s: 60 } },
];
for (const edition of editions) {
  for (const { name, fault } of scanQuirks) {
    test(`${edition}: ${name}: the own meter is joined`, async () => {
      const rig = await createRig({ simulator: { edition, routeBId: '0123456789ABCDEF0123456789ABCDEF' } });
      rig.simulator.inject(fault);
      await rig.untilReadings(2);
      expect(rig.pans.value?.macAddress).toBe('001C6400030C12A4');
      expect(rig.errors()).toEqual([]);
      await rig.stop();
    });
  }
}

test('a wrong Route-B ID finds nothing and says so', async () => {
  const rig = await createRig({ simulator: { routeBId: 'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF' } });
  await rig.clock.advance(300_000);
  expect(rig.errors()).toEqual(['PAN_NOT_FOUND']);
  expect(rig.readings()).toEqual([]);
  await rig.stop();
});

test('a wrong password is refused, over and over, and the bridge goes on', async () => {
  const rig = await createRig({ simulator: { password: 'ZZZZZZZZZZZZ' } });
  await rig.clock.advance(900_000);
  expect(rig.errors()).toEqual(['JOIN_REFUSED']);
  expect(rig.phases().at(-1)).not.toBe('stopped');
  await rig.stop();
});

test('the meter moves to another channel: the remembered PAN is given up for a scan', async () => {
  const rig = await createRig();
  await rig.untilReadings(2);
  rig.simulator.inject({ fault: 'meter-moved', channel: '2F', pan_id: '9E08' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.advance(1);
  const before = rig.readings().length;
  await rig.untilReadings(before + 1, 900_000);
  expect(rig.pans.value).toMatchObject({ channel: 0x2f, panId: 0x9e08 });
  await rig.stop();
});

test('the meter is replaced: it is found, and its registers are taken as they are', async () => {
  const rig = await createRig();
  await rig.clock.until(() => rig.readings().some(({ importKwh }) => importKwh !== undefined), 60_000);
  rig.simulator.inject({ fault: 'meter-replaced' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.advance(1);
  const before = rig.readings().length;
  const later = (): (number | undefined)[] =>
    rig
      .readings()
      .slice(before)
      .map(({ importKwh }) => importKwh);
  await rig.clock.until(() => later().some((kwh) => kwh !== undefined), 900_000);
  expect(rig.pans.value?.macAddress).not.toBe('001C6400030C12A4');
  expect(rig.log.some(({ msg }) => msg.startsWith('another meter'))).toBe(true);
  await rig.stop();
});

test('SKINFO misleads about the edition: SKSCAN is refused with ER05 and repeated in the other form', async () => {
  const rig = await createRig({ simulator: { edition: 'SE' } });
  rig.simulator.inject({ fault: 'fail-code', on: 'SKSCAN', code: 5 });
  await rig.clock.advance(60_000);
  expect(rig.phases()).toContain('scanning');
  await rig.untilReadings(1, 600_000);
  await rig.stop();
});
