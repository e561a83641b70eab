import { expect, test } from 'vitest';
import { createRig } from '../support/rig.ts';

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

test('a single-phase two-wire meter has no T phase', async () => {
  const rig = await createRig({ simulator: { twoWire: true } });
  await rig.clock.until(() => rig.memory.value?.profile !== undefined, 60_000);
  expect(rig.memory.value?.profile?.hasTPhase).toBe(false);
  expect(rig.readings().some((reading) => 'currentTA' in reading)).toBe(false);
  await rig.stop();
});

test('a property outside the Get map is never asked for', async () => {
  const rig = await createRig({ simulator: { mapRemove: [0xe3, 0x88, 0xeb] } });
  await rig.clock.advance(150_000);
  expect(rig.truth.map(({ epc }) => epc)).not.toContain('E3');
  expect(rig.memory.value?.profile?.hasExport).toBe(false);
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
