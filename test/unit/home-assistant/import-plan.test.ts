import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR_MS, rounded } from '../../../src/home-assistant/hour-rows.ts';
import type { HourRow } from '../../../src/home-assistant/hour-rows.ts';
import { planImport } from '../../../src/home-assistant/import-plan.ts';
import type { ImportPlan, RegisterMark } from '../../../src/home-assistant/import-plan.ts';
import { planUndo } from '../../../src/home-assistant/undo-plan.ts';

const MIDNIGHT = Date.parse('2026-01-15T00:00:00+09:00');
const at = (hour: number): number => MIDNIGHT + hour * HOUR_MS;
const METER = '001D129012345678';

/** A register by the hour of the day, half hours between them halfway. */
function register(
  values: readonly number[],
  meterAt: (hour: number) => string = () => METER,
): Map<number, RegisterMark> {
  const marks = new Map<number, RegisterMark>();
  values.forEach((value, hour) => {
    marks.set(at(hour), { meter: meterAt(hour), value });
    const next = values[hour + 1];
    if (next !== undefined) marks.set(at(hour + 0.5), { meter: meterAt(hour), value: rounded((value + next) / 2) });
  });
  return marks;
}

/** `[hour, state, sum]` */
const rows = (...all: readonly (readonly [number, number, number])[]): HourRow[] =>
  all.map(([hour, state, sum]) => ({ startMs: at(hour), state, sum }));

const LATER = at(100);
/** `13: 1 → 2` */
const shown = ({ gaps }: ImportPlan): string[] =>
  gaps.flatMap(({ hours, next }) =>
    [...hours, next].map(
      ({ startMs, changeBefore, changeAfter }) => `${(startMs - MIDNIGHT) / HOUR_MS}: ${changeBefore} → ${changeAfter}`,
    ),
  );
const written = ({ gaps }: ImportPlan): HourRow[] =>
  gaps.flatMap(({ hours }) => hours.map(({ startMs, after }) => ({ startMs, ...after })));
const reasons = ({ left }: ImportPlan): string[] =>
  left.map(({ fromMs, toMs, reason }) => `${(fromMs - MIDNIGHT) / HOUR_MS}–${(toMs - MIDNIGHT) / HOUR_MS}: ${reason}`);

/** What Home Assistant has afterwards: a row of the same hour is replaced. */
function apply(before: readonly HourRow[], changed: readonly HourRow[], removed: readonly number[] = []): HourRow[] {
  const all = new Map(before.map((row) => [row.startMs, row]));
  for (const row of changed) all.set(row.startMs, row);
  for (const startMs of removed) all.delete(startMs);
  return [...all.values()].sort((a, b) => a.startMs - b.startMs);
}

describe('a gap', () => {
  const truth = register([100, 101, 102, 103, 104, 105, 106]);

  test('rows that stand still get the energy of their hours; the row after them keeps its sum', () => {
    const plan = planImport(
      truth,
      rows([0, 101, 1], [1, 102, 2], [2, 102, 2], [3, 102, 2], [4, 105, 5], [5, 106, 6]),
      LATER,
    );
    expect(written(plan)).toEqual(rows([2, 103, 3], [3, 104, 4]));
    expect(shown(plan)).toEqual(['2: 0 → 1', '3: 0 → 1', '4: 3 → 1']);
  });

  test('hours without a row get one', () => {
    const plan = planImport(truth, rows([0, 101, 1], [1, 102, 2], [4, 105, 5]), LATER);
    expect(written(plan)).toEqual(rows([2, 103, 3], [3, 104, 4]));
    expect(shown(plan)).toEqual(['2: undefined → 1', '3: undefined → 1', '4: 3 → 1']);
  });

  test('the hour in which it began is completed', () => {
    const plan = planImport(truth, rows([0, 101, 1], [1, 101.3, 1.3], [2, 101.3, 1.3], [4, 105, 5]), LATER);
    expect(written(plan)).toEqual(rows([1, 102, 2], [2, 103, 3], [3, 104, 4]));
    expect(shown(plan)).toEqual(['1: 0.3 → 1', '2: 0 → 1', '3: undefined → 1', '4: 3.7 → 1']);
  });

  test('an hour that ends a step early is no gap', () => {
    expect(planImport(truth, rows([0, 100.9, 0.9], [1, 101.9, 1.9], [2, 103, 3]), LATER).gaps).toEqual([]);
  });

  test('a step in the last half hour that was not read in time is no gap', () => {
    const late = register([100, 100, 100.1, 101]);
    late.set(at(1.5), { meter: METER, value: 100 });
    expect(planImport(late, rows([0, 100, 1], [1, 100, 1], [2, 101, 2]), LATER).gaps).toEqual([]);
  });

  test('hours in which nothing was used are left alone, also without a row', () => {
    const night = register([100, 100, 100, 100, 101]);
    const plan = planImport(night, rows([0, 100, 5], [1, 100, 5], [3, 101, 6]), LATER);
    expect([plan.gaps, plan.left]).toEqual([[], []]);
  });

  test('an hour of nothing between hours of something', () => {
    const plan = planImport(
      register([100, 101, 102, 102, 103, 104]),
      rows([0, 101, 1], [1, 101, 1], [2, 101, 1], [3, 101, 1], [4, 104, 4]),
      LATER,
    );
    expect(shown(plan)).toEqual(['1: 0 → 1', '2: 0 → 0', '3: 0 → 1', '4: 3 → 1']);
  });

  test('an import in Wh: everything is in the unit of the statistic', () => {
    const plan = planImport(
      register([100_000, 101_000, 102_000, 103_000]),
      rows([0, 101_000, 7], [2, 103_000, 2007]),
      LATER,
    );
    expect(written(plan)).toEqual(rows([1, 102_000, 1007]));
  });

  test('over midnight, a month and a year', () => {
    const plan = planImport(truth, rows([0, 101, 1], [5, 106, 6]), LATER);
    expect(written(plan)).toHaveLength(4);
  });
});

describe('never', () => {
  const truth = register([100, 101, 102, 103, 104, 105, 106]);
  const gap = rows([0, 101, 1], [3, 104, 4]);

  test('a running hour, a future one, or one that no row of Home Assistant follows', () => {
    expect(planImport(truth, rows([0, 101, 1], [1, 101, 1], [2, 101, 1]), LATER).gaps).toEqual([]);
    expect(planImport(truth, gap, at(3.9)).gaps).toEqual([]);
    expect(planImport(truth, gap, at(4)).gaps).toHaveLength(1);
  });

  test('anything before its first row', () => {
    expect(planImport(truth, rows([3, 104, 4], [4, 105, 5]), LATER)).toEqual({ gaps: [], left: [], isOpen: false });
  });

  test.each([
    ['a register that is not known', 'unknown', new Map([...truth].filter(([ms]) => ms !== at(2))), gap],
    ['another meter', 'meter', register([100, 101, 102, 103, 104], (hour) => (hour < 2 ? METER : 'other')), gap],
    ['a register that fell', 'fell', register([100, 101, 102, 101.5, 104]), gap],
    ['sums that do not fit each other', 'sums', truth, rows([0, 101, 1], [3, 104, 9])],
    ['a state before it that the register reached later', 'states', truth, rows([0, 102.5, 1], [3, 104, 2.5])],
    ['a state after it that the register had passed', 'states', truth, rows([0, 101, 1], [3, 102.5, 2.5])],
  ] as const)('a gap with %s', (_, reason, marks, has) => {
    const plan = planImport(marks, has, LATER);
    expect(plan.gaps).toEqual([]);
    expect(reasons(plan)).toEqual([`1–3: ${reason}`]);
  });

  test('it says when hours at the end wait for a row', () => {
    expect(planImport(truth, gap, at(4.2)).isOpen).toBe(false);
    expect(planImport(truth, gap.slice(0, 1), at(3.2)).isOpen).toBe(true);
    expect(planImport(truth, rows([0, 101, 1], [1, 101, 1]), at(5.2)).isOpen).toBe(true);
    expect(planImport(truth, gap.slice(0, 1), at(2.01)).isOpen).toBe(false); // its row comes 10 s after the hour
  });
});

describe('of any history', () => {
  /** Hours: what is used in each, and whether Home Assistant saw the half of it, all of it, kept standing still, or has no row. */
  const hour = fc.record({
    used: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.integer({ min: 1, max: 60 }) }),
    seen: fc.oneof(
      { weight: 3, arbitrary: fc.constant('all' as const) },
      { weight: 1, arbitrary: fc.constant('flat' as const) },
      { weight: 1, arbitrary: fc.constant('none' as const) },
      { weight: 1, arbitrary: fc.constant('half' as const) },
    ),
  });
  const history = fc.record({
    first: fc.integer({ min: 0, max: 9_999_999 }),
    zero: fc.integer({ min: 0, max: 9_999_999 }),
    hours: fc.array(hour, { minLength: 2, maxLength: 60 }),
    unit: fc.constantFrom(0.1, 0.01, 100, 0.0001),
  });

  interface World {
    readonly truth: ReadonlyMap<number, RegisterMark>;
    readonly rows: HourRow[];
    readonly hours: number;
  }

  /** Tenths, hundredths …: the half of what an hour uses is always a whole number of them. */
  function world({ first, zero, hours, unit }: typeof history extends fc.Arbitrary<infer T> ? T : never): World {
    const values = [first];
    for (const { used } of hours) values.push((values.at(-1) ?? 0) + used * 2);
    const inUnit = (steps: number): number => rounded(steps * unit);
    const all: HourRow[] = [];
    let state = first;
    hours.forEach(({ seen, used }, i) => {
      const [start = 0, end = 0] = values.slice(i, i + 2);
      if (seen === 'all') state = end;
      if (seen === 'half') state = start + used; // died or came back in the middle: the next one that sees all makes up for it
      if (seen !== 'none')
        all.push({ startMs: at(i), state: inUnit(state), sum: rounded(inUnit(state) - inUnit(first) + inUnit(zero)) });
    });
    return { truth: register(values.map(inUnit)), rows: all, hours: hours.length };
  }

  const sumAt = (of: readonly HourRow[], hourIndex: number): number | undefined =>
    of.findLast(({ startMs }) => startMs <= at(hourIndex))?.sum;

  test('each hour of a gap shows its own energy, the total stays, and once more there is nothing to do', () => {
    let filled = 0;
    fc.assert(
      fc.property(history, (one) => {
        const { truth, rows: had, hours } = world(one);
        const plan = planImport(truth, had, at(hours));
        expect(plan.left).toEqual([]);
        const after = apply(had, written(plan));
        expect(after.at(-1)).toEqual(had.at(-1));
        expect(after[0]?.startMs).toBe(had[0]?.startMs);
        for (const { hours: gap, next } of plan.gaps) {
          filled += gap.length;
          for (const { startMs } of gap.filter(({ startMs }) => startMs > at(0))) {
            const i = (startMs - MIDNIGHT) / HOUR_MS;
            const energy = (truth.get(at(i + 1))?.value ?? 0) - (truth.get(at(i))?.value ?? 0);
            const before = sumAt(after, i - 1);
            const isEdge = startMs === gap[0]?.startMs; // the row before it is Home Assistant's own, seen by halves perhaps
            if (before !== undefined && !isEdge) expect((sumAt(after, i) ?? 0) - before).toBeCloseTo(energy, 6);
          }
          expect(next.changeAfter).toBeGreaterThanOrEqual(0);
        }
        for (const [i, row] of after.entries())
          expect(row.sum - (after[i - 1]?.sum ?? row.sum)).toBeGreaterThanOrEqual(-1e-6);
        const again = planImport(truth, after, at(hours));
        expect([again.gaps, again.left]).toEqual([[], []]);
      }),
      { numRuns: 500 },
    );
    expect(filled).toBeGreaterThan(500);
  });

  test('only rows that stood still, none at all, and the one in which a gap began are written', () => {
    fc.assert(
      fc.property(history, (one) => {
        const { truth, rows: had, hours } = world(one);
        for (const { hours: gap } of planImport(truth, had, at(hours)).gaps)
          for (const [i, { startMs, before, changeBefore }] of gap.entries())
            expect(i === 0 || !before || changeBefore === 0, `${startMs}`).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('undone, everything is as it was, where rows can be removed and where they cannot', () => {
    fc.assert(
      fc.property(history, (one) => {
        const { truth, rows: had, hours } = world(one);
        const plan = planImport(truth, had, at(hours));
        const after = apply(had, written(plan));
        const undo = planUndo(
          plan.gaps.flatMap(({ hours: gap }) => gap),
          after,
        );
        expect(undo.left).toEqual([]);
        const gone = undo.remove.flatMap(({ fromMs, toMs }) =>
          Array.from({ length: (toMs - fromMs) / HOUR_MS }, (_, i) => fromMs + i * HOUR_MS),
        );
        expect(apply(after, undo.restore, gone)).toEqual(had);
        const flattened = apply(after, [...undo.restore, ...undo.flatten]);
        for (let i = 0; i < hours; i++) expect(sumAt(flattened, i)).toBe(sumAt(had, i));
        expect(planImport(truth, flattened, at(hours)).left).toEqual([]);
        expect(apply(flattened, written(planImport(truth, flattened, at(hours))))).toEqual(
          apply(flattened, written(plan)),
        );
      }),
      { numRuns: 300 },
    );
  });
});

test('what somebody changed since is not undone', () => {
  const hours = [
    { startMs: at(1), before: { state: 101, sum: 1 }, after: { state: 102, sum: 2 } },
    { startMs: at(2), before: undefined, after: { state: 103, sum: 3 } },
    { startMs: at(3), before: undefined, after: { state: 104, sum: 4 } },
    { startMs: at(4), before: undefined, after: { state: 105, sum: 5 } },
  ];
  const undo = planUndo(hours, rows([0, 101, 1], [1, 102, 2], [2, 103, 33], [3, 104, 4], [4, 105, 5]));
  expect(undo.restore).toEqual(rows([1, 101, 1]));
  expect(undo.remove).toEqual([{ fromMs: at(3), toMs: at(5) }]);
  expect(undo.left).toEqual([at(2)]);
  expect(undo.flatten).toEqual(rows([3, 103, 33], [4, 103, 33]));
});
