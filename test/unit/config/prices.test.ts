import { expect, test } from 'vitest';
import { priceAt } from '../../../src/model/price.ts';
import { load, loaded, minimal, minimalEnvironment } from './load-text.ts';
import { formatProblem } from '../../../src/config/problems.ts';

const at = (time: string): number => Date.parse(`2026-01-15T${time}:00+09:00`);
const problemsOf = async (prices: string): Promise<string[]> => {
  const result = await load(minimal('', prices));
  return result.ok ? [] : result.problems.map((problem) => formatProblem(problem, 'en'));
};

test('one price for the whole day, by hours, and from the environment', async () => {
  const flat = await loaded(minimal('', 'prices: { buy: 31.5 }\n'));
  expect(flat.settings.prices?.buy).toHaveLength(48);
  expect(flat.settings.prices?.sell).toBeUndefined();
  const hours =
    'prices:\n  buy: 35.8\n  buy_hours:\n    - { from: "23:00", to: "07:00", yen_per_kwh: 28.1 }\n  sell: 16\n';
  const { prices } = (await loaded(minimal('', hours))).settings;
  expect([priceAt(prices?.buy ?? [], at('06:30')), priceAt(prices?.buy ?? [], at('07:00'))]).toEqual([28.1, 35.8]);
  expect(priceAt(prices?.sell ?? [], at('12:00'))).toBe(16);
  const env = {
    ...minimalEnvironment,
    BROUTE2MQTT_PRICES_BUY: '30',
    BROUTE2MQTT_PRICES_BUY_HOURS_0_FROM: '01:00',
    BROUTE2MQTT_PRICES_BUY_HOURS_0_TO: '05:00',
    BROUTE2MQTT_PRICES_BUY_HOURS_0_YEN_PER_KWH: '20',
  };
  const byVariable = await load(undefined, { env });
  expect(byVariable.ok && priceAt(byVariable.settings.prices?.buy ?? [], at('04:30'))).toBe(20);
});

test('without prices there are none', async () => {
  expect((await loaded(minimal())).settings).not.toHaveProperty('prices');
});

const HOURS = '  buy_hours:\n    - { from: "07:00", to: "23:00", yen_per_kwh: 35.8 }\n';
test.each([
  ['prices: {}\n', 'config.yaml:8: prices.buy: is required, or sell'],
  [
    `prices:\n${HOURS}`,
    'config.yaml:8: prices.buy: is required: buy_hours gives no price at 0:00; this one is for all hours it leaves out',
  ],
  [
    `prices:\n  buy: 30\n${HOURS}    - { from: "22:30", to: "06:00", yen_per_kwh: 20 }\n`,
    'config.yaml:12: prices.buy_hours[1].from: overlaps prices.buy_hours[0]',
  ],
  ['prices: { buy: -1 }\n', 'config.yaml:8: prices.buy: must be at least 0'],
  ['prices: { buy: free }\n', 'config.yaml:8: prices.buy: must be a number, without quotes or unit'],
  ['prices: { buy: 30, sel: 16 }\n', 'config.yaml:8: prices.sel: unknown key; did you mean "sell"?'],
  [
    'prices:\n  buy: 30\n  buy_hours:\n    - { from: "7:15", to: "23:00", yen_per_kwh: 1 }\n',
    'config.yaml:11: prices.buy_hours[0].from: must be a full or half hour such as "07:00"',
  ],
  [
    'prices:\n  buy: 30\n  buy_hours:\n    - { from: "24:00", to: "25:00", yen_per_kwh: 1 }\n',
    'config.yaml:11: prices.buy_hours[0].from: must be a full or half hour such as "07:00"',
  ],
])('%j: %s', async (prices, problem) => {
  expect((await problemsOf(prices))[0]).toBe(problem);
});

test('what is wrong is told once', async () => {
  expect(await problemsOf(`prices:\n${HOURS}`)).toHaveLength(1);
  expect(await problemsOf('prices:\n  buy_hours: 7\n')).toHaveLength(1);
});
