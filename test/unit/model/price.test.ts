import { expect, test } from 'vitest';
import { costOf, dayPrices, meanPrice, nextPriceMs, priceAt, pricesNow } from '../../../src/model/price.ts';
import type { DayPrices } from '../../../src/model/price.ts';

const at = (time: string): number => Date.parse(`2026-01-15T${time}+09:00`);
const night = dayPrices(35.8, [{ from: '23:00', to: '7:00', yenPerKwh: 28.1 }]) as DayPrices;

test.each([
  ['00:00:00', 28.1],
  ['06:59:59', 28.1],
  ['07:00:00', 35.8],
  ['22:59:59.999', 35.8],
  ['23:00:00', 28.1],
])('at %s in Japan a kWh costs %d yen', (time, price) => {
  expect(priceAt(night, at(time))).toBe(price);
});

test.each([
  [[{ from: '00:00', to: '24:00', yenPerKwh: 1 }], true],
  [[{ from: '12:00', to: '12:00', yenPerKwh: 1 }], true],
  [
    [
      { from: '07:00', to: '23:00', yenPerKwh: 1 },
      { from: '23:00', to: '07:00', yenPerKwh: 2 },
    ],
    true,
  ],
  [[{ from: '07:00', to: '23:30', yenPerKwh: 1 }], false],
  [[], false],
] as const)('%j covers the day: %s', (hours, covers) => {
  expect(dayPrices(undefined, hours) !== undefined).toBe(covers);
});

test('over several half hours the mean of their prices, over more than a day that of a day', () => {
  expect(meanPrice(night, at('06:30:00'), at('07:30:00'))).toBeCloseTo((28.1 + 35.8) / 2, 9);
  expect(meanPrice(night, at('06:40:00'), at('06:40:00'))).toBe(28.1);
  const day = (16 * 28.1 + 32 * 35.8) / 48;
  expect(meanPrice(night, at('00:00:00'), at('00:00:00') + 400 * 86_400_000)).toBeCloseTo(day, 9);
  expect(costOf(2, night, at('07:00:00'), at('07:30:00'))).toBeCloseTo(71.6, 9);
  expect([costOf(undefined, night, 0, 1), costOf(1, undefined, 0, 1)]).toEqual([undefined, undefined]);
});

test('what is not given is not there', () => {
  expect(pricesNow({ buy: night }, at('12:00:00'))).toEqual({ buy: 35.8 });
  expect(pricesNow({}, 0)).toEqual({});
  expect(nextPriceMs(at('12:00:00'))).toBe(at('12:30:00'));
  expect(nextPriceMs(at('12:29:59'))).toBe(at('12:30:00'));
});
