import type { Text } from '../kernel/language.ts';
import { quantities } from '../model/quantity.ts';
import type { Quantity } from '../model/quantity.ts';
import type { MeterProfile } from '../model/reading.ts';
import { LINK_PHASES } from '../model/status.ts';

/** What decides which entities a meter has and what they say. */
export interface EntityContext {
  readonly profile: MeterProfile | undefined;
  readonly contract: boolean;
  readonly expireAfterS: number;
  readonly energyDecimals: number;
}

type Options = Readonly<Record<string, unknown>>;

export interface Entity {
  readonly key: string;
  readonly platform: 'sensor' | 'binary_sensor' | 'button';
  readonly name: Text;
  /** The topic it lives on: a state topic or its command topic. */
  readonly from: 'instant' | 'energy' | 'link' | 'command';
  /** Key in the state's JSON; the entity's own key when absent. */
  readonly field?: string;
  /** Stays usable while the meter is away: follows the bridge's availability alone. */
  readonly bridgeOnly?: boolean;
  /** Announced when this holds; absent: at once and always. */
  readonly when?: (context: EntityContext) => boolean;
  readonly options: Options | ((context: EntityContext) => Options);
}

/** The property map decides: what the meter does not have is never announced. */
const has =
  (epc: number) =>
  ({ profile }: EntityContext): boolean =>
    profile?.getMap.includes(epc) ?? false;
const hasFault = has(0x88);
const hasCurrent = has(0xe8);

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
  ({ expireAfterS, energyDecimals }: EntityContext): Options => ({
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

const MEASURED: readonly Entity[] = [
  ...quantities.map(entityOf),
  {
    key: 'headroom',
    platform: 'sensor',
    name: { en: 'Contract headroom', ja: '契約電流の余裕' },
    from: 'instant',
    when: (context) => context.contract && hasCurrent(context),
    options: ({ expireAfterS }) => ({
      device_class: 'current',
      state_class: 'measurement',
      unit_of_measurement: 'A',
      suggested_display_precision: 1,
      expire_after: expireAfterS,
    }),
  },
  {
    key: 'over_contract',
    platform: 'binary_sensor',
    name: { en: 'Over contract current', ja: '契約電流超過' },
    from: 'instant',
    when: (context) => context.contract && hasCurrent(context),
    options: ({ expireAfterS }) => ({ device_class: 'problem', expire_after: expireAfterS }),
  },
  {
    key: 'fault',
    platform: 'binary_sensor',
    name: { en: 'Meter fault', ja: 'メーター異常' },
    from: 'energy',
    when: hasFault,
    options: { device_class: 'problem', entity_category: 'diagnostic' },
  },
];

/** An entity that needs nothing of the meter to be known. */
type Row = Omit<Entity, 'platform' | 'from' | 'when'> & Partial<Pick<Entity, 'platform'>>;

const DIAGNOSTIC = { entity_category: 'diagnostic' } as const;
const HIDDEN = { entity_category: 'diagnostic', enabled_by_default: false } as const;

const LINK_ROWS: readonly Row[] = [
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
];
const link = LINK_ROWS.map((row): Entity => ({ platform: 'sensor', from: 'link', ...row }));

const BUTTON_ROWS: readonly Row[] = [
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
];
const buttons = BUTTON_ROWS.map((row): Entity => ({ platform: 'button', from: 'command', bridgeOnly: true, ...row }));

/** Every entity a meter can have, in the order Home Assistant is told of them. */
export const entities: readonly Entity[] = [...MEASURED, ...link, ...buttons];

/** Those that are announced. */
export const entitiesOf = (context: EntityContext): readonly Entity[] =>
  entities.filter(({ when }) => when?.(context) ?? true);
