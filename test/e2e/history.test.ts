import { expect, test } from 'vitest';
import type { PeriodAnswer } from '../../src/web/api/history-routes.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';

const HALF_HOUR_MS = 1_800_000;
/** A half hour of the meter takes 2.5 s. */
const FAST = ['--meter-speed', '720', '--solar'];

interface Mark {
  readonly time: string;
  readonly import?: number;
  readonly export?: number;
}

test('half hours that passed while the bridge was away come by `history`, and `history` shows them all', async () => {
  await using household = new Household();
  const broker = await household.broker();
  const watcher = await household.watch(broker.url);
  const stick = await household.stick({ args: FAST });
  const on = (topic: string): Mark[] =>
    watcher.on(`broute2mqtt/home/${topic}`).map(({ payload }) => JSON.parse(payload) as Mark);
  const told = (): Mark[] => on('state/halfhour');
  const listen = `127.0.0.1:${await freePort()}`;
  const config = { http: { listen } };
  const bridge = await household.bridge({ broker: broker.url, meters: [{ device: stick.path }], config });
  await bridge.until(() => told().length >= 3, 'three half hours', 60_000);
  await bridge.end('SIGKILL');
  const last = Date.parse(told().at(-1)?.time ?? '');
  await new Promise((resolve) => setTimeout(resolve, 16_000)); // the meter’s time cannot wait: six half hours
  bridge.restart();
  await bridge.until(() => on('history').length >= 5, 'the half hours that were missed', 120_000);
  await bridge.until(
    () => told().some(({ time }) => Date.parse(time) > last + 10 * HALF_HOUR_MS),
    'newer ones',
    60_000,
  );
  const missed = on('history');
  expect(missed.every((mark) => Object.keys(mark).join() === 'meter,time,import,export')).toBe(true);
  const times = missed.map(({ time }) => Date.parse(time));
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  const all = [...told(), ...missed].sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  // EA and EB of the first mark come in two answers, and the mark may be another one by then: it stays half.
  const isWhole = (mark: Mark): boolean => typeof mark.import === 'number' && typeof mark.export === 'number';
  const begin = all.findIndex(isWhole);
  expect(all.slice(0, begin).every(({ time }) => time === all[0]?.time)).toBe(true);
  const marks = new Map(all.slice(begin).map((mark) => [Date.parse(mark.time), mark]));
  const [first = 0, newest = 0] = [[...marks.keys()][0], [...marks.keys()].at(-1)];
  expect(marks.size).toBe((newest - first) / HALF_HOUR_MS + 1);
  for (const register of ['import', 'export'] as const) {
    const values = [...marks.values()].map((mark) => mark[register] ?? NaN);
    expect(values).toEqual([...values].sort((a, b) => a - b)); // never a fall
  }
  const day = (ms: number): string => new Date(ms + 9 * 3_600_000).toISOString().slice(0, 10);
  const range = `from=${day(first)}&to=${day(newest)}`;
  const ask = (query: string): Promise<Response> => fetch(`http://${listen}/api/history?by=half-hour&${range}${query}`);
  const { periods } = (await (await ask('')).json()) as { readonly periods: readonly PeriodAnswer[] };
  const csv = await (await ask('&format=csv')).text();
  await bridge.end();
  const args = ['--by', 'half-hour', '--format', 'json', '--from', day(first), '--to', day(newest)];
  const shown = household.cli(['history', '--config', bridge.configFile, ...args]);
  expect(await shown.ended).toBe(0);
  const rows = (JSON.parse(shown.stdout) as readonly Mark[]).filter((row) => Date.parse(row.time) >= first);
  for (const row of rows.filter(({ time }) => Date.parse(time) <= newest)) {
    const { import: bought, export: sold } = marks.get(Date.parse(row.time)) ?? {};
    expect([row.time, row.import, row.export]).toEqual([row.time, bought, sold]);
  }
  // over HTTP: each half hour between two marks that were told, to the last digit, and the same file
  const shownBars = new Map(periods.map((period) => [Date.parse(period.start), period]));
  for (let ms = first; ms < newest; ms += HALF_HOUR_MS) {
    const [from, to] = [marks.get(ms), marks.get(ms + HALF_HOUR_MS)];
    const gained = (register: 'import' | 'export'): number => (to?.[register] ?? NaN) - (from?.[register] ?? NaN);
    const { start, end, missing, ...energy } = shownBars.get(ms) ?? { start: 'none', end: '', missing: NaN };
    expect([Date.parse(start), Date.parse(end), missing]).toEqual([ms, ms + HALF_HOUR_MS, 0]);
    expect(energy).toEqual({
      import: expect.closeTo(gained('import'), 5),
      export: expect.closeTo(gained('export'), 5),
    });
  }
  const written = household.cli(['history', '--config', bridge.configFile, ...args, '--format', 'csv']);
  expect(await written.ended).toBe(0);
  expect(csv.split('\n').length).toBeGreaterThan(8);
  expect(written.stdout.startsWith(csv)).toBe(true);
});
