import { describe, expect, test } from 'vitest';
import type { MeterProfile } from '../../../src/model/reading.ts';
import { discoveryDocument } from '../../../src/mqtt/ha-discovery.ts';
import type { DiscoveryInput } from '../../../src/mqtt/ha-discovery.ts';
import { documentProblems } from '../../support/ha-validator.ts';
import { fullProfile } from '../../support/sink-rig.ts';

type Component = Readonly<Record<string, unknown>>;
const input = (more: Partial<DiscoveryInput> = {}): DiscoveryInput => ({
  meter: { id: 'home', name: 'Smart meter', intervalS: 10, contractAmpere: 40 },
  baseTopic: 'broute2mqtt',
  language: 'en',
  version: '0.1.0',
  profile: fullProfile,
  ...more,
});
const components = (more: Partial<DiscoveryInput> = {}): Readonly<Record<string, Component>> =>
  discoveryDocument(input(more)).components;
const keys = (more: Partial<DiscoveryInput> = {}): string[] => Object.keys(components(more));
const profile = (more: Partial<MeterProfile>): { profile: MeterProfile } => ({ profile: { ...fullProfile, ...more } });
const link = ['connected', 'link_state', 'rssi', 'lqi', 'last_success', 'last_error', 'reconnects', 'channel'];
const controls = ['read_now', 'restart_session', 'rescan', 'poll_interval'];

/** Public API: a user's history hangs on these. Changing one is a major version. */
const frozen: readonly (readonly [id: string, entityId: string, topic: string, en: string, ja: string])[] = [
  ['power', 'sensor.smart_meter_power', 'state/instant', 'Power', '瞬時電力'],
  ['current_r', 'sensor.smart_meter_current_r', 'state/instant', 'Current R phase', '瞬時電流 R相'],
  ['current_t', 'sensor.smart_meter_current_t', 'state/instant', 'Current T phase', '瞬時電流 T相'],
  ['energy_import', 'sensor.smart_meter_energy_import', 'state/energy', 'Energy import', '積算電力量（買電）'],
  ['energy_export', 'sensor.smart_meter_energy_export', 'state/energy', 'Energy export', '積算電力量（売電）'],
  ['headroom', 'sensor.smart_meter_headroom', 'state/instant', 'Contract headroom', '契約電流の余裕'],
  ['contract_usage', 'sensor.smart_meter_contract_usage', 'state/instant', 'Contract usage', '契約電流使用率'],
  [
    'over_contract',
    'binary_sensor.smart_meter_over_contract',
    'state/instant',
    'Over contract current',
    '契約電流超過',
  ],
  ['fault', 'binary_sensor.smart_meter_fault', 'state/energy', 'Meter fault', 'メーター異常'],
  [
    'energy_import_30min',
    'sensor.smart_meter_energy_import_30min',
    'state/halfhour',
    'Energy import last half hour',
    '30分電力量（買電）',
  ],
  [
    'energy_export_30min',
    'sensor.smart_meter_energy_export_30min',
    'state/halfhour',
    'Energy export last half hour',
    '30分電力量（売電）',
  ],
  [
    'energy_import_fixed',
    'sensor.smart_meter_energy_import_fixed',
    'state/halfhour',
    'Energy import at half hour',
    '定時積算電力量（買電）',
  ],
  [
    'energy_export_fixed',
    'sensor.smart_meter_energy_export_fixed',
    'state/halfhour',
    'Energy export at half hour',
    '定時積算電力量（売電）',
  ],
  ['fixed_time', 'sensor.smart_meter_fixed_time', 'state/halfhour', 'Half-hour reading time', '定時積算の計測時刻'],
  ['demand_now', 'sensor.smart_meter_demand_now', 'state/usage', 'Demand now', 'デマンド（現在）'],
  ['demand_forecast', 'sensor.smart_meter_demand_forecast', 'state/usage', 'Demand forecast', 'デマンド（予測）'],
  [
    'demand_30min',
    'sensor.smart_meter_demand_30min',
    'state/usage',
    'Average power last half hour',
    '30分平均電力（デマンド）',
  ],
  [
    'demand_peak_today',
    'sensor.smart_meter_demand_peak_today',
    'state/usage',
    'Peak demand today',
    '最大デマンド（今日）',
  ],
  [
    'demand_peak_month',
    'sensor.smart_meter_demand_peak_month',
    'state/usage',
    'Peak demand this month',
    '最大デマンド（今月）',
  ],
  [
    'energy_import_today',
    'sensor.smart_meter_energy_import_today',
    'state/usage',
    'Energy import today',
    '今日の電力量（買電）',
  ],
  [
    'energy_export_today',
    'sensor.smart_meter_energy_export_today',
    'state/usage',
    'Energy export today',
    '今日の電力量（売電）',
  ],
  [
    'energy_import_minute',
    'sensor.smart_meter_energy_import_minute',
    'state/minute',
    'Energy import at full minute',
    '1分積算電力量（買電）',
  ],
  [
    'energy_export_minute',
    'sensor.smart_meter_energy_export_minute',
    'state/minute',
    'Energy export at full minute',
    '1分積算電力量（売電）',
  ],
  ['connected', 'binary_sensor.smart_meter_connected', 'state/link', 'Meter connection', 'メーター接続'],
  ['link_state', 'sensor.smart_meter_link_state', 'state/link', 'Connection state', '接続状態'],
  ['rssi', 'sensor.smart_meter_rssi', 'state/link', 'Signal strength', '電波強度'],
  ['lqi', 'sensor.smart_meter_lqi', 'state/link', 'Link quality', 'リンク品質 (LQI)'],
  ['last_success', 'sensor.smart_meter_last_success', 'state/link', 'Last successful read', '最終取得時刻'],
  ['last_error', 'sensor.smart_meter_last_error', 'state/link', 'Last error', '直近のエラー'],
  ['reconnects', 'sensor.smart_meter_reconnects', 'state/link', 'Reconnects', '再接続回数'],
  ['channel', 'sensor.smart_meter_channel', 'state/link', 'Channel', 'チャネル'],
  ['read_now', 'button.smart_meter_read_now', 'command/read_now', 'Read now', '今すぐ取得'],
  [
    'restart_session',
    'button.smart_meter_restart_session',
    'command/restart_session',
    'Restart session',
    'セッション再接続',
  ],
  ['rescan', 'button.smart_meter_rescan', 'command/rescan', 'Rescan', '再スキャン'],
  ['poll_interval', 'number.smart_meter_poll_interval', 'state/config', 'Polling interval', '取得間隔'],
];

test.each(['en', 'ja'] as const)('ids and topics are frozen, whatever the language (%s)', (language) => {
  const rows = Object.values(components({ language })).map((component) => [
    component['unique_id'],
    component['default_entity_id'],
    component['state_topic'] ?? component['command_topic'],
    component['name'],
  ]);
  expect(rows).toEqual(
    frozen.map(([key, entityId, topic, en, ja]) => [
      `broute2mqtt_home_${key}`,
      entityId,
      `broute2mqtt/home/${topic}`,
      language === 'en' ? en : ja,
    ]),
  );
});

describe('Home Assistant accepts the document without a warning', () => {
  test.each<[string, Partial<DiscoveryInput>]>([
    ['complete', {}],
    ['in Japanese', { language: 'ja', meter: { id: 'my-shop', name: 'スマートメーター', intervalS: 300 } }],
    ['before the meter is known', { profile: undefined }],
    ['two-wire, no export', profile({ hasTPhase: false, hasExport: false })],
  ])('%s', (_, more) => {
    expect(documentProblems(discoveryDocument(input(more)))).toEqual([]);
  });

  test('the validator sees what Home Assistant refuses', () => {
    const power = components()['power'] as Component;
    const bad = {
      ...input(),
      device: { ids: [] },
      origin: {},
      components: { power: { ...power, unit_of_measurement: 'A' } },
    };
    expect(documentProblems(bad).length).toBeGreaterThan(5);
  });
});

describe('what is announced', () => {
  test('before the meter is known: the link and the buttons', () => {
    expect(keys({ profile: undefined })).toEqual([...link, ...controls]);
  });
  test('no T phase on two-wire, no export without solar panels, no contract unless configured', () => {
    const meter = { id: 'home', name: 'Smart meter', intervalS: 10 };
    expect(keys({ ...profile({ hasTPhase: false, hasExport: false }), meter }).slice(0, 4)).toEqual([
      'power',
      'current_r',
      'energy_import',
      'fault',
    ]);
  });
  test('no energy before its unit is known', () => {
    const { energyScale: _, ...unscaled } = fullProfile;
    expect(keys({ profile: unscaled })).not.toContain('energy_import');
    expect(keys({ profile: unscaled })).not.toContain('energy_export');
  });
  test('one-minute registers where the map has them alone', () => {
    expect(keys()).toContain('energy_import_minute');
    expect(keys(profile({ hasExport: false }))).not.toContain('energy_export_minute');
    const first = keys(profile({ getMap: fullProfile.getMap.filter((epc) => epc !== 0xd0) }));
    expect(first.filter((key) => key.includes('minute'))).toEqual([]);
  });
  test('nothing the property map lacks', () => {
    expect(keys(profile({ getMap: [0xe7], hasExport: false }))).toEqual(['power', ...link, ...controls]);
  });
});

test('precision follows the unit, expiry the interval', () => {
  const scale = { coefficient: 1, digits: 6 };
  const at = (exponent: number): unknown =>
    components(profile({ energyScale: { ...scale, exponent } }))['energy_import']?.['suggested_display_precision'];
  expect([at(0), at(-1), at(-3), at(2)]).toEqual([0, 1, 3, 0]);
  const slow = { id: 'home', name: 'Smart meter', intervalS: 120 };
  expect(components()['power']?.['expire_after']).toBe(300);
  expect(components({ meter: slow })['power']?.['expire_after']).toBe(600);
  expect(components()['energy_import']).not.toHaveProperty('expire_after');
});

test('several meters never share an id, and the base topic changes none', () => {
  const other = components({ meter: { id: 'my-shop', name: 'Shop', intervalS: 10 }, baseTopic: 'x' })['power'];
  expect(other).toMatchObject({
    unique_id: 'broute2mqtt_my-shop_power',
    object_id: 'smart_meter_my_shop_power',
    state_topic: 'x/my-shop/state/instant',
  });
});

test('measured values need bridge and meter, the link and the buttons only the bridge', () => {
  const own = [{ topic: 'broute2mqtt/home/bridge/availability' }];
  expect(discoveryDocument(input())).toMatchObject({
    availability_mode: 'all',
    availability: [...own, { topic: 'broute2mqtt/home/meter/availability' }],
  });
  const bridgeOnly = Object.entries(components()).filter(([, { availability }]) => availability !== undefined);
  expect(bridgeOnly.map(([key]) => key)).toEqual([
    ...link.filter((key) => key !== 'rssi' && key !== 'lqi'),
    ...controls,
  ]);
});

test('the device leads to the page where somebody says where that is', () => {
  const device = (more: Partial<DiscoveryInput>): unknown => discoveryDocument(input(more))['device'];
  expect(device({})).not.toHaveProperty('configuration_url');
  const configurationUrl = 'http://192.168.1.20:8080/';
  expect(device({ configurationUrl })).toHaveProperty('configuration_url', configurationUrl);
  expect(documentProblems(discoveryDocument(input({ configurationUrl })))).toEqual([]);
});

test('templates are constants', () => {
  const templates = Object.values(components()).flatMap(({ value_template }) => value_template ?? []);
  for (const template of templates) expect(template).toMatch(/^\{\{ value_json\.[a-z_0-9]+ \}\}$/);
  const others = Object.values(components()).flatMap(({ last_reset_value_template, json_attributes_template }) => [
    ...new Set([last_reset_value_template, json_attributes_template].filter((template) => template !== undefined)),
  ]);
  expect(others.map(String).sort()).toEqual([
    "{{ value_json.day_start or '' }}",
    "{{ value_json.day_start or '' }}",
    "{{ value_json.slot_start or '' }}",
    "{{ value_json.slot_start or '' }}",
    "{{ {'half_hour_start': value_json.demand_peak_month_start} | to_json }}",
    "{{ {'half_hour_start': value_json.demand_peak_today_start} | to_json }}",
    "{{ {'minute': value_json.time} | to_json }}",
    "{{ {'minute': value_json.time} | to_json }}",
  ]);
});
