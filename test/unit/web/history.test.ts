import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { consumption, readConsumption } from '../../../src/archive/consumption.ts';
import { HalfHourArchive } from '../../../src/archive/half-hour-archive.ts';
import { dayPrices } from '../../../src/model/price.ts';
import { logLines } from '../../support/log-lines.ts';
import { WebRig } from '../../support/web-rig.ts';

const at = (time: string): number => Date.parse(`${time}:00+09:00`);
const HALF_HOUR_MS = 1_800_000;
let dir: string;
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'history-'))));
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (): Promise<HalfHourArchive> => HalfHourArchive.open(dir, logLines().log);
/** 0.1 kWh bought and 0.3 sold each half hour from 12:00 on. */
async function filled(from: string, count: number, without: readonly number[] = []): Promise<HalfHourArchive> {
  const archive = await open();
  for (let i = 0; i < count; i++) {
    const [importKwh, exportKwh] = [(1000 + i) / 10, (9000 + 3 * i) / 10];
    if (!without.includes(i)) archive.add('M', { markMs: at(from) + i * HALF_HOUR_MS, importKwh, exportKwh });
  }
  await archive.close();
  return await open(); // what the disk kept
}
/** The rig's clock says 2026-01-15T12:00 JST. */
const rigOf = (archive: HalfHourArchive | undefined): Promise<WebRig> =>
  WebRig.start({ archiveOf: (meter) => (meter === 'home' ? archive : undefined) });

test('half hours of a day with a hole: what is not known is absent', async () => {
  await using rig = await rigOf(await filled('2026-01-15T00:00', 25, [3]));
  const answer = await rig.get('/api/history?meter=home&by=half-hour&from=2026-01-15&to=2026-01-15');
  const told = (await answer.json()) as { periods: object[] };
  expect(told).toMatchObject({
    meter: 'home',
    by: 'half-hour',
    from: '2026-01-15',
    to: '2026-01-15',
    oldest: '2026-01-15',
  });
  expect(told.periods).toHaveLength(24);
  expect(told.periods.slice(1, 4)).toEqual([
    { start: '2026-01-15T00:30:00+09:00', end: '2026-01-15T01:00:00+09:00', import: 0.1, export: 0.3, missing: 0 },
    { start: '2026-01-15T01:00:00+09:00', end: '2026-01-15T01:30:00+09:00', missing: 1 },
    { start: '2026-01-15T01:30:00+09:00', end: '2026-01-15T02:00:00+09:00', missing: 1 },
  ]);
});

test('days and months, over the border of a month and of a year', async () => {
  await using rig = await rigOf(await filled('2025-12-30T00:00', 48 * 16 + 25));
  const ask = async (query: string): Promise<object[]> => {
    const answer = await rig.get(`/api/history?${query}`);
    return ((await answer.json()) as { periods: object[] }).periods;
  };
  const days = await ask('by=day&from=2025-12-01&to=2026-01-31');
  expect(days).toHaveLength(17);
  const start = '2025-12-31T00:00:00+09:00';
  expect(days[1]).toEqual({ start, end: '2026-01-01T00:00:00+09:00', import: 4.8, export: 14.4, missing: 0 });
  expect(days.at(-1)).toMatchObject({ import: 2.4, export: 7.2, missing: 0 }); // until now
  expect(await ask('by=month&from=2025-12-15')).toMatchObject([
    { start: '2025-12-01T00:00:00+09:00', import: 9.6, missing: 48 * 29 },
    { start: '2026-01-01T00:00:00+09:00', import: 69.6, missing: 0 },
  ]);
});

test('as a file for a spreadsheet: what `broute2mqtt history` writes', async () => {
  await using rig = await rigOf(await filled('2026-01-14T00:00', 60));
  const answer = await rig.get('/api/history?by=day&from=2026-01-14&to=2026-01-15&format=csv');
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="home-day-2026-01-14-2026-01-15.csv"');
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(await answer.text()).toBe(
    'meter,day,import,export,bought,sold,missing\nhome,2026-01-14,100,900,4.8,14.4,0\nhome,2026-01-15,104.8,914.4,1.1,3.3,0\n',
  );
});

test('with prices the file also says what it cost and brought; of what is not known nothing', async () => {
  const archive = await filled('2026-01-14T00:00', 60);
  const prices = { buy: dayPrices(31) ?? [] };
  await using rig = await WebRig.start({ archiveOf: () => archive, prices });
  const answer = await rig.get('/api/history?by=day&from=2026-01-14&to=2026-01-15&format=csv');
  expect(await answer.text()).toBe(
    'meter,day,import,export,bought,sold,missing,cost,income\nhome,2026-01-14,100,900,4.8,14.4,0,148.8,\nhome,2026-01-15,104.8,914.4,1.1,3.3,0,34.1,\n',
  );
});

test.each([
  ['meter=attic', /^meter: one of home/],
  ['by=year', /^by: one of half-hour, day, month/],
  ['format=xlsx', /^format: one of json, csv/],
  ['from=2026-02-30', /such as 2026-01-15/],
  ['from=tomorrow', /such as 2026-01-15/],
  ['from=', /such as 2026-01-15/],
  ['from=2026-01-16&to=2026-01-15', /the later one last/],
  ['from=2026-01-01&from=2026-01-02', /such as 2026-01-15/],
  ['by=half-hour&from=2025-12-15&to=2026-01-15', /at most 31 days with by=half-hour/],
  ['by=day&from=2024-01-01&to=2026-01-15', /at most 400 days with by=day/],
  ['by=month&from=1990-01-01&to=2026-01-15', /at most 3660 days with by=month/],
])('%s is refused with what is allowed', async (query, sentence) => {
  await using rig = await rigOf(await open());
  const refused = await rig.get(`/api/history?${query}&lang=en`);
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(sentence)]);
  const inJapanese = await (await rig.get(`/api/history?${query}&lang=ja`)).text();
  expect(inJapanese).toMatch(/してください|最大/);
});

test('nothing yet, a meter that is just being opened, a disk that cannot be read', async () => {
  await using empty = await rigOf(await open());
  expect(await (await empty.get('/api/history')).json()).toMatchObject({ meter: 'home', periods: [] });
  await using starting = await rigOf(undefined);
  const refused = await starting.get('/api/history?lang=ja');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
  const archive = await filled('2025-10-01T00:00', 48 * 100);
  await rm(join(dir, 'halfhours', '2025-10.csv'));
  await writeFile(join(dir, 'halfhours', '2025-10.csv'), Buffer.alloc(5_000_000, 'x'));
  await using broken = await rigOf(archive);
  const unread = await broken.get('/api/history?by=month&from=2025-10-01&lang=ja');
  expect([unread.status, await unread.text()]).toEqual([503, expect.stringContaining('30分値の記録を読めません')]);
});

test('a month at a time gives what the whole gives at once, holes at its borders and all', async () => {
  const archive = await filled('2025-11-20T00:00', 48 * 50, [47, 48, 49, 527, 528, 529, 1400, 1401, 2016, 2017]);
  const from = at('2025-11-20T00:00');
  const to = at('2026-01-20T00:00');
  const marks = await archive.range(from, to + 1);
  for (const by of ['half-hour', 'day'] as const)
    expect(await readConsumption(archive, by, from, to)).toEqual(consumption(marks, by, from, to));
  const month = at('2025-11-01T00:00');
  expect(await readConsumption(archive, 'month', from, to)).toEqual(consumption(marks, 'month', month, to));
});
