import { expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { createRig } from '../support/rig.ts';

const passing: readonly { readonly name: string; readonly fault: Fault }[] = [
  { name: 'a reply is lost', fault: { fault: 'lost-reply' } },
  { name: 'two replies are lost', fault: { fault: 'lost-reply', times: 2 } },
  { name: 'a reply comes late', fault: { fault: 'late-reply', after_s: 6 } },
  { name: 'a reply has another TID', fault: { fault: 'wrong-tid' } },
  { name: 'a reply counts its properties wrong', fault: { fault: 'opc-mismatch' } },
  { name: 'a property runs past the end', fault: { fault: 'pdc-past-end' } },
  { name: 'a reply has a property nobody asked for', fault: { fault: 'unknown-epc' } },
  { name: 'the radio fails to send (EVENT 21 01)', fault: { fault: 'event-21-01' } },
  { name: 'the radio resolves the address first (EVENT 21 02)', fault: { fault: 'event-21-02' } },
  { name: 'an announcement comes between request and reply', fault: { fault: 'notification' } },
  { name: 'E7 is refused once (ESV 52)', fault: { fault: 'sna', epc: 'E7' } },
];
for (const edition of ['SE', 'DSE'] as const) {
  for (const { name, fault } of passing) {
    test(`${edition}: ${name}: the session stands and readings go on`, async () => {
      const rig = await createRig({ simulator: { edition } });
      await rig.untilReadings(3);
      rig.simulator.inject(fault);
      const before = rig.readings().length;
      await rig.untilReadings(before + 3, 60_000);
      expect(rig.errors()).toEqual([]);
      expect(rig.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
      await rig.stop();
    });
  }
}

test('a partly refused answer keeps what was answered', async () => {
  const rig = await createRig();
  await rig.untilReadings(3);
  rig.simulator.inject({ fault: 'sna', epc: 'E8' });
  const before = rig.readings().length;
  await rig.untilReadings(before + 1);
  const reading = rig.readings()[before];
  expect(reading?.powerW).toBeTypeOf('number');
  expect(reading?.currentRA).toBeUndefined();
  await rig.stop();
});

test('"no data" is absent, never zero', async () => {
  const rig = await createRig();
  await rig.untilReadings(3);
  rig.simulator.inject({ fault: 'no-data', epc: 'E7' });
  const before = rig.readings().length;
  await rig.untilReadings(before + 1);
  expect(rig.readings()[before]).not.toHaveProperty('powerW');
  await rig.stop();
});

test('what is read is what the meter said, negative power and current included', async () => {
  const rig = await createRig({ simulator: { solar: true } });
  await rig.untilReadings(3);
  rig.simulator.setPower(-1489);
  rig.simulator.setCurrents(-7, -8);
  await rig.clock.advance(25_000);
  expect(rig.readings().at(-1)).toMatchObject({ powerW: -1489, currentRA: -7, currentTA: -8 });
  await rig.stop();
});

test('a single-phase two-wire meter has no T phase', async () => {
  const rig = await createRig({ simulator: { twoWire: true } });
  await rig.clock.until(() => rig.memory.value?.profile !== undefined, 60_000);
  expect(rig.memory.value?.profile?.hasTPhase).toBe(false);
  expect(rig.readings().some((reading) => 'currentTA' in reading)).toBe(false);
  await rig.stop();
});

for (const [unit, step] of [
  [0x00, 1],
  [0x01, 0.1],
  [0x02, 0.01],
  [0x04, 0.0001],
  [0x0a, 10],
] as const) {
  test(`unit ${unit.toString(16)}: energy in steps of ${step} kWh, exactly`, async () => {
    const rig = await createRig({ simulator: { unit, digits: 8, importKwh: 1000 } });
    rig.simulator.setPower(0); // an answer takes up to seconds: the register would go on meanwhile
    await rig.clock.until(() => rig.readings().some(({ importKwh }) => importKwh !== undefined), 60_000);
    const { import: raw } = rig.simulator.registers();
    const kwh = rig.readings().find(({ importKwh }) => importKwh !== undefined)?.importKwh ?? Number.NaN;
    expect(Math.abs(kwh - raw * step)).toBeLessThan(2.001 * step);
    expect(String(kwh).length).toBeLessThan(12);
    await rig.stop();
  });
}

test('a coefficient multiplies energy alone', async () => {
  const rig = await createRig({ simulator: { coefficient: 40, importKwh: 1200 } });
  await rig.clock.until(() => rig.readings().some(({ importKwh }) => importKwh !== undefined), 60_000);
  const { energyScale } = rig.memory.value?.profile ?? {};
  expect(energyScale?.coefficient ?? 40).toBe(40);
  expect(rig.readings().find(({ importKwh }) => importKwh !== undefined)?.importKwh).toBeCloseTo(1200, -1);
  await rig.stop();
});

test('a meter that answers few properties at a time gets small requests', async () => {
  const rig = await createRig({ simulator: { maxOpc: 2 } });
  await rig.clock.until(() => rig.memory.value?.profile !== undefined, 300_000);
  const before = rig.readings().length;
  await rig.untilReadings(before + 5, 120_000);
  expect(rig.errors()).toEqual([]);
  expect(rig.readings().some(({ importKwh }) => importKwh !== undefined)).toBe(true);
  await rig.stop();
});

test('a property outside the Get map is never asked for', async () => {
  const rig = await createRig({ simulator: { mapRemove: [0xe3, 0x88, 0xeb] } });
  await rig.clock.advance(150_000);
  expect(rig.truth.map(({ epc }) => epc)).not.toContain('E3');
  expect(rig.memory.value?.profile?.hasExport).toBe(false);
  await rig.stop();
});

test('a fall of the energy register is held back', async () => {
  const rig = await createRig();
  await rig.clock.until(() => rig.readings().some(({ importKwh }) => importKwh !== undefined), 60_000);
  const highest = Math.max(...rig.readings().map(({ importKwh }) => importKwh ?? 0));
  rig.simulator.inject({ fault: 'energy-back', count: 500 });
  await rig.clock.advance(120_000);
  expect(
    rig.readings().every(({ importKwh }) => importKwh === undefined || importKwh >= highest || importKwh > 0),
  ).toBe(true);
  expect(rig.log.some(({ msg }) => msg === 'energy register held back until confirmed')).toBe(true);
  await rig.clock.advance(600_000);
  expect(rig.log.some(({ msg }) => msg === 'energy register accepted after a fall or jump')).toBe(true);
  await rig.stop();
});

for (const halfHour of ['inf', 'infc'] as const) {
  test(`half-hour marks come by ${halfHour} with both registers, and INFC is answered`, async () => {
    const rig = await createRig({ simulator: { halfHour, solar: true } });
    await rig.clock.advance(35 * 60_000);
    const marks = rig.events.flatMap((event) => (event.kind === 'halfHour' ? [event.halfHour] : []));
    expect(marks.at(-1)?.markMs).toBe(Date.UTC(2026, 0, 15, 3, 30));
    expect(marks.at(-1)).toMatchObject({ importKwh: expect.any(Number), exportKwh: expect.any(Number) });
    expect(rig.simulator.unansweredInfc).toBe(0);
    await rig.stop();
  });
}

test('half-hour marks that are not announced are asked for', async () => {
  const rig = await createRig({ simulator: { halfHour: 'off' } });
  await rig.clock.advance(40 * 60_000);
  const marks = rig.events.flatMap((event) => (event.kind === 'halfHour' ? [event.halfHour.markMs] : []));
  expect(marks).toContain(Date.UTC(2026, 0, 15, 3, 30));
  await rig.stop();
});
