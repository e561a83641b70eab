import { expect, test } from 'vitest';
import { dayPrices } from '../../../src/model/price.ts';
import type { Prices } from '../../../src/model/price.ts';
import { discoveryDocument, possibleKeys } from '../../../src/mqtt/ha-discovery.ts';
import type { DiscoveryInput } from '../../../src/mqtt/ha-discovery.ts';
import { Deadlines } from '../../../src/kernel/deadlines.ts';
import { PriceTopic } from '../../../src/mqtt/price-topic.ts';
import { documentProblems } from '../../support/ha-validator.ts';
import { fullProfile } from '../../support/sink-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const night = dayPrices(35.8, [{ from: '23:00', to: '07:00', yenPerKwh: 28.1 }]) ?? [];
const both: Prices = { buy: night, sell: dayPrices(16) ?? [] };
const input = (more: Partial<DiscoveryInput> = {}): DiscoveryInput => ({
  meter: { id: 'home', name: 'Smart meter', intervalS: 10 },
  baseTopic: 'broute2mqtt',
  language: 'ja',
  version: '0.1.0',
  profile: fullProfile,
  ...more,
});

test('Home Assistant is told of the prices there are, at once and as its energy dashboard wants them', () => {
  for (const profile of [fullProfile, undefined]) {
    const document = discoveryDocument(input({ prices: both, profile }));
    expect(documentProblems(document)).toEqual([]);
    expect(document.components['price_buy']).toEqual({
      platform: 'sensor',
      unique_id: 'broute2mqtt_home_price_buy',
      object_id: 'smart_meter_price_buy',
      default_entity_id: 'sensor.smart_meter_price_buy',
      name: '電力量単価（買電）',
      state_topic: 'broute2mqtt/home/state/price',
      value_template: '{{ value_json.buy }}',
      state_class: 'measurement',
      unit_of_measurement: 'JPY/kWh',
      suggested_display_precision: 2,
      icon: 'mdi:cash',
      qos: 1,
      availability: [{ topic: 'broute2mqtt/home/bridge/availability' }],
    });
    expect(document.components['price_sell']).toMatchObject({
      name: '電力量単価（売電）',
      value_template: '{{ value_json.sell }}',
    });
  }
});

test('who has no prices has no such entity, and what was there once can be taken back', () => {
  const keys = (prices?: Prices): string[] =>
    Object.keys(discoveryDocument(input({ prices })).components).filter((key) => key.startsWith('price'));
  expect(keys()).toEqual([]);
  expect(keys({ buy: night })).toEqual(['price_buy']);
  expect(possibleKeys(true).has('price_buy')).toBe(false);
  expect([...possibleKeys(true, both)].filter((key) => key.startsWith('price'))).toEqual(['price_buy', 'price_sell']);
});

async function told(prices: Prices, hours: number): Promise<{ buy?: number; sell?: number; time: string }[]> {
  const clock = new VirtualClock(); // 2026-01-15T12:00 in Japan
  const end = new AbortController();
  const deadlines = new Deadlines(clock);
  const sent: string[] = [];
  const topic = new PriceTopic(prices, { clock, deadlines, send: (payload) => void sent.push(payload) });
  const running = deadlines.run(end.signal).catch(() => undefined);
  topic.publish();
  await clock.advance(hours * 3_600_000);
  end.abort();
  await running;
  return sent.map((text) => JSON.parse(text) as { time: string });
}

test('the price is told anew when it changes with the hour, and not in between', async () => {
  const prices = await told(both, 36);
  expect(prices.map(({ buy, sell }) => [buy, sell])).toEqual([
    [35.8, 16],
    [28.1, 16],
    [35.8, 16],
    [28.1, 16],
  ]);
  expect(prices.map(({ time }) => new Date(time).toISOString().slice(0, 16))).toEqual([
    '2026-01-15T03:00',
    '2026-01-15T14:00',
    '2026-01-15T22:00',
    '2026-01-16T14:00',
  ]);
});

test('one price for all hours is told once; what is not configured is absent', async () => {
  expect(await told({ buy: dayPrices(31.5) ?? [] }, 36)).toEqual([{ buy: 31.5, time: expect.any(String) }]);
});
