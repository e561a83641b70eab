import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeDayHistory, decodeSlotHistory, HISTORY2 } from '../../src/echonet/history.ts';
import type { Bridge } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import { Program } from '../support/program.ts';
import type { Stick } from '../support/stick.ts';
import { StoryClock } from '../support/story-clock.ts';
import { HomeAssistant } from './home-assistant.ts';

type Json = Readonly<Record<string, unknown>>;

/** What Home Assistant has of an hour, or of five minutes, of a statistic. */
interface Row {
  readonly start: number;
  readonly state: number;
  readonly sum: number;
  readonly change: number;
}

const versions = ['2025.4.4', '2026.11.0'] as const;
const HOUR_MS = 3_600_000;
const at = (time: string): number => Date.parse(`2026-01-15T${time}+09:00`);
const [NOON, BACK] = [at('12:00:00'), at('16:00:00')];
/** Energy bought: the one's meter tells on while Home Assistant is away, the other's stick is out. */
const [home, shop] = ['sensor.smart_meter_energy_import', 'sensor.smart_meter_shop_energy_import'] as const;
const ids = [home, shop] as const;
const FILLED = 'hours that Home Assistant missed are in its statistics now';

describe.each(versions)('Home Assistant %s that was away for four hours', (version) => {
  const household = new Household();
  let clock: StoryClock;
  let ha: HomeAssistant;
  let bridge: Bridge;
  let sticks: Readonly<Record<(typeof ids)[number], Stick>>;
  /** Rows as Home Assistant made them. */
  let hours: Readonly<Record<string, readonly Row[]>>;
  let slots: Readonly<Record<string, readonly Row[]>>;

  const rows = async (period: 'hour' | '5minute'): Promise<Readonly<Record<string, readonly Row[]>>> => {
    const found = await ha.call<Readonly<Record<string, readonly Row[]>>>('recorder/statistics_during_period', {
      start_time: '2026-01-15T00:00:00+09:00',
      end_time: '2026-01-15T17:00:00+09:00',
      statistic_ids: ids,
      period,
      types: ['state', 'sum', 'change'],
    });
    return Object.fromEntries(
      ids.map((id) => [id, (found[id] ?? []).map(({ start, state, sum, change }) => ({ start, state, sum, change }))]),
    );
  };
  const untilHour = (start: number): Promise<void> =>
    expect
      .poll(
        async () => Object.values(await rows('hour')).filter((all) => all.some((row) => row.start === start)).length,
        {
          timeout: 180_000,
          interval: 500,
        },
      )
      .toBe(ids.length);

  const configure = async (homeAssistant: Json): Promise<void> => {
    const settings = JSON.parse(await readFile(bridge.configFile, 'utf8')) as { readonly home_assistant?: Json };
    const home_assistant = { ...settings.home_assistant, ...homeAssistant };
    await writeFile(bridge.configFile, JSON.stringify({ ...settings, home_assistant }));
  };

  const run = async (...args: string[]): Promise<string> => {
    const env = { NODE_OPTIONS: `--import ${clock.ofPrograms}`, BROUTE2MQTT_LANGUAGE: 'en' };
    const program = household.keep(Program.cli(['history', 'import', '--config', bridge.configFile, ...args], { env }));
    const code = await program.ended;
    expect([code, program.stderr.replace(/^hours[^:]*: \d+.*\n|^nothing.*\n/, '')]).toEqual([0, '']);
    return program.stdout + program.stderr;
  };

  /** The register at a full hour by the meter's own memory, kWh. */
  const registers = (stick: Stick): ReadonlyMap<number, number> => {
    const known = new Map<number, number>();
    const put = (ms: number, raw: number | undefined): void => void (raw !== undefined && known.set(ms, raw / 10));
    for (const { epc, edt } of stick.truth()) {
      const day = epc === 'E2' ? decodeDayHistory(edt) : undefined;
      if (day?.day === 0) day.values.forEach((raw, i) => put(at('00:00:00') + (i * HOUR_MS) / 2, raw));
      const told = epc === 'EC' ? decodeSlotHistory(HISTORY2, edt) : undefined;
      told?.values.forEach(({ normal }, i) => put((told.atMs ?? 0) - (i * HOUR_MS) / 2, normal));
    }
    return known;
  };

  beforeAll(async () => {
    await HomeAssistant.install(version);
    clock = household.keep(await StoryClock.create('2026-01-15T12:58:40+09:00'));
    const mosquitto = await household.broker();
    ha = household.keep(await HomeAssistant.create(version, mosquitto.port, clock));
    const clockModule = clock.ofMeters;
    sticks = {
      [home]: await household.stick({ args: ['--edition', 'dse'], clockModule }),
      [shop]: await household.stick({ args: ['--edition', 'dse', '--seed', '3'], clockModule }),
    };
    bridge = await household.bridge({
      broker: mosquitto.url,
      meters: [
        { id: 'home', device: sticks[home].path },
        { id: 'shop', device: sticks[shop].path },
      ],
      env: { NODE_OPTIONS: `--import ${clock.ofPrograms}` },
    });
    await ha.start();
  });
  afterAll(async () => {
    await household[Symbol.asyncDispose]();
  });

  test('it makes rows that stand still, or none where the meter was unavailable, and one with all of the energy', async () => {
    await untilHour(NOON);
    sticks[shop].freeze();
    const unavailable = async (): Promise<unknown> => (await ha.states()).get('broute2mqtt_shop_energy_import')?.state;
    await expect.poll(unavailable, { timeout: 60_000 }).toBe('unavailable');
    const token = await ha.longLivedToken();
    await ha.stop();
    await bridge.end();
    await clock.set('2026-01-15T16:58:30+09:00');
    await configure({ url: ha.url, token, import_statistics: 'off' });
    sticks[shop].thaw();
    await ha.start();
    bridge.restart();
    await untilHour(BACK);
    [hours, slots] = [await rows('hour'), await rows('5minute')];
    const startsOf = (id: string): number[] => (hours[id] ?? []).map(({ start }) => (start - NOON) / HOUR_MS);
    expect(startsOf(home)).toEqual([0, 1, 2, 3, 4]);
    expect(startsOf(shop)).toEqual([0, 1, 4]); // at 13:00 it was still there
    expect(hours[home]?.slice(1, 4).map(({ change }) => change)).toEqual([0, 0, 0]);
    for (const id of ids) expect(hours[id]?.at(-1)?.change).toBeGreaterThan(0.5);
    process.stdout.write(await run('--dry-run'));
    expect(await rows('hour')).toEqual(hours);
  });

  const expectFilled = async (): Promise<void> => {
    const filled = await rows('hour');
    for (const id of ids) {
      const truth = registers(sticks[id]);
      const of = (ms: number): number => truth.get(ms) ?? Number.NaN;
      const changes = new Map(filled[id]?.map(({ start, change }) => [start, change]));
      for (const start of [1, 2, 3].map((hour) => NOON + hour * HOUR_MS))
        expect(changes.get(start), `${id} ${start}`).toBeCloseTo(of(start + HOUR_MS) - of(start), 6);
      const [was, is] = [hours[id]?.at(-1), filled[id]?.at(-1)];
      expect(is).toMatchObject({ start: BACK, state: was?.state, sum: was?.sum });
      expect(is?.change).toBeCloseTo((was?.state ?? 0) - of(BACK), 6);
      const total = filled[id]?.reduce((sum, { change }) => sum + change, 0);
      expect(total).toBeCloseTo(was?.sum ?? Number.NaN, 6);
    }
    expect(await rows('5minute')).toEqual(slots);
  };

  test('the bridge fills the hours from the meter’s memory by itself: each with its energy, the total as it was', async () => {
    await bridge.end();
    await configure({ import_statistics: 'on' });
    bridge.restart();
    await bridge.until(
      () => bridge.lines.filter(({ msg }) => msg === FILLED).length === ids.length,
      'both filled',
      280_000,
    );
    await expectFilled();
    expect(await run()).toContain('nothing to import');
    await expectFilled();
  });

  test('undone without a trace, and written again when asked for', async () => {
    process.stdout.write(await run('--undo'));
    const [given, now] = [await rows('hour'), await rows('5minute')];
    expect(given[home]).toEqual(hours[home]);
    expect(now).toEqual(slots);
    // the old one cannot take rows out: where there was none, one stays that shows nothing, as none does
    const isOld = version === '2025.4.4';
    const empty = given[shop]?.filter(({ start }) => !hours[shop]?.some((row) => row.start === start));
    expect(empty?.map(({ change }) => change)).toEqual(isOld ? [0, 0] : []);
    expect(given[shop]?.filter((row) => !empty?.includes(row))).toEqual(hours[shop]);
    expect(await run('--undo')).toContain('nothing to undo');
    await run();
    await expectFilled();
  });

  test('the Energy dashboard takes them, and nothing in the log complains of us', async () => {
    const prices = { entity_energy_price: null, number_energy_price: null };
    const grid =
      version === '2025.4.4'
        ? { flow_from: [{ stat_energy_from: home, stat_cost: null, ...prices }], flow_to: [] }
        : {
            stat_energy_from: home,
            stat_energy_to: null,
            stat_cost: null,
            ...prices,
            stat_compensation: null,
            entity_energy_price_export: null,
            number_energy_price_export: null,
          };
    await ha.call('energy/save_prefs', { energy_sources: [{ type: 'grid', ...grid, cost_adjustment_day: 0 }] });
    expect(await ha.call('energy/validate')).toMatchObject({ energy_sources: [[]] });
    const objections = await ha.call<Json>('recorder/validate_statistics');
    expect(Object.keys(objections).filter((id) => id.includes('smart_meter'))).toEqual([]);
    expect(ha.complaints().filter((line) => !line.includes('mqtt.client'))).toEqual([]);
  });
});
