import { array, assert, constantFrom, double, integer, oneof, property, record } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { expect, test } from 'vitest';
import { EnergyGuard, mostKw } from '../../../src/meter/energy-guard.ts';
import type { Accepted, RegisterForm, Verdict } from '../../../src/meter/energy-guard.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 15, 3);
/** Six digits in steps of 0.1 kWh; 24 kW at most. */
const form: RegisterForm = { stepKwh: 0.1, modulusKwh: 100_000, mostKw: 24 };

/** A guard with its own two clocks. */
class Bench {
  readonly guard: EnergyGuard;
  #ms = 0;
  wallMs = START;
  constructor(remembered?: Accepted) {
    this.guard = new EnergyGuard(remembered);
  }
  judge(kwh: number, afterMs = MINUTE): Verdict['why'] {
    this.#ms += afterMs;
    this.wallMs += afterMs;
    return this.guard.judge(kwh, this.wallMs, this.#ms, form).why;
  }
}

test('the most a house can draw is twice its contract, 60 A without one, times the coefficient', () => {
  expect([mostKw(undefined, 1), mostKw(40, 1), mostKw(undefined, 10)]).toEqual([24, 16, 240]);
});

test('the first reading ever is right', () => {
  expect(new Bench().judge(12_345.6)).toBe('first');
});

test('growth as fast as the house can draw passes, two steps more too, and standing still', () => {
  const bench = new Bench();
  bench.judge(1000);
  expect([bench.judge(1000), bench.judge(1000.1), bench.judge(1024.3, HOUR)]).toEqual(['growth', 'growth', 'growth']);
});

test('a jump is held back, counted, and forgotten when the register is its old self again', () => {
  const bench = new Bench();
  bench.judge(1000);
  expect(bench.judge(1024.3 + 0.1, HOUR - MINUTE)).toBe('jump');
  expect(bench.judge(1000.5)).toBe('growth');
  expect(bench.guard.heldBack).toBe(1);
  expect(bench.guard.last).toEqual({ kwh: 1000.5, atMs: START + HOUR + MINUTE });
});

test('a glitch to zero and back is never let through', () => {
  const bench = new Bench();
  bench.judge(12_345);
  for (let i = 0; i < 100; i++) {
    expect(bench.judge(0)).toBe('fall');
    expect(bench.judge(0)).toBe('fall');
    expect(bench.judge(12_345)).toBe('growth');
  }
  expect(bench.guard.heldBack).toBe(200);
});

test('a fall is accepted when three readings over five minutes agree', () => {
  const bench = new Bench();
  bench.judge(12_345);
  expect([bench.judge(3), bench.judge(3, 2 * MINUTE), bench.judge(3.1, 3 * MINUTE)]).toEqual([
    'fall',
    'fall',
    'confirmed',
  ]);
  expect(bench.judge(3.2)).toBe('growth');
});

test('two readings over five minutes are not three, and three within four are not five minutes', () => {
  const bench = new Bench();
  bench.judge(12_345);
  expect([bench.judge(3), bench.judge(3, 6 * MINUTE), bench.judge(3, 1)]).toEqual(['fall', 'fall', 'confirmed']);
  const quick = new Bench();
  quick.judge(12_345);
  expect([quick.judge(3), quick.judge(3, 2 * MINUTE), quick.judge(3, 2 * MINUTE)]).toEqual(['fall', 'fall', 'fall']);
});

test('many readings within five minutes confirm when the five minutes are over', () => {
  const bench = new Bench();
  bench.judge(12_345);
  const verdicts = Array.from({ length: 301 }, () => bench.judge(3, 1000));
  expect(verdicts.slice(0, 300).every((why) => why === 'fall')).toBe(true);
  expect(verdicts[300]).toBe('confirmed');
});

test('readings that contradict each other confirm nothing', () => {
  const bench = new Bench();
  bench.judge(12_345);
  for (let i = 0; i < 50; i++) expect(bench.judge(i % 2 ? 3 : 9000)).toBe('fall');
});

test('a roll-over at the register’s digits passes at once', () => {
  const bench = new Bench({ kwh: 99_999.9, atMs: START });
  expect(bench.judge(0.4)).toBe('roll-over');
  expect(bench.judge(0.5)).toBe('growth');
});

test('a fall from below the top hundredth, or to above the bottom one, is no roll-over', () => {
  expect(new Bench({ kwh: 98_999.9, atMs: START }).judge(0.4)).toBe('fall');
  expect(new Bench({ kwh: 99_000, atMs: START }).judge(1000)).toBe('roll-over');
  expect(new Bench({ kwh: 99_000, atMs: START }).judge(1000.1)).toBe('fall');
});

test('another meter’s first reading is right', () => {
  const bench = new Bench({ kwh: 12_345, atMs: START });
  bench.judge(7);
  bench.guard.forget();
  expect(bench.guard.last).toBeUndefined();
  expect(bench.judge(7)).toBe('first');
});

test('a fall among readings held back starts their count anew', () => {
  const bench = new Bench();
  bench.judge(12_345);
  const told = [100, 100, 50, 50, 50].map((kwh) => bench.judge(kwh, 2.5 * MINUTE));
  expect(told).toEqual(['fall', 'fall', 'fall', 'fall', 'confirmed']);
});

test('the register of the minute fits to what two minutes and the time since may have moved, either way', () => {
  const bench = new Bench();
  const fits = (...registers: readonly number[]): boolean[] =>
    registers.map((kwh) => bench.guard.fits(kwh, 2 * MINUTE, form));
  expect(fits(1000)).toEqual([false]); // nothing was accepted yet
  bench.judge(1000);
  // Three minutes at 24 kW, and two steps.
  expect(fits(998.5, 998.6, 1000, 1001.4, 1001.5)).toEqual([false, true, true, true, false]);
  bench.guard.sample(32); // once and a half that may have flowed between two samples
  expect(fits(997.3, 997.4, 1002.6, 1002.7)).toEqual([false, true, true, false]);
});

test('the register of the minute fits to nothing while a reading is held back, or before one of this run', () => {
  const bench = new Bench({ kwh: 1000, atMs: START });
  expect(bench.guard.fits(1000, 0, form)).toBe(false);
  bench.judge(1000);
  expect([bench.guard.fits(1000, MINUTE, form), bench.guard.isHolding]).toEqual([true, false]);
  bench.judge(7);
  expect([bench.guard.fits(1000, MINUTE, form), bench.guard.isHolding]).toEqual([false, true]);
  bench.guard.forget();
  expect([bench.guard.fits(1000, MINUTE, form), bench.guard.isHolding]).toEqual([false, false]);
});

test('over a restart the wall clock says how long we were away', () => {
  const away: Accepted = { kwh: 1000, atMs: START - 24 * HOUR };
  expect(new Bench(away).judge(1500)).toBe('growth');
  expect(new Bench(away).judge(1600)).toBe('jump');
});

for (const [name, wallMs] of [
  ['at 1970', 0],
  ['a day back', START - 48 * HOUR],
] as const) {
  test(`with the clock ${name} after a restart only what stood still passes, and growth after five minutes`, () => {
    const remembered: Accepted = { kwh: 1000, atMs: START - 24 * HOUR };
    const bench = new Bench(remembered);
    bench.wallMs = wallMs;
    expect(bench.judge(1100)).toBe('jump');
    expect(bench.judge(1100.1, 3 * MINUTE)).toBe('jump');
    expect(bench.judge(1100.2, 3 * MINUTE)).toBe('confirmed');
    const still = new Bench(remembered);
    still.wallMs = wallMs;
    expect(still.judge(1000.2)).toBe('growth');
  });
}

test('within a run the wall clock may jump as it likes', () => {
  const bench = new Bench();
  bench.judge(1000);
  bench.wallMs = 0;
  expect(bench.judge(1000.3)).toBe('growth');
  bench.wallMs = START + 10_000 * HOUR;
  expect(bench.judge(2000)).toBe('jump');
});

test('a value remembered from a clock at 1970 does not let every jump through', () => {
  const made = Date.UTC(2025, 0); // no clock that was set said less, since this program exists
  expect([5 * MINUTE, made - 1, made].map((atMs) => new Bench({ kwh: 1000, atMs }).judge(90_000))).toEqual([
    'jump',
    'jump',
    'growth',
  ]);
});

test('what jumps about is never confirmed, however long it lasts', () => {
  const bench = new Bench();
  bench.judge(12_345);
  for (let i = 0; i < 20; i++) expect([bench.judge(100), bench.judge(5000)]).toEqual(['fall', 'fall']);
});

test('agreeing readings that come fast are not confirmed before five minutes are over', () => {
  const bench = new Bench();
  bench.judge(12_345);
  const verdicts = Array.from({ length: 31 }, () => bench.judge(100, 10_000));
  expect(verdicts.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 'fall'));
  expect(verdicts[30]).toBe('confirmed');
});

test('after a confirmation the next fall starts to be counted anew', () => {
  const bench = new Bench();
  bench.judge(12_345);
  expect([0, 1, 2].map(() => bench.judge(100, 3 * MINUTE))).toEqual(['fall', 'fall', 'confirmed']);
  expect([0, 1, 2].map(() => bench.judge(50, 3 * MINUTE))).toEqual(['fall', 'fall', 'confirmed']);
});

test('measured power allows as much as it shows, from the reading it belongs to until the next', () => {
  const bench = new Bench();
  bench.judge(1000);
  bench.guard.sample(60);
  expect(bench.judge(1001)).toBe('growth');
  bench.guard.sample(1);
  expect(bench.judge(1002)).toBe('growth'); // the 60 kW may have lasted until just before the second sample
  expect(bench.judge(1003)).toBe('jump');
});

test('what was not measured is bounded by its two ends and the floor, not by the most ever seen', () => {
  const bench = new Bench();
  bench.guard.sample(60);
  bench.judge(1000);
  bench.guard.sample(10);
  bench.judge(1001);
  expect(bench.judge(1001 + 30, HOUR)).toBe('jump');
  bench.guard.sample(25);
  expect(bench.judge(1001 + 31)).toBe('growth');
});

test('a held register that goes on rising is confirmed whatever its pace', () => {
  const bench = new Bench();
  bench.judge(1000);
  expect([1100, 1300, 1301].map((kwh) => bench.judge(kwh, 2.5 * MINUTE))).toEqual(['jump', 'jump', 'confirmed']);
  expect(bench.guard.isHolding).toBe(false);
});

/** Power in slots of 10 s, kW; negative is sold. */
const household = array(
  record({
    kw: oneof(double({ min: -60, max: 60, noNaN: true }), double({ min: -1, max: 3, noNaN: true })),
    slots: integer({ min: 1, max: 60 }),
  }),
  { minLength: 5, maxLength: 40 },
);

interface Course {
  readonly stretches: readonly { readonly kw: number; readonly slots: number }[];
  /** Samples of power that are lost: every n-th. */
  readonly lossEvery: number;
  readonly stepKwh: number;
}
const course: Arbitrary<Course> = record({
  stretches: household,
  lossEvery: integer({ min: 2, max: 9 }),
  stepKwh: constantFrom(0.0001, 0.01, 0.1, 1),
});

/** Plays a household to a guard of its import register, asked for each minute. @param alter what the meter says instead. */
function play({ stretches, lossEvery, stepKwh }: Course, alter: (kwh: number, at: number) => number = (kwh) => kwh) {
  const guard = new EnergyGuard();
  const shape: RegisterForm = { stepKwh, modulusKwh: 1e9, mostKw: mostKw(15, 1) };
  const judged: { readonly kwh: number; readonly told: number; readonly accepted: boolean; readonly ms: number }[] = [];
  let [ms, kwh] = [0, 5000];
  for (const { kw, slots } of stretches)
    for (let slot = 0; slot < slots; slot++) {
      ms += 10_000;
      kwh += Math.max(0, kw) / 360;
      if ((ms / 10_000) % lossEvery !== 0) guard.sample(Math.max(0, kw));
      if (ms % MINUTE !== 0) continue;
      const shown = Math.floor(kwh / stepKwh) * stepKwh;
      const told = alter(shown, judged.length);
      const { accepted } = guard.judge(told, START + ms, ms, shape);
      judged.push({ kwh: shown, told, accepted, ms });
    }
  return judged;
}

test('a true register under any load and any sun is never held for long', () => {
  assert(
    property(course, (any) => {
      let heldSinceMs: number | undefined;
      for (const { accepted, ms } of play(any)) {
        heldSinceMs = accepted ? undefined : (heldSinceMs ?? ms);
        expect(ms - (heldSinceMs ?? ms)).toBeLessThanOrEqual(5 * MINUTE);
      }
    }),
    { numRuns: 300 },
  );
});

test('a single glitch never passes, up or down', () => {
  const glitch = oneof(
    constantFrom(0, 1, 99_999_999),
    double({ min: 0, max: 4900, noNaN: true }),
    double({ min: 6000, max: 1e8, noNaN: true }),
  );
  assert(
    property(course, integer({ min: 1, max: 5 }), glitch, (any, where, wrong) => {
      const judged = play(any, (kwh, at) => (at === where ? wrong : kwh));
      if (judged.length <= where + 1 || judged.some(({ accepted }, at) => !accepted && at < where)) return;
      expect(judged[where]?.accepted).toBe(false);
    }),
    { numRuns: 300 },
  );
});
