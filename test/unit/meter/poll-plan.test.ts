import { expect, test } from 'vitest';
import { EPC } from '../../../src/echonet/epc.ts';
import { PollPlan } from '../../../src/meter/poll-plan.ts';

const MINUTE = 60_000;
const HALF_HOUR = 30 * MINUTE;
const MARK = Date.UTC(2026, 0, 15, 3, 30);
/** Shortly after a mark: none is missing yet. */
const QUIET = MARK + MINUTE;
const everything = [EPC.power, EPC.currents, EPC.importEnergy, EPC.exportEnergy, EPC.faultStatus];
const marks = [EPC.importAtMark, EPC.exportAtMark];
const instant = [EPC.power, EPC.currents];

function planOf(
  intervalMs = 10_000,
  energyIntervalMs = 60_000,
  getMap: readonly number[] = [...everything, ...marks],
): PollPlan {
  const plan = new PollPlan({ intervalS: intervalMs / 1000, energyIntervalS: energyIntervalMs / 1000 }, 0);
  plan.offer(getMap);
  plan.acceptMark(MARK, { nowMs: 0, wallMs: QUIET, isAnnounced: true });
  return plan;
}

test('before the map is known only power and currents are asked', () => {
  const plan = new PollPlan({ intervalS: 10, energyIntervalS: 5 }, 0);
  expect(plan.due(0, QUIET)).toEqual(instant);
  plan.asked(100, 0);
  expect(plan.nextMs).toBe(10_000);
});

test('the first cycle asks everything, the instantaneous values first', () => {
  expect(planOf().due(0, QUIET)).toEqual(everything);
});

test('nothing that the map lacks is asked', () => {
  expect(planOf(10_000, 60_000, [EPC.power, EPC.exportEnergy]).due(0, QUIET)).toEqual([EPC.power, EPC.exportEnergy]);
  expect(planOf(10_000, 60_000, []).due(0, QUIET)).toEqual([]);
});

test('the beat is kept for a day whatever the answers take: no drift', () => {
  const plan = planOf();
  let [asked, at] = [0, 0];
  for (; at < 24 * 60 * MINUTE; at = plan.nextMs) {
    expect(at % 10_000).toBe(0);
    plan.due(at, QUIET);
    plan.asked(at + 137 + (at % 7), 0);
    asked++;
  }
  expect(asked).toBe(8640);
});

test('after a pause there is one cycle, not a burst', () => {
  const plan = planOf();
  plan.due(0, QUIET);
  plan.asked(100, 0);
  plan.due(605_000, QUIET);
  plan.asked(606_000, 0);
  expect(plan.nextMs).toBe(610_000);
});

test('what falls due while another request is under way is asked next, not skipped', () => {
  const plan = planOf(7000, 60_000);
  for (let at = 0; at < 56_000; at = plan.nextMs) {
    plan.due(at, QUIET);
    plan.asked(at + 100, 0);
  }
  expect(plan.nextMs).toBe(56_000);
  plan.due(56_000, QUIET);
  plan.asked(56_100, 0);
  expect(plan.due(60_000, QUIET)).toEqual([EPC.importEnergy, EPC.exportEnergy, EPC.faultStatus]);
  plan.asked(63_500, 0); // power was due at 63,000
  expect(plan.nextMs).toBe(63_000);
  expect(plan.due(63_500, QUIET)).toEqual(instant);
});

test('a slow meter is asked more slowly than wished', () => {
  const plan = planOf(2000);
  plan.due(0, QUIET);
  plan.asked(3000, 4500);
  expect(plan.nextMs).toBe(4500);
});

test('another interval holds from the next beat on', () => {
  const plan = planOf();
  plan.asked(0, 0); // nothing was: nothing changes
  plan.due(0, QUIET);
  plan.pace(20);
  plan.asked(100, 0);
  expect(plan.nextMs).toBe(20_000);
});

test('hurry makes everything due now', () => {
  const plan = planOf();
  plan.due(0, QUIET);
  plan.asked(0, 0);
  plan.hurry(3000);
  expect(plan.due(3000, QUIET)).toEqual(everything);
});

test('without any mark yet, the last one is asked for at once, and once', () => {
  const plan = new PollPlan({ intervalS: 10, energyIntervalS: 60 }, 0);
  plan.offer([...everything, ...marks]);
  expect(plan.due(0, QUIET)).toEqual([...everything, ...marks]);
  plan.asked(100, 0);
  expect(plan.due(10_000, QUIET + 10_000)).toEqual(instant);
});

const hears = (plan: PollPlan, markMs: number, nowMs: number, wallMs: number, isAnnounced = false): void =>
  plan.acceptMark(markMs, { nowMs, wallMs, isAnnounced });
/** Minutes at which marks are asked for, our clock being `wallMs` at 0; the meter answers with its own mark. */
function asksFor(plan: PollPlan, minutes: number, wallMs: number, markAt: (minute: number) => number | undefined) {
  const asked: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const now = minute * MINUTE;
    if (!plan.due(now, wallMs + now).includes(EPC.importAtMark)) continue;
    asked.push(minute);
    const mark = markAt(minute);
    if (mark !== undefined) hears(plan, mark, now + 300, wallMs + now + 300);
  }
  return asked;
}
const freshPlan = (): PollPlan => {
  const plan = new PollPlan({ intervalS: 10, energyIntervalS: 60 }, 0);
  plan.offer([...everything, ...marks]);
  return plan;
};
/** What a meter tells whose clock was at `startMs` at minute 0. */
const markOf = (startMs: number) => (minute: number) => Math.floor((startMs + minute * MINUTE) / HALF_HOUR) * HALF_HOUR;

test('a mark that was not announced is asked for six minutes after it, once, and the next one again', () => {
  // MARK was announced a minute after it
  expect(asksFor(planOf(), 100, QUIET, markOf(QUIET))).toEqual([35, 65, 95]);
});

test('a mark that was asked for late does not put off the next', () => {
  expect(asksFor(freshPlan(), 60, MARK + 29 * MINUTE, markOf(MARK + 29 * MINUTE))).toEqual([0, 7, 37]);
});

test('an answer that tells the old mark leaves the new one to be asked for', () => {
  const start = MARK + 29 * MINUTE + 59_900; // as a mark passes, and the meter’s clock is a little behind
  const told = asksFor(freshPlan(), 60, start, (minute) => markOf(start - 1000)(minute));
  expect(told).toEqual([0, 7, 37]);
});

for (const [name, jumpMs] of [
  ['a day ahead', 24 * 60 * MINUTE],
  ['a day behind', -24 * 60 * MINUTE],
  ['at 1970', -MARK],
  ['ten minutes ahead', 10 * MINUTE],
  ['ten minutes behind', -10 * MINUTE],
] as const) {
  test(`with our clock ${name} every mark is asked for, and few are asked for in vain`, () => {
    const seen = new Set<number>();
    const markAt = markOf(MARK + 20 * MINUTE);
    const asked = asksFor(freshPlan(), 12 * 60, MARK + 20 * MINUTE + jumpMs, (minute) => {
      seen.add(markAt(minute));
      return markAt(minute);
    });
    expect(seen.size).toBeGreaterThanOrEqual(24);
    expect(asked.length).toBeLessThanOrEqual(50);
  });
}

test.each([
  ['just now', 0, false, 36],
  ['29 minutes ago', 29, false, 7],
  ['as long ago as one may be', 36 - 1 / MINUTE, false, 1 / MINUTE],
  ['longer ago: our clock is wrong, and the meter was asked at its mark', 36, false, 30],
  ['longer ago, and announced', 36, true, 36],
  ['in a moment: our clock is wrong', -1 / MINUTE, false, 30],
  ['in a moment, and announced', -1 / MINUTE, true, 36],
])('of a mark %s the next is asked for after so many minutes', (_, ago, isAnnounced, minutes) => {
  const plan = freshPlan();
  hears(plan, MARK, 0, MARK + ago * MINUTE, isAnnounced);
  const dueMs = Math.round(minutes * MINUTE);
  expect(plan.due(dueMs - 1, QUIET)).not.toContain(EPC.importAtMark);
  expect(plan.due(dueMs, QUIET)).toContain(EPC.importAtMark);
});

test('a meter that goes on telling the old mark, or none, is asked less and less often', () => {
  for (const mark of [MARK, undefined])
    expect(asksFor(freshPlan(), 150, QUIET, () => mark).length).toBeLessThanOrEqual(8);
  expect(asksFor(freshPlan(), 100, QUIET, () => undefined)).toEqual([0, 5, 15, 35, 65, 95]);
});

test('a mark announced meanwhile is not asked for, whatever our clock says', () => {
  for (const jumpMs of [0, 24 * 60 * MINUTE, -24 * 60 * MINUTE]) {
    const plan = planOf();
    for (let mark = 1; mark < 48; mark++) {
      const [now, wall] = [mark * HALF_HOUR - MINUTE, MARK + mark * HALF_HOUR + jumpMs];
      expect(plan.due(now, wall)).not.toContain(EPC.importAtMark);
      hears(plan, MARK + mark * HALF_HOUR, now + 2 * MINUTE, wall + 2 * MINUTE, true);
      expect(plan.due(now + 29 * MINUTE, wall + 29 * MINUTE)).not.toContain(EPC.importAtMark);
    }
  }
});

test('marks are not asked for before they can be read', () => {
  const plan = freshPlan();
  expect(plan.due(0, QUIET, false)).toEqual(everything);
  expect(plan.due(0, QUIET, true)).toEqual([...everything, ...marks]);
});

const clocks = [EPC.currentTime, EPC.currentDate];
const HOUR = 60 * MINUTE;
/** What is asked in a time, each cycle's answer taking 100 ms. */
function course(
  plan: PollPlan,
  fromMs: number,
  untilMs: number,
  wall = (at: number) => QUIET + at,
): [number, number[]][] {
  const asked: [number, number[]][] = [];
  for (let at = fromMs; at < untilMs; at = plan.nextMs) {
    hears(plan, Math.floor(wall(at) / HALF_HOUR) * HALF_HOUR, at, wall(at), true);
    asked.push([at, plan.due(at, wall(at))]);
    plan.asked(at + 100, 0);
  }
  return asked;
}
const clockTimes = (asked: readonly [number, number[]][]): number[] =>
  asked.flatMap(([at, epcs]) => (epcs.includes(EPC.currentTime) ? [at] : []));

test('the meter’s clock is asked with power and currents, early in a session and then hourly', () => {
  const plan = planOf(10_000, 60_000, [...everything, ...marks, ...clocks]);
  const asked = course(plan, 0, 3 * HOUR);
  expect(clockTimes(asked)).toEqual([10_000, HOUR + 10_000, 2 * HOUR + 10_000]);
  expect(asked[1]?.[1]).toEqual([...instant, ...clocks]);
  expect(asked).toHaveLength(1080); // no cycle more than without
});

test('a request has room for six: the clock goes along with four at once, but never alone', () => {
  const plan = planOf(10_000, 60_000, [...instant, EPC.importEnergy, EPC.exportEnergy, ...clocks]);
  expect(plan.due(0, QUIET)).toEqual([...instant, EPC.importEnergy, EPC.exportEnergy, ...clocks]);
  const full = planOf(10_000, 60_000, [...everything, ...clocks]);
  expect(full.due(0, QUIET)).toEqual(everything);
  full.asked(100, 0);
  expect(full.due(5000, QUIET)).toEqual([]);
  expect(full.due(10_000, QUIET)).toEqual([...instant, ...clocks]);
});

test('a clock told by half, or not offered, is not asked', () => {
  for (const half of [[EPC.currentTime], [EPC.currentDate], []])
    expect(clockTimes(course(planOf(10_000, 60_000, [...everything, ...half]), 0, HOUR))).toEqual([]);
});

test('where a request never has room the clock is asked with the second one, then ten minutes late', () => {
  const plan = planOf(60_000, 60_000, [...everything, ...clocks]);
  expect(clockTimes(course(plan, 0, 3 * HOUR))).toEqual([MINUTE, 70 * MINUTE, 130 * MINUTE]);
});

test('a jump of our clock lets the meter’s be asked again, at most once a minute', () => {
  const plan = planOf(10_000, 60_000, [...everything, ...clocks]);
  const jumped = course(plan, 0, 20 * MINUTE, (at) => QUIET + at + (at >= 10 * MINUTE ? HOUR : 0));
  expect(clockTimes(jumped)).toEqual([10_000, 10 * MINUTE + 10_000]);
  const wild = course(plan, 20 * MINUTE, 30 * MINUTE, (at) => QUIET + at + ((at / 10_000) % 2) * HOUR);
  expect(clockTimes(wild).length).toBeLessThanOrEqual(11);
  expect(clockTimes(wild).length).toBeGreaterThan(5);
});

test('a clock that is adjusted slowly does not ask', () => {
  const plan = planOf(10_000, 60_000, [...everything, ...clocks]);
  expect(clockTimes(course(plan, 0, HOUR, (at) => QUIET + at * 1.0005))).toEqual([10_000]);
});
