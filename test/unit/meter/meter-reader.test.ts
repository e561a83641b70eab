import { expect, test } from 'vitest';
import { createRig } from '../../support/rig.ts';

test('a session that died silently does not make the next one’s requests small', async () => {
  const rig = await createRig();
  await rig.clock.until(() => rig.memory.value?.profile !== undefined, 120_000);
  await rig.clock.advance(30_000);
  rig.simulator.inject({ fault: 'silent-session' });
  await rig.untilPhase('waiting');
  const before = rig.readings().length;
  await rig.untilReadings(before + 5);
  const both = rig
    .readings()
    .slice(before)
    .filter(({ powerW, currentRA }) => powerW !== undefined && currentRA !== undefined);
  expect(both.length).toBeGreaterThan(2);
  await rig.stop();
});

test('an exchanged meter’s registers are not remembered under the new one’s address', async () => {
  const rig = await createRig();
  await rig.clock.until(() => rig.memory.value?.import !== undefined, 2 * 3_600_000);
  const former = rig.memory.value;
  rig.simulator.inject({ fault: 'meter-replaced' });
  rig.simulator.inject({ fault: 'event-26' });
  await rig.clock.until(() => rig.memory.value?.macAddress !== former?.macAddress, 900_000);
  const { import: remembered } = rig.memory.value ?? {};
  expect(remembered?.kwh).not.toBe(former?.import?.kwh);
  await rig.stop();
});

test('registers are written once an hour and at the end, nothing else in steady state', async () => {
  const rig = await createRig({ intervalMs: 60_000 });
  await rig.clock.advance(10 * 60_000);
  const texts = new Set<string>();
  const save = rig.memory.save.bind(rig.memory);
  rig.memory.save = (value) => {
    texts.add(JSON.stringify(value));
    return save(value);
  };
  await rig.clock.advance(6 * 3_600_000);
  expect(texts.size).toBeLessThanOrEqual(7);
  await rig.stop();
});

test('an answer that tells the time alone makes no figure of the usage newer', async () => {
  const rig = await createRig();
  rig.simulator.inject({ fault: 'refuse-beyond', count: 1, for_s: 86_400 }); // one property an answer
  await rig.clock.advance(2 * 3_600_000); // the time is asked for once an hour
  const told = rig.events.filter(({ kind }) => kind === 'reading' || kind === 'halfHour' || kind === 'usage');
  const resting = told.flatMap((event, at) => {
    const before = told[at - 1];
    return event.kind === 'usage' && before?.kind === 'reading' ? [event.usage.atMs - before.reading.atMs] : [];
  });
  expect(resting.length).toBeGreaterThan(600);
  expect(resting.filter((ms) => ms !== 0)).toEqual([]);
  expect(told.filter((event, at) => event.kind === 'usage' && told[at - 1]?.kind === 'usage')).toEqual([]);
  await rig.stop();
});
