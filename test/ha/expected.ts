import type { Entity, State } from './home-assistant.ts';

/** One entity as a person finds it in Home Assistant. */
interface Expected {
  readonly key: string;
  readonly platform: 'sensor' | 'binary_sensor' | 'button' | 'number';
  readonly ja: string;
  readonly en: string;
  readonly category?: 'diagnostic' | 'config';
  readonly disabled?: true;
  /** Attributes of its state. */
  readonly deviceClass?: string;
  readonly stateClass?: string;
  readonly unit?: string;
  /** Needs the meter, not the bridge alone. */
  readonly measured?: true;
}

const sensor = { platform: 'sensor' } as const;
const measured = { ...sensor, measured: true, stateClass: 'measurement' } as const;
const ampere = { ...measured, deviceClass: 'current', unit: 'A' } as const;
const register = { ...measured, deviceClass: 'energy', stateClass: 'total_increasing', unit: 'kWh' } as const;
const counted = { ...register, stateClass: 'total' } as const;
const unasked = { ...sensor, measured: true, disabled: true } as const;
const problem = { platform: 'binary_sensor', deviceClass: 'problem', measured: true } as const;
const price = { ...sensor, stateClass: 'measurement', unit: 'JPY/kWh' } as const;
const diagnostic = { category: 'diagnostic' } as const;
const hidden = { ...sensor, category: 'diagnostic', disabled: true } as const;
const dBm = { deviceClass: 'signal_strength', unit: 'dBm' } as const;

/** Known before the stick is plugged in. */
const link: readonly Expected[] = [
  {
    key: 'connected',
    platform: 'binary_sensor',
    ja: 'メーター接続',
    en: 'Meter connection',
    ...diagnostic,
    deviceClass: 'connectivity',
  },
  { key: 'link_state', ...sensor, ja: '接続状態', en: 'Connection state', ...diagnostic, deviceClass: 'enum' },
  { key: 'rssi', ...measured, ja: '電波強度', en: 'Signal strength', ...diagnostic, ...dBm },
  { key: 'lqi', ja: 'リンク品質 (LQI)', en: 'Link quality', ...hidden },
  { key: 'last_success', ja: '最終取得時刻', en: 'Last successful read', ...hidden },
  { key: 'last_error', ja: '直近のエラー', en: 'Last error', ...hidden },
  { key: 'reconnects', ja: '再接続回数', en: 'Reconnects', ...hidden },
  { key: 'channel', ja: 'チャネル', en: 'Channel', ...hidden },
  { key: 'read_now', platform: 'button', ja: '今すぐ取得', en: 'Read now' },
  {
    key: 'restart_session',
    platform: 'button',
    ja: 'セッション再接続',
    en: 'Restart session',
    category: 'config',
    deviceClass: 'restart',
  },
  { key: 'rescan', platform: 'button', ja: '再スキャン', en: 'Rescan', category: 'config' },
  {
    key: 'poll_interval',
    platform: 'number',
    ja: '取得間隔',
    en: 'Polling interval',
    category: 'config',
    disabled: true,
  },
  { key: 'price_buy', ...price, ja: '電力量単価（買電）', en: 'Price of energy import' },
  { key: 'price_sell', ...price, ja: '電力量単価（売電）', en: 'Price of energy export' },
];
const figures: readonly Expected[] = [
  { key: 'power', ...measured, ja: '瞬時電力', en: 'Power', deviceClass: 'power', unit: 'W' },
  { key: 'current_r', ...ampere, ja: '瞬時電流 R相', en: 'Current R phase' },
  { key: 'energy_import', ...register, ja: '積算電力量（買電）', en: 'Energy import' },
  { key: 'energy_export', ...register, ja: '積算電力量（売電）', en: 'Energy export' },
  { key: 'fault', ...problem, ja: 'メーター異常', en: 'Meter fault', ...diagnostic },
];
/** From half hours: what the meter tells at its marks and remembers. */
const halfHours: readonly Expected[] = [
  { key: 'energy_import_30min', ...counted, ja: '30分電力量（買電）', en: 'Energy import last half hour' },
  { key: 'energy_export_30min', ...unasked, ja: '30分電力量（売電）', en: 'Energy export last half hour' },
  { key: 'energy_import_fixed', ...unasked, ja: '定時積算電力量（買電）', en: 'Energy import at half hour' },
  { key: 'energy_export_fixed', ...unasked, ja: '定時積算電力量（売電）', en: 'Energy export at half hour' },
  { key: 'fixed_time', ja: '定時積算の計測時刻', en: 'Half-hour reading time', ...hidden },
  { key: 'demand_now', ...measured, ja: 'デマンド（現在）', en: 'Demand now', deviceClass: 'power', unit: 'W' },
  { key: 'demand_forecast', ...unasked, ja: 'デマンド（予測）', en: 'Demand forecast' },
  { key: 'demand_30min', ...unasked, ja: '30分平均電力（デマンド）', en: 'Average power last half hour' },
  { key: 'demand_peak_today', ...unasked, ja: '最大デマンド（今日）', en: 'Peak demand today' },
  { key: 'demand_peak_month', ...unasked, ja: '最大デマンド（今月）', en: 'Peak demand this month' },
  { key: 'energy_import_today', ...counted, ja: '今日の電力量（買電）', en: 'Energy import today' },
  { key: 'energy_export_today', ...counted, ja: '今日の電力量（売電）', en: 'Energy export today' },
];
/** Of a second-generation meter. */
const minutes: readonly Expected[] = [
  { key: 'energy_import_minute', ...unasked, ja: '1分積算電力量（買電）', en: 'Energy import at full minute' },
  { key: 'energy_export_minute', ...unasked, ja: '1分積算電力量（売電）', en: 'Energy export at full minute' },
];
const tPhase: readonly Expected[] = [{ key: 'current_t', ...ampere, ja: '瞬時電流 T相', en: 'Current T phase' }];
const contract: readonly Expected[] = [
  { key: 'headroom', ...ampere, ja: '契約電流の余裕', en: 'Contract headroom' },
  { key: 'contract_usage', ...unasked, ja: '契約電流使用率', en: 'Contract usage' },
  { key: 'over_contract', ...problem, ja: '契約電流超過', en: 'Over contract current' },
];

export interface ExpectedMeter {
  readonly id: string;
  readonly name: string;
  /** What stands before the key in an entity id. */
  readonly entityPrefix: string;
  readonly entities: readonly Expected[];
}

/** Selling at the moment, three-wire, of the second generation, with a contract; and a two-wire one without. */
export const home: ExpectedMeter = {
  id: 'home',
  name: 'スマートメーター',
  entityPrefix: 'smart_meter',
  entities: [...link, ...figures, ...tPhase, ...contract, ...halfHours, ...minutes],
};
export const shop: ExpectedMeter = {
  id: 'shop',
  name: '店',
  entityPrefix: 'smart_meter_shop',
  entities: [...link, ...figures, ...halfHours],
};
export const meters = [home, shop] as const;

export const identity = ({ id }: ExpectedMeter): string => `broute2mqtt_${id}`;
export const uniqueId = (meter: ExpectedMeter, key: string): string => `${identity(meter)}_${key}`;

/** A meter before its stick was ever plugged in. */
export const linkOnly = (meter: ExpectedMeter): ExpectedMeter => ({ ...meter, entities: link });

/** Registry entries to compare: entity id → what a person sees of it. */
export const registryOf = (
  entities: ReadonlyMap<string, Entity>,
  deviceId: string | undefined,
): Record<string, unknown> =>
  Object.fromEntries(
    [...entities.values()]
      .filter(({ device_id }) => device_id === deviceId)
      .map((entity) => [
        entity.entity_id,
        [entity.unique_id, entity.original_name, entity.entity_category, entity.disabled_by],
      ]),
  );
export const expectedRegistry = (meter: ExpectedMeter, language: 'ja' | 'en'): Record<string, unknown> =>
  Object.fromEntries(
    meter.entities.map(({ key, platform, category = null, disabled, [language]: name }) => [
      `${platform}.${meter.entityPrefix}_${key}`,
      [uniqueId(meter, key), name, category, disabled === true ? 'integration' : null],
    ]),
  );

/** Attributes to compare, of the entities that are enabled: entity id → name, class, state class, unit. */
export const attributesOf = (meter: ExpectedMeter, states: ReadonlyMap<string, State>): Record<string, unknown> =>
  Object.fromEntries(
    enabled(meter).flatMap(({ key }) => {
      const state = states.get(uniqueId(meter, key));
      if (!state) return [];
      const { friendly_name, device_class, state_class, unit_of_measurement } = state.attributes;
      return [[state.entity_id, [friendly_name, device_class, state_class, unit_of_measurement]]];
    }),
  );
export const expectedAttributes = (meter: ExpectedMeter, language: 'ja' | 'en'): Record<string, unknown> =>
  Object.fromEntries(
    enabled(meter).map(({ key, platform, deviceClass, stateClass, unit, [language]: name }) => [
      `${platform}.${meter.entityPrefix}_${key}`,
      [`${meter.name} ${name}`, deviceClass, platform === 'sensor' ? stateClass : undefined, unit],
    ]),
  );

const enabled = (meter: ExpectedMeter): readonly Expected[] =>
  meter.entities.filter(({ disabled }) => disabled !== true);

/** Unique ids of what is enabled, by what it needs. */
export const enabledIds = (meter: ExpectedMeter, needs?: 'meter' | 'bridge'): string[] =>
  enabled(meter)
    .filter((entity) => needs === undefined || (needs === 'meter') === (entity.measured === true))
    .map(({ key }) => uniqueId(meter, key));
