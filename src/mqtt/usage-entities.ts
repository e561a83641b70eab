import { has, tableOf } from './entity.ts';
import type { Entity, EntityContext, EntityOptions } from './entity.ts';

type When = (context: EntityContext) => boolean;
const all =
  (...conditions: readonly When[]): When =>
  (context) =>
    conditions.every((holds) => holds(context));
const isScaled: When = ({ profile }) => profile?.energyScale !== undefined;
const hasExport: When = ({ profile }) => profile?.hasExport === true;

/** Marks of what is bought, and of what is sold. */
const boughtMarks = all(has(0xea), isScaled);
const soldMarks = all(has(0xeb), isScaled, hasExport);

const UNASKED = { enabled_by_default: false } as const;

/** A register as it was at a mark. */
const fixed = ({ energyDecimals }: EntityContext): EntityOptions => ({
  device_class: 'energy',
  state_class: 'total_increasing',
  unit_of_measurement: 'kWh',
  suggested_display_precision: energyDecimals,
  ...UNASKED,
});

/** What a half hour or a day brought: it begins at 0 each time. */
const counted = (decimals: number): EntityOptions => ({
  device_class: 'energy',
  state_class: 'total',
  unit_of_measurement: 'kWh',
  suggested_display_precision: decimals,
});

/** Averages of what is bought. */
const AVERAGE = {
  device_class: 'power',
  state_class: 'measurement',
  unit_of_measurement: 'W',
  suggested_display_precision: 0,
} as const;

/** From the registers at the last mark. */
const halfHour = tableOf({ platform: 'sensor', from: 'halfHour', when: boughtMarks }, [
  {
    key: 'energy_import_30min',
    name: { en: 'Energy import last half hour', ja: '30分電力量（買電）' },
    field: 'import_delta',
    lastReset: 'slot_start',
    options: counted(2),
  },
  {
    key: 'energy_export_30min',
    name: { en: 'Energy export last half hour', ja: '30分電力量（売電）' },
    field: 'export_delta',
    lastReset: 'slot_start',
    when: soldMarks,
    options: { ...counted(2), ...UNASKED },
  },
  {
    key: 'energy_import_fixed',
    name: { en: 'Energy import at half hour', ja: '定時積算電力量（買電）' },
    field: 'import',
    options: fixed,
  },
  {
    key: 'energy_export_fixed',
    name: { en: 'Energy export at half hour', ja: '定時積算電力量（売電）' },
    field: 'export',
    when: soldMarks,
    options: fixed,
  },
  {
    key: 'fixed_time',
    name: { en: 'Half-hour reading time', ja: '定時積算の計測時刻' },
    field: 'time',
    options: { device_class: 'timestamp', entity_category: 'diagnostic', ...UNASKED },
  },
]);

const usage = tableOf({ platform: 'sensor', from: 'usage', when: boughtMarks }, [
  {
    key: 'demand_now',
    name: { en: 'Demand now', ja: 'デマンド（現在）' },
    options: AVERAGE,
  },
  {
    key: 'demand_forecast',
    name: { en: 'Demand forecast', ja: 'デマンド（予測）' },
    options: { ...AVERAGE, ...UNASKED },
  },
  {
    key: 'demand_30min',
    name: { en: 'Average power last half hour', ja: '30分平均電力（デマンド）' },
    options: { ...AVERAGE, ...UNASKED },
  },
  {
    key: 'demand_peak_today',
    name: { en: 'Peak demand today', ja: '最大デマンド（今日）' },
    attributes: { half_hour_start: 'demand_peak_today_start' },
    options: { ...AVERAGE, ...UNASKED },
  },
  {
    key: 'demand_peak_month',
    name: { en: 'Peak demand this month', ja: '最大デマンド（今月）' },
    attributes: { half_hour_start: 'demand_peak_month_start' },
    options: { ...AVERAGE, ...UNASKED },
  },
  {
    key: 'energy_import_today',
    name: { en: 'Energy import today', ja: '今日の電力量（買電）' },
    field: 'import_today',
    lastReset: 'day_start',
    options: ({ energyDecimals }) => counted(energyDecimals),
  },
  {
    key: 'energy_export_today',
    name: { en: 'Energy export today', ja: '今日の電力量（売電）' },
    field: 'export_today',
    lastReset: 'day_start',
    when: all(has(0xe3), soldMarks),
    options: ({ energyDecimals }) => counted(energyDecimals),
  },
]);

/** Second-generation meters tell their registers for each whole minute. */
const minute = tableOf({ platform: 'sensor', from: 'minute', when: boughtMarks }, [
  {
    key: 'energy_import_minute',
    name: { en: 'Energy import at full minute', ja: '1分積算電力量（買電）' },
    field: 'import',
    attributes: { minute: 'time' },
    when: all(has(0xd0), isScaled),
    options: fixed,
  },
  {
    key: 'energy_export_minute',
    name: { en: 'Energy export at full minute', ja: '1分積算電力量（売電）' },
    field: 'export',
    attributes: { minute: 'time' },
    when: all(has(0xd0), isScaled, hasExport),
    options: fixed,
  },
]);

/** What comes of half-hour marks: registers there, averages, the day's energy. */
export const usageEntities: readonly Entity[] = [...halfHour, ...usage, ...minute];
