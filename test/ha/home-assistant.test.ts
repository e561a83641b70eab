import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bridge } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { Household } from '../support/household.ts';
import type { Mosquitto } from '../support/mosquitto.ts';
import type { MqttWatcher } from '../support/mqtt-watcher.ts';
import type { Stick } from '../support/stick.ts';
import {
  attributesOf,
  enabledIds,
  expectedAttributes,
  expectedRegistry,
  home,
  identity,
  linkOnly,
  meters,
  registryOf,
  shop,
  uniqueId,
} from './expected.ts';
import type { ExpectedMeter } from './expected.ts';
import { HomeAssistant } from './home-assistant.ts';
import type { State } from './home-assistant.ts';

type States = ReadonlyMap<string, State>;
type Json = Readonly<Record<string, unknown>>;

/** An old one, whose entity ids come from `object_id` and whose MQTT is 3.1.1; a new one: `default_entity_id`, MQTT 5. */
const versions = ['2025.4.4', '2026.11.0'] as const;

/**
 * A house that sells and one that buys, whose half hour ends within the test; neither register moves but by a step or two.
 */
const selling = { args: ['--edition', 'dse', '--solar', '--generation', '2'], meterClock: '2026-06-21T08:12:00+09:00' };
const buying = { args: ['--edition', 'se', '--two-wire', '--seed', '3'], meterClock: '2026-01-15T19:58:30+09:00' };

const stateOf = (states: States, id: string): string => states.get(id)?.state ?? 'no state';

/**
 * What is wrong where everything must be there and say something. A button says nothing before its first press, demand
 * nothing until enough of the half hour is known.
 */
const missing = (states: States, ids: readonly string[]): string[] =>
  ids
    .map((id) => [id, stateOf(states, id)] as const)
    .filter(([id, state]) => ['no state', 'unavailable'].includes(state) || (state === 'unknown' && !maySayNothing(id)))
    .map(([id, state]) => `${id} is ${state}`);
const maySayNothing = (id: string): boolean => /_(read_now|restart_session|rescan|demand_now)$/.test(id);
const present = (states: States, ids: readonly string[]): string[] =>
  ids.filter((id) => stateOf(states, id) !== 'unavailable').map((id) => `${id} is ${stateOf(states, id)}`);
const allIds = meters.flatMap((meter) => enabledIds(meter));

describe.each(versions)('Home Assistant %s', (version) => {
  const household = new Household();
  let ha: HomeAssistant;
  let mosquitto: Mosquitto;
  let watcher: MqttWatcher;
  let bridge: Bridge;
  let stick: Stick;
  let shopStick: Stick;
  /** Registry ids and entity ids of everything, once all is known: nothing may change them. */
  let registered: string[];

  const registry = async (): Promise<string[]> =>
    [...(await ha.entities()).values()].map(({ id, entity_id, unique_id }) => `${id} ${entity_id} ${unique_id}`).sort();
  /** An SE stick tells the signal with a scan alone: a warm session after a restart of ours has none. */
  let unheard: readonly string[] = [];
  /** One meter is asked once a minute: until its clock is known, so is nothing of its day. */
  const everything = (limitMs = 150_000): Promise<void> =>
    ha.untilStates(
      (states) => [
        ...missing(
          states,
          allIds.filter((id) => !unheard.includes(id)),
        ),
        ...unheard.filter((id) => stateOf(states, id) !== 'unknown').map((id) => `${id} is not unknown`),
      ],
      limitMs,
    );
  const shown = async (meter: ExpectedMeter, key: string): Promise<string> =>
    stateOf(await ha.states(), uniqueId(meter, key));

  /** The newest figures of a meter by the simulator's own account, as Home Assistant should show them. */
  const truth = (of: Stick): Record<string, number> => {
    const newest = (epc: string): Buffer => of.truth().findLast((answer) => answer.epc === epc)?.edt ?? Buffer.alloc(4);
    return {
      power: newest('E7').readInt32BE(),
      current_r: newest('E8').readInt16BE(0) / 10,
      current_t: newest('E8').readInt16BE(2) / 10,
      energy_import: newest('E0').readUInt32BE() / 10,
      energy_export: newest('E3').readUInt32BE() / 10,
    };
  };
  const untrue = (states: States, meter: ExpectedMeter, of: Stick): string[] =>
    Object.entries(truth(of))
      .filter(([key]) => meter.entities.some((entity) => entity.key === key))
      .map(([key, value]) => [key, stateOf(states, uniqueId(meter, key)), value] as const)
      .filter(([, state, value]) => state === 'unavailable' || Number(state) !== value)
      .map(([key, state, value]) => `${key} of ${meter.id} is ${state}, not ${value}`);
  const trueValues = (limitMs?: number): Promise<void> =>
    ha.untilStates((states) => [...untrue(states, home, stick), ...untrue(states, shop, shopStick)], limitMs);

  beforeAll(async () => {
    await HomeAssistant.install(version);
    mosquitto = await household.broker();
    watcher = await household.watch(mosquitto.url);
    ha = household.keep(await HomeAssistant.create(version, mosquitto.port));
    await ha.start();
    stick = await household.absentStick(selling);
    shopStick = await household.absentStick(buying);
  });
  afterAll(async () => {
    await household[Symbol.asyncDispose]();
  });

  test('link state and buttons appear by themselves, before the stick is there', async () => {
    bridge = await household.bridge({
      broker: mosquitto.url,
      meters: [
        { id: home.id, name: home.name, device: stick.path, contract_ampere: 40 },
        { id: shop.id, name: shop.name, device: shopStick.path, interval_s: 60, energy_interval_s: 60 },
      ],
      config: { language: 'ja', prices: { buy: 31.5, sell: 16 } },
    });
    const ids = meters.flatMap((meter) => enabledIds(linkOnly(meter), 'bridge'));
    await ha.untilStates((states) => missing(states, ids));
    expect(['opening', 'waiting']).toContain(await shown(home, 'link_state'));
    expect(await shown(home, 'price_buy')).toBe('31.5');
    expect(await shown(shop, 'price_sell')).toBe('16');
    expect(await shown(home, 'connected')).toBe('off');
    const devices = await ha.devices();
    expect([...devices.keys()].sort()).toEqual(meters.map(identity));
    const { version: ours } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string };
    for (const meter of meters) {
      const device = devices.get(identity(meter));
      expect(device).toMatchObject({
        name: meter.name,
        model: 'Low-voltage smart electric energy meter',
        model_id: '0x0288',
        sw_version: ours,
      });
      expect(registryOf(await ha.entities(), device?.id)).toEqual(expectedRegistry(linkOnly(meter), 'ja'));
    }
  });

  test('with the stick come the measured ones, with names, classes and units', async () => {
    await Promise.all([stick.plug(), shopStick.plug()]);
    await everything(200_000); // today's energy needs the meter's memory
    const [devices, entities, states] = [await ha.devices(), await ha.entities(), await ha.states()];
    for (const meter of meters) {
      expect(registryOf(entities, devices.get(identity(meter))?.id)).toEqual(expectedRegistry(meter, 'ja'));
      expect(attributesOf(meter, states)).toEqual(expectedAttributes(meter, 'ja'));
    }
    expect(entities.size).toBe(home.entities.length + shop.entities.length);
    expect(states.get(uniqueId(home, 'link_state'))?.attributes['options']).toContain('joining');
    registered = await registry();
  });

  test('the values are the meter’s, negative power too', async () => {
    await trueValues();
    expect(Number(await shown(home, 'power'))).toBeLessThan(0);
    expect(Number(await shown(shop, 'power'))).toBeGreaterThan(0);
    expect(await shown(home, 'headroom')).toBe('40.0');
    expect(await shown(home, 'over_contract')).toBe('off');
    expect(await shown(home, 'fault')).toBe('off');
    expect(await shown(home, 'link_state')).toBe('connected');
    expect(await shown(home, 'connected')).toBe('on');
    expect(Number(await shown(home, 'rssi'))).toBeLessThan(0);
  });

  test('today’s energy and the last half hour are what the meter’s own memory says', async () => {
    /** Registers of today, kWh at each half hour from 0:00 on, by the simulator's own account. */
    const today = (epc: string): number[] => {
      const day = stick.truth().findLast((answer) => answer.epc === epc && answer.edt.readUInt16BE() === 0)?.edt;
      if (!day) throw new Error(`${epc} was not asked for`);
      return Array.from({ length: 17 }, (_, slot) => day.readUInt32BE(2 + 4 * slot) / 10);
    };
    const [bought, sold] = [today('E2'), today('E4')];
    await ha.untilStates((states) => {
      const { energy_import = NaN, energy_export = NaN } = truth(stick);
      const right: readonly (readonly [key: string, kwh: number])[] = [
        ['energy_import_30min', (bought[16] ?? NaN) - (bought[15] ?? NaN)], // its clock stands at 8:12
        ['energy_import_today', energy_import - (bought[0] ?? NaN)],
        ['energy_export_today', energy_export - (sold[0] ?? NaN)],
      ];
      return right
        .map(([key, kwh]) => [key, Number(states.get(uniqueId(home, key))?.state), kwh] as const)
        .filter(([, state, kwh]) => !(Math.abs(state - kwh) < 0.001))
        .map(([key, state, kwh]) => `${key} is ${state}, not ${kwh}`);
    });
    const states = await ha.states();
    const since = (key: string): number =>
      Date.parse(String(states.get(uniqueId(home, key))?.attributes['last_reset']));
    expect(since('energy_import_30min')).toBe(Date.parse('2026-06-21T07:30:00+09:00'));
    expect(since('energy_import_today')).toBe(Date.parse('2026-06-21T00:00:00+09:00'));
    await ha.untilStates((all) => {
      const [demand, power] = ['demand_now', 'power'].map((key) => Number(stateOf(all, uniqueId(shop, key))));
      return demand && power && demand > power / 3 && demand < power * 3 ? [] : [`demand is ${demand}, power ${power}`];
    }, 180_000); // from its next mark on
  });

  test('long-term statistics of energy, power and current are recorded, without an objection', async () => {
    const figures = (await ha.call<readonly Json[]>('recorder/list_statistic_ids')).filter(({ statistic_id }) =>
      String(statistic_id).startsWith('sensor.smart_meter_'),
    );
    const form = Object.fromEntries(
      figures.map((one) => [
        one['statistic_id'],
        [one['has_mean'], one['has_sum'], one['statistics_unit_of_measurement'], one['unit_class']],
      ]),
    );
    const energy = [false, true, 'kWh', 'energy'];
    const current = [true, false, 'A', 'electric_current'];
    const both = (key: string, what: unknown): Json => ({
      [`sensor.smart_meter_${key}`]: what,
      [`sensor.smart_meter_shop_${key}`]: what,
    });
    expect(form).toMatchObject({
      ...both('energy_import', energy),
      ...both('energy_export', energy),
      ...both('power', [true, false, 'W', 'power']),
      ...both('current_r', current),
      'sensor.smart_meter_current_t': current,
      'sensor.smart_meter_headroom': current,
    });
    const objections = await ha.call<Json>('recorder/validate_statistics');
    expect(Object.keys(objections).filter((id) => id.includes('smart_meter'))).toEqual([]);
  });

  test('the buttons reach the meter', async () => {
    const count = bridge.readings('shop'); // it reads once a minute by itself
    await ha.press(uniqueId(shop, 'read_now'));
    await bridge.until(() => bridge.readings('shop') > count, 'a reading', 5000);
    const before = bridge.phases().length;
    await ha.press(uniqueId(home, 'restart_session'));
    await bridge.until(() => bridge.phases().slice(before).includes('connected'), 'connected again');
    expect(bridge.phases().slice(before)).toContain('joining');
    const again = bridge.phases().length;
    await ha.press(uniqueId(home, 'rescan'));
    await bridge.until(() => bridge.phases().slice(again).includes('connected'), 'connected again');
    expect(bridge.phases().slice(again)).toContain('scanning');
    await ha.untilStates((states) =>
      stateOf(states, uniqueId(home, 'link_state')) === 'connected' ? [] : ['no link'],
    );
  });

  test('the stick is pulled out: measured ones unavailable, the link still shown; it comes back by itself', async () => {
    await stick.unplug();
    await ha.untilStates((states) => [
      ...present(states, enabledIds(home, 'meter')),
      ...missing(states, [...enabledIds(home, 'bridge'), ...enabledIds(shop)]),
    ]);
    expect(await shown(home, 'link_state')).toBe('waiting');
    expect(await shown(home, 'connected')).toBe('off');
    await stick.plug();
    await everything();
    await trueValues();
  });

  test('the bridge is killed: everything unavailable by its will; restarted, the values return', async () => {
    await bridge.end('SIGKILL');
    await ha.untilStates((states) => present(states, allIds), 10_000);
    unheard = [uniqueId(shop, 'rssi')];
    bridge.restart();
    await everything();
    await trueValues();
    expect(await registry()).toEqual(registered);
  });

  test('another language changes the names, and no entity id', async () => {
    await bridge.end();
    await ha.untilStates((states) => present(states, allIds), 10_000);
    const settings = JSON.parse(await readFile(bridge.configFile, 'utf8')) as Json;
    await writeFile(bridge.configFile, JSON.stringify({ ...settings, language: 'en' }));
    bridge.restart();
    await everything();
    await trueValues();
    const states = await ha.states();
    for (const meter of meters) expect(attributesOf(meter, states)).toEqual(expectedAttributes(meter, 'en'));
    expect(await registry()).toEqual(registered);
  });

  test('Home Assistant is restarted: everything returns from the broker alone, and its birth is answered', async () => {
    const discovery = meters.map((meter) => `homeassistant/device/${identity(meter)}/config`);
    await ha.stop();
    watcher.clear();
    const from = mosquitto.log.length;
    const started = ha.start();
    const joined = (): boolean => mosquitto.log.slice(from).includes('New client connected');
    await Promise.race([started, eventually(joined, 'Home Assistant at the broker', 180_000)]);
    await bridge.frozenWhile(async () => {
      await started;
      await everything();
      expect(discovery.filter((topic) => watcher.last(topic))).toEqual([]);
      await bridge.until(() => watcher.last('homeassistant/status')?.payload === 'online', 'the birth');
    });
    await bridge.until(() => discovery.every((topic) => watcher.last(topic)), 'the documents again', 15_000);
    expect(bridge.lines.filter(({ msg }) => msg === 'broker connected again')).toEqual([]);
    await everything();
    await trueValues();
    expect(await registry()).toEqual(registered);
    const [devices, entities] = [await ha.devices(), await ha.entities()];
    for (const meter of meters)
      expect(registryOf(entities, devices.get(identity(meter))?.id)).toEqual(expectedRegistry(meter, 'en'));
  });

  test('nothing in its log complains of us', () => {
    expect(ha.complaints()).toEqual([]);
  });

  test('the broker is killed and comes back empty: everything returns', async () => {
    const from = ha.log.length;
    await mosquitto.stop('SIGKILL');
    await ha.untilStates((states) => present(states, allIds), 10_000);
    await mosquitto.start();
    await everything();
    await trueValues();
    expect(await registry()).toEqual(registered);
    const connection =
      /\[(homeassistant\.components|paho)\.mqtt\.client\] .*(connect|conn\.|socket|Error returned from MQTT server)/i;
    expect(ha.complaints(from).filter((line) => !connection.test(line))).toEqual([]);
  });

  test('statistics grow, and the Energy dashboard takes our three sensors', async () => {
    const ids = ['energy_import', 'energy_export', 'power'].map((key) => `sensor.smart_meter_${key}`);
    const [bought, sold, power] = ids;
    const period = { start_time: '2026-01-01T00:00:00+09:00', statistic_ids: ids, period: '5minute' };
    await expect
      .poll(async () => Object.keys(await ha.call<Json>('recorder/statistics_during_period', period)).sort(), {
        timeout: 120_000,
        interval: 500,
      })
      .toEqual([...ids].sort());
    const rows = await ha.call<Readonly<Record<string, readonly Record<string, number>[]>>>(
      'recorder/statistics_during_period',
      period,
    );
    expect(rows[bought ?? '']?.[0]).toMatchObject({ sum: 0, state: truth(stick)['energy_import'] });
    expect(rows[power ?? '']?.[0]?.['max']).toBeLessThan(0);
    const prices = { entity_energy_price: null, number_energy_price: null };
    const grid =
      version === '2025.4.4'
        ? {
            flow_from: [{ stat_energy_from: bought, stat_cost: null, ...prices }],
            flow_to: [{ stat_energy_to: sold, stat_compensation: null, ...prices }],
          }
        : {
            stat_energy_from: bought,
            stat_energy_to: sold,
            stat_cost: null,
            ...prices,
            stat_compensation: null,
            entity_energy_price_export: null,
            number_energy_price_export: null,
            stat_rate: power,
          };
    await ha.call('energy/save_prefs', { energy_sources: [{ type: 'grid', ...grid, cost_adjustment_day: 0 }] });
    const { energy_sources } = await ha.call<{ readonly energy_sources: readonly unknown[] }>('energy/validate');
    expect(energy_sources).toEqual([[]]);
  });

  test('disabled ones work when they are enabled, and a number reaches us', async () => {
    const keys = ['poll_interval', 'demand_30min', 'demand_peak_today', 'energy_import_fixed', 'fixed_time'];
    await ha.enable(...keys.map((key) => uniqueId(shop, key)), uniqueId(home, 'energy_import_minute'));
    const ids = [...keys.map((key) => uniqueId(shop, key)), uniqueId(home, 'energy_import_minute')];
    await ha.untilStates((states) => missing(states, ids), 60_000);
    const late = await household.watch(mosquitto.url); // the other one went with the broker
    const halfHour = (): Json => JSON.parse(late.last('broute2mqtt/shop/state/halfhour')?.payload ?? '{}') as Json;
    await bridge.until(() => String(halfHour()['time']).includes('T20:00:00'), 'the mark of 20:00', 120_000);
    const watts = Math.round(Number(halfHour()['import_delta']) * 2000);
    expect(watts).toBeGreaterThan(0);
    await ha.untilStates((states) =>
      ['demand_30min', 'demand_peak_today']
        .map((key) => [key, Number(states.get(uniqueId(shop, key))?.state)] as const)
        .filter(([key, state]) => (key === 'demand_30min' ? state !== watts : !(state >= watts)))
        .map(([key, state]) => `${key} is ${state}, not ${watts}`),
    );
    const states = await ha.states();
    expect(Date.parse(stateOf(states, uniqueId(shop, 'fixed_time')))).toBe(Date.parse('2026-01-15T20:00:00+09:00'));
    expect(String(states.get(uniqueId(shop, 'demand_peak_today'))?.attributes['half_hour_start'])).toMatch(
      /^2026-01-15T/,
    );
    const minute = states.get(uniqueId(home, 'energy_import_minute'));
    expect(Math.abs(Number(minute?.state) - (truth(stick)['energy_import'] ?? NaN))).toBeLessThan(0.3);
    expect(String(minute?.attributes['minute'])).toMatch(/^2026-06-21T08:\d\d:00\+09:00$/);

    expect(stateOf(states, uniqueId(shop, 'poll_interval'))).toBe('60');
    await ha.set(uniqueId(shop, 'poll_interval'), 2);
    await ha.untilStates((all) => (stateOf(all, uniqueId(shop, 'poll_interval')) === '2' ? [] : ['not in force']));
    const count = bridge.readings('shop');
    await bridge.until(() => bridge.readings('shop') > count + 3, 'readings at the new pace', 20_000);
    await expect(ha.set(uniqueId(shop, 'poll_interval'), 1)).rejects.toThrow(); // which its log says
  });

  test('it never showed a figure that the meter did not give', async () => {
    const told = new Set(stick.truth().flatMap(({ epc, edt }) => (epc === 'E7' ? [edt.readInt32BE()] : [])));
    const id = 'sensor.smart_meter_power';
    const [history = []] = (await ha.get(
      `/api/history/period/2026-01-01T00:00:00+09:00?filter_entity_id=${id}&end_time=2099-01-01T00:00:00Z&no_attributes`,
    )) as readonly (readonly Json[])[];
    const figures = history.map(({ state }) => String(state)).filter((state) => /\d/.test(state));
    expect(figures.length).toBeGreaterThan(5);
    expect(figures.filter((state) => !told.has(Number(state)))).toEqual([]);
    const refused = 'Value 1.0 for number.smart_meter_shop_poll_interval is outside valid range 2.0 - 3600.0';
    const complaints = ha.complaints().filter((line) => !line.includes('mqtt.client') && !line.includes(refused));
    expect(complaints).toEqual([]);
  });
});
