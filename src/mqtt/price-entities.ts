import type { Entity, EntityOptions } from './entity.ts';

/** As Home Assistant's energy dashboard wants it: the currency for a kWh, and no class, for `monetary` is an amount. */
const PRICE: EntityOptions = {
  state_class: 'measurement',
  unit_of_measurement: 'JPY/kWh',
  suggested_display_precision: 2,
  icon: 'mdi:cash',
};

/** Where the configuration has prices. They hold while the meter is away. */
export const priceEntities: readonly Entity[] = [
  {
    key: 'price_buy',
    platform: 'sensor',
    name: { en: 'Price of energy import', ja: '電力量単価（買電）' },
    from: 'price',
    field: 'buy',
    bridgeOnly: true,
    when: ({ prices }) => prices?.buy !== undefined,
    options: PRICE,
  },
  {
    key: 'price_sell',
    platform: 'sensor',
    name: { en: 'Price of energy export', ja: '電力量単価（売電）' },
    from: 'price',
    field: 'sell',
    bridgeOnly: true,
    when: ({ prices }) => prices?.sell !== undefined,
    options: PRICE,
  },
];
