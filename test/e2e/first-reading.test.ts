import { expect, test } from 'vitest';
import { linkStates, readingsOf } from '../support/bridge.ts';
import type { Published } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { Truth } from '../support/stick.ts';

interface House {
  readonly title: string;
  readonly args: readonly string[];
  readonly meterClock?: string;
  /** Power of ten of the registers' unit, in kWh, and the coefficient beside it. */
  readonly exponent: number;
  readonly coefficient?: number;
  readonly exports?: true;
}

const midday = '2026-06-21T12:00:00+09:00';
const night = '2026-01-15T19:40:00+09:00';

const houses: readonly House[] = [
  {
    title: 'DSE, binary, selling at midday',
    args: ['--edition', 'dse', '--payload', 'binary', '--solar'],
    meterClock: midday,
    exponent: -1,
    exports: true,
  },
  {
    title: 'DSE, ASCII, registers of 0.01 kWh',
    args: ['--edition', 'dse', '--payload', 'ascii', '--unit', '02', '--generation', '2'],
    meterClock: night,
    exponent: -2,
  },
  {
    title: 'SE, binary, single-phase two-wire',
    args: ['--edition', 'se', '--payload', 'binary', '--two-wire'],
    exponent: -1,
  },
  {
    title: 'SE, ASCII, selling at midday, with a coefficient',
    args: ['--edition', 'se', '--payload', 'ascii', '--solar', '--coefficient', '3', '--unit', '03', '--seed', '7'],
    meterClock: midday,
    exponent: -3,
    coefficient: 3,
    exports: true,
  },
  {
    title: 'J11, selling at midday',
    args: ['--edition', 'j11', '--solar'],
    meterClock: midday,
    exponent: -1,
    exports: true,
  },
];

const edts = (truth: readonly Truth[], epc: string): Buffer[] =>
  truth.filter((answered) => answered.epc === epc).map(({ edt }) => edt);

const NO_CURRENT = 0x7ffe;

/** What an answer with E7 and E8 means: W, and A in steps of 0.1. */
function instants(truth: readonly Truth[]): object[] {
  const currents = edts(truth, 'E8');
  return edts(truth, 'E7').map((power, i) => {
    const [r, t] = [currents[i]?.readInt16BE(0) ?? NaN, currents[i]?.readInt16BE(2) ?? NaN];
    return { power: power.readInt32BE(), current_r: r / 10, ...(t === NO_CURRENT ? {} : { current_t: t / 10 }) };
  });
}

const registers = (truth: readonly Truth[], epc: string, { exponent, coefficient = 1 }: House): number[] =>
  edts(truth, epc).map((edt) => Number((edt.readUInt32BE() * coefficient * 10 ** exponent).toFixed(-exponent)));

const values = (readings: readonly Published[], key: 'import' | 'export'): number[] =>
  readings.flatMap((reading) => reading[key] ?? []);

test.concurrent.for(houses.map((house) => [house.title, house] as const))(
  '%s: from the scan to the first readings, true to the last digit',
  async ([, house]) => {
    await using home = new Household();
    const broker = await home.broker();
    const watcher = await home.watch(broker.url);
    const { args, meterClock } = house;
    const stick = await home.stick({ args, ...(meterClock === undefined ? {} : { meterClock }) });
    const beganS = Math.floor(Date.now() / 1000);
    const bridge = await home.bridge({ broker: broker.url, meters: [{ device: stick.path }] });
    const enough = (): boolean => {
      const readings = readingsOf(watcher);
      return readings.length >= 8 && values(readings, 'import').length >= 2;
    };
    await bridge.until(enough, 'eight readings, two of them with registers', 60_000);

    expect(bridge.phases()).toEqual(['opening', 'scanning', 'joining', 'connected']);
    const states = linkStates(watcher);
    expect(states).toEqual(['opening', 'scanning', 'joining', 'connected'].slice(-states.length));
    expect(states.length).toBeGreaterThan(1);

    const readings = readingsOf(watcher);
    const truth = stick.truth(); // after the readings: what is published was answered before
    const instantReadings = readings.filter(({ power }) => power !== undefined);
    const shown = instantReadings.map(({ power, current_r: r, current_t: t }) => ({
      power,
      current_r: r,
      ...(t === undefined ? {} : { current_t: t }),
    }));
    expect(shown).toEqual(instants(truth).slice(0, shown.length));
    const [bought, sold] = [values(readings, 'import'), values(readings, 'export')];
    expect(bought).toEqual(registers(truth, 'E0', house).slice(0, bought.length));
    expect(sold).toEqual(registers(truth, 'E3', house).slice(0, sold.length));
    expect(sold.length).toBeGreaterThan(0);
    expect(readings.map(({ seq }) => seq)).toEqual(readings.map((_, i) => i + 1));
    const [run = NaN, ...others] = new Set(readings.map(({ run: number }) => number));
    expect(others).toEqual([]);
    expect(run).toBeGreaterThanOrEqual(beganS); // no count on disk yet: the clock's seconds
    expect(run).toBeLessThanOrEqual(Date.now() / 1000);
    if (house.exports) {
      expect(shown.every(({ power, current_r: r, current_t: t }) => [power, r, t].every((x) => Number(x) < 0))).toBe(
        true,
      );
    }
    if (args.includes('--two-wire')) expect(shown.some((reading) => 'current_t' in reading)).toBe(false);

    const late = await home.watch(broker.url); // Home Assistant, started now
    const document = await bridge.until(() => late.last('homeassistant/device/broute2mqtt_home/config'), 'discovery');
    const { components } = JSON.parse(document.payload) as { components: Record<string, unknown> };
    const names = Object.keys(components);
    expect(names).toEqual(expect.arrayContaining(['power', 'current_r', 'energy_import', 'link_state']));
    expect(names.includes('current_t')).toBe(!args.includes('--two-wire'));
    for (const topic of ['bridge/availability', 'meter/availability'])
      await bridge.until(() => late.last(`broute2mqtt/home/${topic}`)?.payload === 'online', topic);
  },
);
