import { quantities } from '../model/quantity.ts';
import type { Quantity } from '../model/quantity.ts';
import { LEAST_INTERVAL_S, MOST_INTERVAL_S } from '../model/settings.ts';
import { LINK_PHASES } from '../model/status.ts';
import { has, tableOf } from './entity.ts';
import type { Entity, EntityContext, EntityOptions } from './entity.ts';
import { usageEntities } from './usage-entities.ts';

const hasFault = has(0x88);
/** There is a contract current, and the meter tells its own. */
const hasContract = (context: EntityContext): boolean => context.contract && has(0xe8)(context);

/** A quantity of which nothing is known yet is not announced: energy needs its scale, others to have been seen. */
const isThere =
  ({ epc, kind, proof }: Quantity) =>
  ({ profile }: EntityContext): boolean =>
    profile !== undefined &&
    profile.getMap.includes(epc) &&
    (proof === undefined || profile[proof]) &&
    (kind === 'instant' || profile.energyScale !== undefined);

const optionsOf =
  ({ family, kind, unit, decimals }: Quantity) =>
  ({ expireAfterS, energyDecimals }: EntityContext): EntityOptions => ({
    device_class: family,
    state_class: kind === 'instant' ? 'measurement' : 'total_increasing', // not `total`: meters are exchanged and registers wrap
    unit_of_measurement: unit,
    suggested_display_precision: decimals ?? energyDecimals,
    ...(kind === 'instant' ? { expire_after: expireAfterS } : {}),
  });

const entityOf = (quantity: Quantity): Entity => ({
  key: quantity.part === undefined ? quantity.family : `${quantity.family}_${quantity.part}`,
  platform: 'sensor',
  name: quantity.name,
  from: quantity.kind === 'instant' ? 'instant' : 'energy',
  field: quantity.key,
  when: isThere(quantity),
  options: optionsOf(quantity),
});

const ofContract = tableOf({ platform: 'sensor', from: 'instant', when: hasContract }, [
  {
    key: 'headroom',
    name: { en: 'Contract headroom', ja: '契約電流の余裕' },
    options: ({ expireAfterS }) => ({
      device_class: 'current',
      state_class: 'measurement',
      unit_of_measurement: 'A',
      suggested_display_precision: 1,
      expire_after: expireAfterS,
    }),
  },
  {
    key: 'contract_usage',
    name: { en: 'Contract usage', ja: '契約電流使用率' },
    options: ({ expireAfterS }) => ({
      state_class: 'measurement',
      unit_of_measurement: '%',
      suggested_display_precision: 0,
      expire_after: expireAfterS,
      icon: 'mdi:gauge',
      enabled_by_default: false,
    }),
  },
  {
    key: 'over_contract',
    platform: 'binary_sensor',
    name: { en: 'Over contract current', ja: '契約電流超過' },
    options: ({ expireAfterS }) => ({ device_class: 'problem', expire_after: expireAfterS }),
  },
]);

const MEASURED: readonly Entity[] = [
  ...quantities.map(entityOf),
  ...ofContract,
  {
    key: 'fault',
    platform: 'binary_sensor',
    name: { en: 'Meter fault', ja: 'メーター異常' },
    from: 'energy',
    when: hasFault,
    options: { device_class: 'problem', entity_category: 'diagnostic' },
  },
];

const DIAGNOSTIC = { entity_category: 'diagnostic' } as const;
const HIDDEN = { entity_category: 'diagnostic', enabled_by_default: false } as const;

const link = tableOf({ platform: 'sensor', from: 'link' }, [
  {
    key: 'connected',
    platform: 'binary_sensor',
    name: { en: 'Meter connection', ja: 'メーター接続' },
    bridgeOnly: true,
    options: { device_class: 'connectivity', ...DIAGNOSTIC },
  },
  {
    key: 'link_state',
    name: { en: 'Connection state', ja: '接続状態' },
    field: 'state',
    bridgeOnly: true,
    options: { device_class: 'enum', options: LINK_PHASES, ...DIAGNOSTIC },
  },
  {
    key: 'rssi',
    name: { en: 'Signal strength', ja: '電波強度' },
    options: {
      device_class: 'signal_strength',
      state_class: 'measurement',
      unit_of_measurement: 'dBm',
      suggested_display_precision: 0,
      ...DIAGNOSTIC,
    },
  },
  {
    key: 'lqi',
    name: { en: 'Link quality', ja: 'リンク品質 (LQI)' },
    options: { state_class: 'measurement', suggested_display_precision: 0, icon: 'mdi:signal', ...HIDDEN },
  },
  {
    key: 'last_success',
    name: { en: 'Last successful read', ja: '最終取得時刻' },
    bridgeOnly: true,
    options: { device_class: 'timestamp', ...HIDDEN },
  },
  {
    key: 'last_error',
    name: { en: 'Last error', ja: '直近のエラー' },
    bridgeOnly: true,
    options: { icon: 'mdi:alert-circle-outline', ...HIDDEN },
  },
  {
    key: 'reconnects',
    name: { en: 'Reconnects', ja: '再接続回数' },
    bridgeOnly: true,
    options: { state_class: 'total_increasing', suggested_display_precision: 0, icon: 'mdi:counter', ...HIDDEN },
  },
  {
    key: 'channel',
    name: { en: 'Channel', ja: 'チャネル' },
    bridgeOnly: true,
    options: { icon: 'mdi:radio-tower', ...HIDDEN },
  },
]);

/** As Home Assistant's energy dashboard wants it: the currency for a kWh, and no class, for `monetary` is an amount. */
const PRICE: EntityOptions = {
  state_class: 'measurement',
  unit_of_measurement: 'JPY/kWh',
  suggested_display_precision: 2,
  icon: 'mdi:cash',
};

/** Where the configuration has prices. They hold while the meter is away. */
const prices = tableOf({ platform: 'sensor', from: 'price', bridgeOnly: true, options: PRICE }, [
  {
    key: 'price_buy',
    name: { en: 'Price of energy import', ja: '電力量単価（買電）' },
    field: 'buy',
    when: (context) => context.prices?.buy !== undefined,
  },
  {
    key: 'price_sell',
    name: { en: 'Price of energy export', ja: '電力量単価（売電）' },
    field: 'sell',
    when: (context) => context.prices?.sell !== undefined,
  },
]);

const buttons = tableOf({ platform: 'button', from: 'command', bridgeOnly: true }, [
  { key: 'read_now', name: { en: 'Read now', ja: '今すぐ取得' }, options: { icon: 'mdi:refresh' } },
  {
    key: 'restart_session',
    name: { en: 'Restart session', ja: 'セッション再接続' },
    options: { device_class: 'restart', entity_category: 'config' },
  },
  {
    key: 'rescan',
    name: { en: 'Rescan', ja: '再スキャン' },
    options: { icon: 'mdi:radar', entity_category: 'config' },
  },
]);

const numbers: readonly Entity[] = [
  {
    key: 'poll_interval',
    platform: 'number',
    name: { en: 'Polling interval', ja: '取得間隔' },
    from: 'config',
    bridgeOnly: true,
    options: {
      device_class: 'duration',
      unit_of_measurement: 's',
      min: LEAST_INTERVAL_S,
      max: MOST_INTERVAL_S,
      step: 1,
      mode: 'box',
      entity_category: 'config',
      enabled_by_default: false,
    },
  },
];

/** Every entity a meter can have, in the order Home Assistant is told of them. */
export const entities: readonly Entity[] = [...MEASURED, ...usageEntities, ...prices, ...link, ...buttons, ...numbers];

/** Those that are announced. */
export const entitiesOf = (context: EntityContext): readonly Entity[] =>
  entities.filter(({ when }) => when?.(context) ?? true);
