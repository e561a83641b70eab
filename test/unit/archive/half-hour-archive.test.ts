import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HalfHourArchive } from '../../../src/archive/half-hour-archive.ts';
import { archiveNameOf } from '../../../src/archive/month-file.ts';
import { logLines } from '../../support/log-lines.ts';

const at = (time: string): number => Date.parse(`${time}:00+09:00`);
const HALF_HOUR_MS = 1_800_000;
const METER = '001C6400030C12A4-SN1';

let dir: string;
beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'archive-'))));
afterEach(async () => await rm(dir, { recursive: true, force: true }));
const open = (written = logLines()): Promise<HalfHourArchive> => HalfHourArchive.open(dir, written.log);
const file = (month: string): string => join(dir, 'halfhours', `${month}.csv`);

test('what was added is there after a restart, in a file that a spreadsheet reads', async () => {
  const archive = await open();
  archive.add(METER, { markMs: at('2026-01-15T12:00'), importKwh: 12345.4, exportKwh: 0 });
  archive.add(METER, { markMs: at('2026-01-15T12:30'), importKwh: 12345.9 });
  await archive.close();
  expect(await readFile(file('2026-01'), 'utf8')).toBe(
    '# time (JST),import kWh,export kWh\n# meter 001C6400030C12A4-SN1\n2026-01-15T12:00,12345.4,0\n2026-01-15T12:30,12345.9,\n',
  );
  expect((await stat(file('2026-01'))).mode & 0o777).toBe(0o600);
  const again = await open();
  expect(again.at(at('2026-01-15T12:00'))).toEqual({
    markMs: at('2026-01-15T12:00'),
    importKwh: 12345.4,
    exportKwh: 0,
    meter: METER,
  });
  expect(again.at(at('2026-01-15T13:00'))).toBeUndefined();
  expect(again.oldestMs).toBe(at('2026-01-15T12:00'));
});

test('the first register told of a mark counts, a direction that comes later joins it, another meter adds nothing', async () => {
  const archive = await open();
  const markMs = at('2026-01-15T12:00');
  archive.add(METER, { markMs, importKwh: 1 });
  archive.add(METER, { markMs, importKwh: 2, exportKwh: 3 });
  archive.add('other', { markMs, importKwh: 9, exportKwh: 9 });
  archive.add(METER, { markMs, importKwh: 1, exportKwh: 3 });
  await archive.close();
  const expected = { markMs, importKwh: 1, exportKwh: 3, meter: METER };
  expect(archive.at(markMs)).toEqual(expected);
  expect((await open()).at(markMs)).toEqual(expected);
  expect((await readFile(file('2026-01'), 'utf8')).trim().split('\n')).toHaveLength(4);
});

test('a mark the meter had nothing of is remembered as asked, and a register told later takes its place', async () => {
  const archive = await open();
  const markMs = at('2026-01-15T12:00');
  archive.add(METER, { markMs });
  archive.add(METER, { markMs });
  await archive.close();
  const again = await open();
  expect(again.at(markMs)).toEqual({ markMs, meter: METER });
  again.add('new', { markMs, importKwh: 5 });
  expect(again.at(markMs)).toEqual({ markMs, importKwh: 5, meter: 'new' });
  again.add('new', { markMs: markMs + 1000, importKwh: 5 });
  expect(again.at(markMs + 1000)).toBeUndefined();
});

test('a year of marks is found by range over months on disk and in memory, in any order of adding, and is small', async () => {
  const archive = await open();
  const from = at('2025-03-01T00:00');
  const marks = Array.from({ length: 365 * 48 }, (_, i) => from + i * HALF_HOUR_MS);
  for (const [i, markMs] of [...marks.slice(10_000), ...marks.slice(0, 10_000)].entries()) {
    archive.add(METER, { markMs, importKwh: 10_000 + i / 10 });
    if (i % 1000 === 0) await archive.close();
  }
  await archive.close();
  const again = await open();
  expect((await again.range(0, Infinity)).map(({ markMs }) => markMs)).toEqual(marks);
  const part = await again.range(at('2025-05-31T23:30'), at('2025-06-01T00:30'));
  expect(part.map(({ markMs }) => markMs)).toEqual([at('2025-05-31T23:30'), at('2025-06-01T00:00')]);
  expect(again.oldestMs).toBe(from);
  let bytes = 0;
  for (const name of await readdir(join(dir, 'halfhours'))) bytes += (await stat(join(dir, 'halfhours', name))).size;
  expect(bytes).toBeLessThan(1_000_000); // ten years in ten megabytes
});

test('a line that a power cut tore, or that is none of ours, is left out, and the next one begins a line', async () => {
  const archive = await open();
  for (let i = 0; i < 3; i++)
    archive.add(METER, { markMs: at('2026-01-15T12:00') + i * HALF_HOUR_MS, importKwh: i, exportKwh: 1234 });
  await archive.close();
  await truncate(file('2026-01'), (await stat(file('2026-01'))).size - 3); // a smaller number would stand there
  const written = logLines();
  const again = await open(written);
  expect((await again.range(0, Infinity)).map(({ importKwh }) => importKwh)).toEqual([0, 1]);
  again.add(METER, { markMs: at('2026-01-15T13:00'), importKwh: 2 });
  await again.close();
  expect((await (await open()).range(0, Infinity)).map(({ importKwh }) => importKwh)).toEqual([0, 1, 2]);
  await writeFile(
    file('2026-02'),
    `\u0000\u0000\n# meter x\n2026-02-30T12:00,1,1\n2026-02-01T12:15,1,1\n${'9'.repeat(5000)}`,
  );
  expect(await (await open()).range(at('2026-02-01T00:00'), at('2026-03-01T00:00'))).toHaveLength(0);
});

test('a disk that refuses is logged once; all is there when it is back', async () => {
  const written = logLines();
  await writeFile(join(dir, 'halfhours'), 'a file where the folder belongs');
  const archive = await open(written);
  for (let i = 0; i < 5; i++) archive.add(METER, { markMs: at('2026-01-15T12:00') + i * HALF_HOUR_MS, importKwh: i });
  await archive.close();
  expect(written.lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual([
    'archive of half hours cannot be read',
    'archive of half hours cannot be written',
  ]);
  expect(archive.at(at('2026-01-15T14:00'))?.importKwh).toBe(4);
  await expect(archive.range(0, Infinity)).rejects.toMatchObject({ code: 'STATE_UNWRITABLE' });
  await rm(join(dir, 'halfhours'));
  archive.add(METER, { markMs: at('2026-01-15T15:00'), importKwh: 6 });
  await archive.close();
  expect(await (await open()).range(0, Infinity)).toHaveLength(6);
});

test('without a folder it lives in memory, a hundred days of it', async () => {
  const archive = await HalfHourArchive.open(undefined, logLines().log);
  const from = at('2026-01-01T00:00');
  for (let i = 0; i < 200 * 48; i++) archive.add(METER, { markMs: from + i * HALF_HOUR_MS, importKwh: i });
  const kept = await archive.range(from, at('2027-01-01T00:00'));
  expect(kept.length).toBeGreaterThan(91 * 48);
  expect(kept.length).toBeLessThan(125 * 48);
});

test('a meter’s name is its address and serial number, whatever that holds', () => {
  expect(archiveNameOf('001C6400030C12A4')).toBe('001C6400030C12A4');
  expect(archiveNameOf('001C6400030C12A4', 'S 1,\n')).toBe('001C6400030C12A4-S_1__');
});
