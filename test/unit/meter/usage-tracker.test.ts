import { beforeEach, describe, expect, test } from 'vitest';
import { HalfHourArchive } from '../../../src/archive/half-hour-archive.ts';
import { UsageTracker } from '../../../src/meter/usage-tracker.ts';
import type { Usage } from '../../../src/model/usage.ts';
import { logLines } from '../../support/log-lines.ts';

const jst = (text: string): number => Date.parse(`${text}:00+09:00`);
const MINUTE = 60_000;
const HALF_HOUR = 30 * MINUTE;
/** Our monotonic clock has nothing to do with any other. */
const BOOT_MS = jst('2026-01-15T00:00') - 7_654_321;

let archive: HalfHourArchive;
let tracker: UsageTracker;
beforeEach(async () => {
  archive = await HalfHourArchive.open(undefined, logLines().log);
  tracker = new UsageTracker({ intervalS: 10, energyIntervalS: 60 }, archive);
});

/** A house with a register of 0.1 kWh, whose meter's clock may differ from ours. */
class House {
  readonly meter: string;
  readonly aheadMs: number;
  step = 0.1;
  kwh: number;
  nowMs: number;
  usage: Usage = { atMs: 0 };

  constructor(at: string, { kwh = 1000.04, aheadMs = 0, meter = 'A' } = {}) {
    this.nowMs = jst(at);
    this.kwh = kwh;
    this.aheadMs = aheadMs;
    this.meter = meter;
    tracker.ofMeter(meter);
    tracker.compared(aheadMs, this.moment);
  }

  /** By our clocks; `nowMs` is the meter's time. */
  get moment(): { atMs: number; monotonicMs: number } {
    return { atMs: this.nowMs - this.aheadMs, monotonicMs: this.nowMs - BOOT_MS };
  }

  get shown(): number {
    return Number((Math.floor(this.kwh / this.step + 1e-9) * this.step).toFixed(4));
  }

  /** The meter tells the mark of the running half hour. */
  mark(): this {
    const markMs = Math.floor(this.nowMs / HALF_HOUR) * HALF_HOUR;
    archive.add(this.meter, { markMs, importKwh: this.shown, exportKwh: 5 });
    tracker.marked(markMs, this.moment);
    return this;
  }

  answer(measured: object): Usage {
    return (this.usage = tracker.accept({ measured, stepKwh: this.step, ...this.moment }));
  }

  /** Time passes at this power; power is asked for every 10 s and the register with it once a minute. */
  run(minutes: number, watts: number, asks: 'both' | 'register' | 'nothing' = 'both'): Usage {
    for (let s = 10; s <= minutes * 60; s += 10) {
      this.nowMs += 10_000;
      this.kwh += (watts * 10) / 3.6e6;
      if (this.nowMs % HALF_HOUR === 0) this.mark();
      const register = this.nowMs % MINUTE === 0 ? { importKwh: this.shown, exportKwh: 5 } : {};
      if (asks === 'both') this.answer({ powerW: watts, ...register });
      if (asks === 'register' && this.nowMs % MINUTE === 0) this.answer(register);
    }
    return this.usage;
  }
}

describe('the running half hour', () => {
  test('its average follows what was bought, whatever the register’s step', () => {
    const house = new House('2026-01-15T12:00').mark();
    house.answer({ powerW: 300, importKwh: house.shown });
    expect(house.run(10, 300).demandNowW).toBeCloseTo(300, -1);
    const { demandNowW, demandForecastW, halfHourMs } = house.run(10, 900);
    expect(halfHourMs).toBe(jst('2026-01-15T12:00'));
    expect(demandNowW).toBeGreaterThan(590);
    expect(demandNowW).toBeLessThan(610);
    expect(demandForecastW).toBeGreaterThan(690); // (300 + 900 + 900) / 3
    expect(demandForecastW).toBeLessThan(710);
  });

  test.each(['both', 'register'] as const)('a mark that cannot be true says nothing (asked: %s)', (asks) => {
    const house = new House('2026-01-15T12:00');
    const markMs = house.nowMs;
    archive.add(house.meter, { markMs, importKwh: house.shown - 20, exportKwh: 5 });
    tracker.marked(markMs, house.moment);
    house.answer({ importKwh: house.shown, ...(asks === 'both' && { powerW: 1000 }) });
    const { halfHourMs, demandNowW } = house.run(1, 1000, asks);
    expect(halfHourMs).toBe(markMs);
    if (asks === 'both') expect(demandNowW).toBeCloseTo(1000, -2);
    else expect(demandNowW).toBeUndefined();
  });

  test('a register that fell beneath its mark by less than what may pass says nothing of the first minutes', () => {
    const house = new House('2026-01-15T12:00');
    house.answer({ powerW: 270, importKwh: house.shown });
    archive.add(house.meter, { markMs: house.nowMs, importKwh: Number((house.shown - 0.6).toFixed(1)), exportKwh: 5 });
    tracker.marked(house.nowMs, house.moment);
    for (let s = 10; s <= 300; s += 10) {
      house.nowMs += 10_000;
      expect(house.answer({ powerW: 270 }).demandNowW).toBeCloseTo(270, -1); // what is read now is held back
    }
  });

  test('while the register is held back, power alone tells', () => {
    const house = new House('2026-01-15T12:00');
    house.answer({ powerW: 190, importKwh: house.shown });
    archive.add(house.meter, { markMs: house.nowMs, importKwh: Number((house.shown - 0.2).toFixed(1)), exportKwh: 5 });
    tracker.marked(house.nowMs, house.moment);
    tracker.held();
    for (let s = 10; s <= 300; s += 10) {
      house.nowMs += 10_000;
      expect(house.answer({ powerW: 190 }).demandNowW).toBeCloseTo(190, -1);
    }
  });

  test('begins anew at the meter’s mark, before the mark is told and after', () => {
    const house = new House('2026-01-15T12:20').mark();
    house.run(9, 3000);
    house.nowMs += 50_000;
    house.kwh += (3000 * 50) / 3.6e6;
    house.answer({ powerW: 3000 });
    house.nowMs += 30_000; // over the mark; nobody has told it
    house.kwh += (3000 * 30) / 3.6e6;
    const { halfHourMs, demandNowW } = house.answer({ powerW: 3000 });
    expect([halfHourMs, demandNowW]).toEqual([jst('2026-01-15T12:30'), 3000]);
    for (let i = 0; i < 10; i++) {
      house.nowMs += 10_000;
      house.answer({ powerW: 0 });
    }
    expect(house.usage.demandNowW).toBeLessThan(700);
  });

  test('what is sold counts as nothing bought', () => {
    const house = new House('2026-01-15T12:00').mark();
    house.answer({ powerW: -2000, importKwh: house.shown });
    for (let s = 0; s < 300; s += 10) {
      house.nowMs += 10_000;
      house.answer({ powerW: -2000 });
    }
    expect(house.usage).toMatchObject({ demandNowW: 0, demandForecastW: 0 });
  });

  test('a register that moved further than the samples show is believed', () => {
    const house = new House('2026-01-15T12:00').mark();
    house.answer({ powerW: 100, importKwh: house.shown });
    for (let s = 10; s <= 600; s += 10) {
      house.nowMs += 10_000;
      house.kwh += (3000 * 10) / 3.6e6; // a kettle that is always off when we ask
      house.answer({ powerW: 100, importKwh: house.shown });
    }
    expect(house.usage.demandNowW).toBeGreaterThan(2000);
  });

  test('is unknown while the meter’s time is, and until enough of it is known', () => {
    tracker.accept({ measured: { powerW: 1 }, stepKwh: 0.1, atMs: 0, monotonicMs: 0 });
    const house = new House('2026-01-15T12:10', { kwh: 1000.24 });
    archive.add('A', { markMs: jst('2026-01-15T12:00'), importKwh: 1000 });
    expect(house.answer({ powerW: 500, importKwh: house.shown }).demandNowW).toBeUndefined();
    house.step = 0.001;
    house.kwh += 0.1;
    const { demandNowW } = house.answer({ powerW: 500, importKwh: house.shown });
    expect(demandNowW).toBeCloseTo(2040, -1); // 0.34 kWh in ten minutes
  });

  test('over an outage the samples are not joined: the registers tell, where they are exact enough', () => {
    const house = new House('2026-01-15T12:00').mark();
    house.run(5, 2000);
    house.run(10, 6000, 'nothing');
    const { demandNowW } = house.run(1, 6000);
    expect(demandNowW).toBeGreaterThan(4300); // 2000 for 5, 6000 for 11 minutes: 4750
    expect(demandNowW).toBeLessThan(5200);
  });

  test('a pace too slow for samples leaves the registers, and no forecast', () => {
    const house = new House('2026-01-15T12:00').mark();
    house.run(20, 5000, 'register');
    const { demandNowW, demandForecastW } = house.answer({ powerW: 5000, importKwh: house.shown });
    expect(demandNowW).toBeGreaterThan(4600);
    expect(demandNowW).toBeLessThan(5400);
    expect(demandForecastW).toBeUndefined();
  });

  test('another meter’s mark says nothing of this one’s register', () => {
    archive.add('B', { markMs: jst('2026-01-15T12:00'), importKwh: 3 });
    const house = new House('2026-01-15T12:29', { kwh: 9000 });
    house.step = 0.001;
    expect(house.answer({ powerW: 100, importKwh: house.shown }).demandNowW).toBeUndefined();
  });
});

describe('the meter’s time', () => {
  test('counts, however wrong ours is', () => {
    const house = new House('2026-01-15T12:00', { aheadMs: 47 * MINUTE }).mark();
    house.answer({ powerW: 600, importKwh: house.shown });
    const usage = house.run(12, 600);
    expect(usage.halfHourMs).toBe(jst('2026-01-15T12:00'));
    expect(usage.dayMs).toBe(jst('2026-01-15T00:00'));
    expect(usage.demandNowW).toBeCloseTo(600, -1);
  });

  test('after our clock was set it is unknown until the meter is asked again', () => {
    const house = new House('2026-01-15T12:00').mark();
    house.run(5, 600);
    const set = { ...house.moment, atMs: house.moment.atMs + 3 * 3_600_000 };
    const asked = { measured: { powerW: 600 }, stepKwh: 0.1 };
    expect(tracker.accept({ ...asked, ...set })).toEqual({ atMs: set.atMs });
    tracker.compared(-3 * 3_600_000, set);
    expect(tracker.accept({ ...asked, ...set }).halfHourMs).toBe(jst('2026-01-15T12:00'));
  });

  test('a mark that fits our clock speaks for it; one that does not says nothing', () => {
    const at = (text: string): { atMs: number; monotonicMs: number } => ({ atMs: jst(text), monotonicMs: 1000 });
    const asked = { measured: { powerW: 600 }, stepKwh: 0.1 };
    tracker.marked(jst('2026-01-15T12:00'), at('2026-01-15T15:00'));
    expect(tracker.accept({ ...asked, ...at('2026-01-15T15:00') }).halfHourMs).toBeUndefined();
    tracker.marked(jst('2026-01-15T12:00'), at('2026-01-15T12:02'));
    expect(tracker.accept({ ...asked, ...at('2026-01-15T12:02') }).halfHourMs).toBe(jst('2026-01-15T12:00'));
  });
});

describe('half hours that are over', () => {
  const registers = (from: string, ...kwh: readonly (number | undefined)[]): void => {
    for (const [index, importKwh] of kwh.entries())
      if (importKwh !== undefined) archive.add('A', { markMs: jst(from) + index * HALF_HOUR, importKwh, exportKwh: 5 });
  };

  test('the last one’s average and the peaks come from adjacent marks, with their times', () => {
    registers('2026-01-14T23:00', 90, 99, 99.9, 100.1, undefined, 105, 105.5, 106);
    const { demand30minW, peakToday, peakMonth } = new House('2026-01-15T02:35').answer({ powerW: 1 });
    expect(demand30minW).toBe(1000);
    expect(peakToday).toEqual({ watts: 1000, startMs: jst('2026-01-15T01:30') });
    expect(peakMonth).toEqual({ watts: 18_000, startMs: jst('2026-01-14T23:00') });
  });

  test('while the newest mark is awaited, the one before is the last; later none is', () => {
    registers('2026-01-15T01:00', 100, 101);
    expect(new House('2026-01-15T01:31').answer({ powerW: 1 }).demand30minW).toBe(2000);
    expect(new House('2026-01-15T02:04').answer({ powerW: 1 }).demand30minW).toBe(2000);
    expect(new House('2026-01-15T02:31').answer({ powerW: 1 }).demand30minW).toBeUndefined();
  });

  test('a new day and a new month begin without a peak, and what is read from the memory is noticed', () => {
    registers('2026-01-31T23:00', 100, 104, 105);
    const house = new House('2026-02-01T00:10');
    const { peakToday, peakMonth } = house.answer({ powerW: 1 });
    expect([peakToday, peakMonth]).toEqual([undefined, undefined]);
    registers('2026-02-01T00:30', 107);
    house.run(20, 0);
    expect(house.usage.peakMonth).toEqual({ watts: 4000, startMs: jst('2026-02-01T00:00') });
  });

  test('an exchanged meter is no demand', () => {
    registers('2026-01-15T01:00', 100);
    archive.add('B', { markMs: jst('2026-01-15T01:30'), importKwh: 4000 });
    const usage = new House('2026-01-15T01:40', { meter: 'B' }).answer({ powerW: 1 });
    expect(usage.demand30minW).toBeUndefined();
    expect(usage.peakToday).toBeUndefined();
  });
});

describe('today’s energy', () => {
  const midnight = (kwh: number, meter = 'A'): void =>
    archive.add(meter, { markMs: jst('2026-01-15T00:00'), importKwh: kwh, exportKwh: 2 });

  test('is the register less midnight’s, known as soon as midnight’s is', () => {
    const house = new House('2026-01-15T12:10');
    const registers = { importKwh: 1000.3, exportKwh: 2.2 };
    expect(house.answer(registers).importTodayKwh).toBeUndefined();
    midnight(995.1);
    expect(house.answer(registers)).toMatchObject({
      dayMs: jst('2026-01-15T00:00'),
      importTodayKwh: 5.2,
      exportTodayKwh: 0.2,
    });
    expect(house.answer({ powerW: 1 }).importTodayKwh).toBe(5.2);
  });

  test('begins anew at midnight, once its mark is told', () => {
    midnight(999);
    const house = new House('2026-01-15T23:50', { kwh: 1010.04 });
    expect(house.run(9, 600).importTodayKwh).toBeCloseTo(11.1);
    house.nowMs += 90_000;
    expect(house.answer({ powerW: 600, importKwh: house.shown }).importTodayKwh).toBeUndefined();
    house.mark();
    expect(house.answer({ powerW: 600 })).toMatchObject({ dayMs: jst('2026-01-16T00:00'), importTodayKwh: 0 });
  });

  test('never from a register that is too old', () => {
    midnight(995);
    const house = new House('2026-01-15T12:10');
    house.answer({ importKwh: 1000 });
    house.nowMs += 185_001;
    expect(house.answer({ powerW: 1 }).importTodayKwh).toBeUndefined();
    tracker.pace(120);
    house.answer({ importKwh: 1000 });
    house.nowMs += 185_001;
    expect(house.answer({ powerW: 1 }).importTodayKwh).toBe(5);
  });

  test('is unknown for the rest of a day in which the meter was exchanged or its register fell', () => {
    midnight(995);
    archive.add('A', { markMs: jst('2026-01-15T11:30'), importKwh: 999 });
    const house = new House('2026-01-15T12:10');
    house.answer({ importKwh: 1000 });
    expect(house.answer({ importKwh: 998 }).importTodayKwh).toBeUndefined();
    const next = new House('2026-01-15T12:20', { meter: 'B' });
    expect(next.answer({ importKwh: 4000 }).importTodayKwh).toBeUndefined();
    archive.add('B', { markMs: jst('2026-01-15T12:30'), importKwh: 4001 });
    next.nowMs += 20 * MINUTE;
    expect(next.answer({ importKwh: 4002 }).importTodayKwh).toBeUndefined();
  });

  test('a register that fell and rose again beyond midnight’s makes no day', () => {
    midnight(10);
    archive.add('A', { markMs: jst('2026-01-15T01:00'), importKwh: 2 });
    const house = new House('2026-01-15T12:10');
    expect(house.answer({ importKwh: 12 }).importTodayKwh).toBeUndefined();
  });
});
