import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { HomeAssistantLink } from '../../../src/home-assistant/ha-link.ts';
import { OwnStatistics } from '../../../src/home-assistant/own-statistics.ts';
import type { OwnRegister } from '../../../src/home-assistant/own-statistics.ts';
import { RecorderApi } from '../../../src/home-assistant/recorder-api.ts';
import { HA_TOKEN } from '../../support/fake-home-assistant.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { at, filledRows, gapRows, IMPORT, ImportRig } from './import-rig.ts';

const { signal } = new AbortController();
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing[Symbol.asyncDispose]();
});

interface Visit {
  readonly rig: ImportRig;
  readonly own: OwnStatistics;
  readonly register: OwnRegister;
  readonly clock: VirtualClock;
  /** Lets time pass until it has ended. */
  readonly during: <T>(work: Promise<T>) => Promise<T>;
}

async function visit(hasFlat = true, version = '2026.11.0'): Promise<Visit> {
  const rig = await ImportRig.create(hasFlat);
  open.push(rig);
  rig.ha.version = version;
  const clock = new VirtualClock(at(6.2));
  const during = <T>(work: Promise<T>): Promise<T> => clock.creepWhile(work);
  const link = await during(HomeAssistantLink.open({ url: rig.ha.url, token: HA_TOKEN }, clock, signal));
  open.push({ [Symbol.asyncDispose]: async () => link[Symbol.dispose]() });
  const own = new OwnStatistics(new RecorderApi(link), clock, rig.log);
  const [register, ...others] = await during(own.registers([rig.meter], signal));
  if (!register) throw new Error('no register');
  expect(others).toEqual([]); // Home Assistant has no export here
  return { rig, own, register, clock, during };
}

const importAll = async ({ own, register, during }: Visit, again = false): Promise<number> => {
  const planned = await during(own.planImport(register, again, signal));
  await during(own.carryOut(planned, signal));
  return planned.plan.gaps.flatMap(({ hours }) => hours).length;
};

test.each([
  ['rows that stood still', true, '2025.4.4'],
  ['no rows', false, '2026.11.0'],
])('%s: filled, once; given back without a trace', async (_, hasFlat, version) => {
  const one = await visit(hasFlat, version);
  const { rig, own, register, during } = one;
  rig.ha.slowReads = 2;
  expect(await importAll(one)).toBe(3);
  expect(rig.ha.rows(IMPORT)).toEqual(filledRows);
  expect(await importAll(one)).toBe(0);
  expect(rig.ha.commands.filter((type) => type === 'recorder/import_statistics')).toHaveLength(1);
  const undo = await during(own.planUndo(register, signal));
  if (!undo) throw new Error('nothing to undo');
  await during(own.carryOutUndo(undo, signal));
  expect(rig.ha.rows(IMPORT)).toEqual(gapRows(hasFlat));
  expect(await during(own.planUndo(register, signal))).toBeUndefined();
  expect(await importAll(one), 'by itself it does not come back').toBe(0);
  expect(await importAll(one, true), 'when asked for it does').toBe(3);
  expect(rig.ha.rows(IMPORT)).toEqual(filledRows);
  expect(rig.ha.rows('sensor.other')).toEqual(gapRows(hasFlat));
});

test('where rows cannot be taken out they stay, and show nothing', async () => {
  const one = await visit(false, '2025.4.4');
  const { rig, own, register, during } = one;
  await importAll(one);
  expect(own.canRemove).toBe(false);
  const undo = await during(own.planUndo(register, signal));
  if (!undo) throw new Error('nothing to undo');
  await during(own.carryOutUndo(undo, signal));
  expect(rig.ha.rows(IMPORT)).toEqual(gapRows(true));
  expect(rig.ha.commands).not.toContain('recorder/clear_statistics');
});

test('what is replaced is on the disk before it is replaced', async () => {
  const one = await visit();
  one.rig.ha.replies.set('recorder/import_statistics', { error: { code: 'home_assistant_error', message: 'no' } });
  await expect(importAll(one)).rejects.toMatchObject({ code: 'HOME_ASSISTANT_REFUSED' });
  const journal = JSON.parse(await readFile(join(one.rig.meter.stateDir, 'statistics-import.json'), 'utf8')) as unknown;
  expect(journal).toEqual({
    import: [
      [at(1), 101.5, 1.5, 102, 2, 0],
      [at(2), 101.5, 1.5, 103, 3, 0],
      [at(3), 101.5, 1.5, 104, 4, 0],
    ],
    export: [],
  });
  const undo = await one.during(one.own.planUndo(one.register, signal));
  expect(undo?.plan).toMatchObject({ restore: [], undone: [], left: [at(1), at(2), at(3)] }); // nothing was written
});

test('without a place for it nothing is written', async () => {
  const one = await visit();
  await writeFile(join(one.rig.dir, 'file'), '');
  const meter = { ...one.rig.meter, stateDir: join(one.rig.dir, 'file') };
  await chmod(one.rig.dir, 0o700);
  await expect(importAll({ ...one, register: { ...one.register, meter } })).rejects.toMatchObject({
    code: 'STATE_UNWRITABLE',
  });
  expect(one.rig.ha.commands).not.toContain('recorder/import_statistics');
});

test('what is written and does not appear is told', async () => {
  const one = await visit();
  one.rig.ha.slowReads = 1000;
  await expect(importAll(one)).rejects.toMatchObject({ code: 'HOME_ASSISTANT_REFUSED' });
});

test('a damaged journal is set aside', async () => {
  const one = await visit();
  await importAll(one);
  const file = join(one.rig.meter.stateDir, 'statistics-import.json');
  for (const damaged of ['{"import":[[1,2]],"export":[]}', '{"import":{}}', 'null', '[']) {
    await writeFile(file, damaged);
    expect(await one.during(one.own.planUndo(one.register, signal))).toBeUndefined();
    expect(one.rig.lines.at(-1)).toMatchObject({ msg: 'state file is damaged: set aside' });
  }
});

test('a unit of another kind is refused, and nothing written', async () => {
  const one = await visit();
  const register = { ...one.register, statistic: { ...one.register.statistic, unit: 'GJ' } };
  await expect(importAll({ ...one, register })).rejects.toMatchObject({ code: 'HOME_ASSISTANT_REFUSED' });
});
