import { expect, test } from 'vitest';
import { consumption } from '../../../src/archive/consumption.ts';
import type { ArchivedMark } from '../../../src/archive/month-file.ts';
import { dayPrices } from '../../../src/model/price.ts';
import type { Prices } from '../../../src/model/price.ts';
import { costToday } from '../../../src/web/api/cost-today.ts';
import { BoardRig } from '../../support/board-rig.ts';

const at = (time: string): number => Date.parse(`${time}:00+09:00`);
const HALF_HOUR_MS = 1_800_000;
const table = (flat: number, ...hours: Parameters<typeof dayPrices>[1] & {}) => dayPrices(flat, hours) ?? [];
const prices: Prices = { buy: table(40, { from: '23:00', to: '07:00', yenPerKwh: 20 }), sell: table(10) };

/** 0.5 kWh bought and 1 sold each half hour, of two days. */
const marks: readonly ArchivedMark[] = Array.from({ length: 97 }, (_, i) => ({
  markMs: at('2026-01-15T00:00') + i * HALF_HOUR_MS,
  meter: 'M',
  importKwh: 100 + i / 2,
  exportKwh: 200 + i,
}));
const known = (without: readonly string[] = []) => ({
  at: (ms: number) => marks.find(({ markMs }) => markMs === ms && !without.some((time) => at(time) === ms)),
});

test('half hours at their price, days as their sum', () => {
  const [from, to] = [at('2026-01-15T00:00'), at('2026-01-17T00:00')];
  const halfHours = consumption(marks, 'half-hour', from, to, to, prices);
  expect([halfHours[13], halfHours[14], halfHours[45], halfHours[46]].map((one) => one?.costYen)).toEqual([
    10, 20, 20, 10,
  ]);
  const days = consumption(marks, 'day', from, to, to, prices);
  expect(days.map(({ costYen, incomeYen }) => [costYen, incomeYen])).toEqual([
    [16 * 10 + 32 * 20, 480],
    [16 * 10 + 32 * 20, 480],
  ]);
  expect(consumption(marks, 'day', from, to, to)[0]).not.toHaveProperty('costYen');
  expect(consumption(marks, 'day', from, to, to, { buy: table(1) })[0]).not.toHaveProperty('incomeYen');
});

test('over a hole the energy is right, and its price the mean', () => {
  const [from, to] = [at('2026-01-15T06:30'), at('2026-01-15T07:30')];
  const around = marks.filter(({ markMs }) => markMs === from || markMs === to);
  const [day] = consumption(around, 'day', at('2026-01-15T00:00'), at('2026-01-16T00:00'), to, prices);
  expect(day).toMatchObject({ boughtKwh: 1, costYen: 30 });
});

test('today so far: what is over at its price, the rest at the price of now', () => {
  const now = at('2026-01-15T07:40');
  const usage = { import_today: 7.6, export_today: 15.2 }; // 7.5 and 15 at the mark of 7:30
  expect(costToday(known(), usage, prices, now)).toEqual({ buy: 14 * 10 + 20 + 0.1 * 40, sell: 152 });
  expect(costToday(known(['2026-01-15T03:00', '2026-01-15T03:30']), usage, prices, now)?.buy).toBe(164);
  expect(costToday(known(), { import_today: 7.6 }, prices, now)).toEqual({ buy: 164 });
});

test('without a current value of today, or without a price, nothing', () => {
  const now = at('2026-01-15T07:40');
  expect(costToday(known(), undefined, prices, now)).toBeUndefined();
  expect(costToday(known(), { half_hour: '2026-01-15T07:30:00+09:00' }, prices, now)).toBeUndefined();
  expect(costToday(known(), { import_today: 7.6 }, {}, now)).toBeUndefined();
});

test('the board tells price and cost where there are prices', () => {
  const rig = new BoardRig({ archiveOf: () => known(), prices });
  rig.reading({ powerW: 100, importKwh: 112 });
  rig.accept({
    kind: 'usage',
    meter: 'home',
    usage: { atMs: rig.clock.now(), importTodayKwh: 12, halfHourMs: at('2026-01-15T12:00') },
  });
  const [meter] = rig.board.snapshot().meters;
  expect(meter?.price).toEqual({ buy: 40, sell: 10 });
  expect(meter?.cost_today).toEqual({ buy: 14 * 10 + 10 * 20 });
  expect(new BoardRig({ archiveOf: () => known() }).board.snapshot().meters[0]).not.toHaveProperty('price');
});
