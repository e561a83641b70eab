import { describe, expect, test } from 'vitest';
import { Agenda } from '../../../src/sinks/agenda.ts';
import { LinkState } from '../../../src/sinks/link-state.ts';
import { LiveValues } from '../../../src/sinks/live-values.ts';
import { status } from '../../support/sink-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('live values', () => {
  const make = (): LiveValues => {
    const values = new LiveValues({ contractAmpere: 40, instantMs: 35_000, energyMs: 185_000 });
    values.learn(false, { coefficient: 1, exponent: -1, digits: 6 });
    return values;
  };
  const parse = (json: string | undefined): unknown => (json === undefined ? undefined : JSON.parse(json));

  test('unchanged registers are repeated only every five minutes', () => {
    const values = make();
    const sent = [0, 60, 120, 299, 300, 360].map((s) => values.take({ atMs: s, importKwh: 5 }, s * 1000).energy);
    expect(sent.map((json) => json !== undefined)).toEqual([true, false, false, false, true, false]);
    expect(parse(values.take({ atMs: 361, importKwh: 5.1 }, 361_000).energy)).toMatchObject({ import: 5.1 });
  });
  test('a register that is answered no more becomes unknown, not old', () => {
    const values = make();
    values.take({ atMs: 0, importKwh: 5, exportKwh: 1 }, 0);
    expect(values.take({ atMs: 1, importKwh: 5 }, 180_000).energy).toBeUndefined();
    expect(parse(values.take({ atMs: 2, powerW: 1 }, 190_000).energy)).toMatchObject({ import: 5, export: null });
  });
  test('registers that aged while there was no broker are taken back with the next connection', () => {
    const values = make();
    expect(values.energy(0)).toBeUndefined();
    values.take({ atMs: 0, importKwh: 5, exportKwh: 1 }, 0);
    values.take({ atMs: 1, powerW: 1 }, 3_600_000); // nobody heard this: the broker still keeps 5 kWh
    expect(parse(values.energy(3_600_001))).toMatchObject({ import: null, export: null });
  });
  test('the first answer without registers says that they are unknown: the broker may keep those of an earlier run', () => {
    const values = make();
    expect(parse(values.take({ atMs: 0, powerW: 1 }, 0).energy)).toMatchObject({
      import: null,
      export: null,
      fault: null,
    });
    expect(values.take({ atMs: 1, powerW: 1 }, 10_000).energy).toBeUndefined();
    expect(parse(values.take({ atMs: 2, importKwh: 5 }, 11_000).energy)).toMatchObject({ import: 5 });
  });
  test('an old power is taken back when the meter answers without one', () => {
    const values = make();
    values.take({ atMs: 0, powerW: 5, currentRA: 10 }, 0);
    expect(parse(values.instant(35_000))).toMatchObject({ power: 5, headroom: 30, over_contract: 'OFF' });
    expect(values.instant(35_001)).toBeUndefined();
    expect(values.take({ atMs: 1, importKwh: 5 }, 30_000).instant).toBeUndefined();
    expect(parse(values.take({ atMs: 1, importKwh: 5 }, 36_000).instant)).toMatchObject({
      power: null,
      headroom: null,
    });
    expect(values.take({ atMs: 1, importKwh: 5 }, 37_000).instant).toBeUndefined();
  });
});

test('link state: phases at once, figures once a minute', async () => {
  const clock = new VirtualClock();
  const agenda = new Agenda(clock);
  const stop = new AbortController();
  const running = agenda.run(stop.signal).catch(() => undefined);
  const sent: unknown[] = [];
  const state = new LinkState(clock, agenda, (text) => {
    const { state: phase, lqi } = JSON.parse(text) as { state: string; lqi: number | null };
    sent.push([clock.monotonicMs() / 1000, phase, lqi]);
  });
  state.take(status('joining'), false);
  state.take(status('connected'), true); // a warm start: nothing was scanned, nothing heard yet
  state.take(status('connected', { lqi: 1 }), true);
  for (let second = 1; second <= 130; second++) {
    await clock.advance(1000);
    state.take(status(second === 70 ? 'paused' : 'connected', { lqi: second }), true);
  }
  expect(sent).toEqual([
    [0, 'connected', null],
    [0, 'connected', 1],
    [60, 'connected', 59],
    [70, 'paused', 70],
    [71, 'connected', 71],
  ]);
  stop.abort();
  await running;
});
