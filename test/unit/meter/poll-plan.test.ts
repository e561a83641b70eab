import { expect, test } from 'vitest';
import { epc } from '../../../src/echonet/epc.ts';
import { PollPlan } from '../../../src/meter/poll-plan.ts';

const MINUTE = 60_000;
const MARK = Date.UTC(2026, 0, 15, 3, 30);
/** Shortly after a mark: none is missing yet. */
const QUIET = MARK + MINUTE;
const everything = [epc.power, epc.currents, epc.importEnergy, epc.exportEnergy, epc.faultStatus];
const marks = [epc.importAtMark, epc.exportAtMark];
const instant = [epc.power, epc.currents];

function planOf(
  intervalMs = 10_000,
  energyIntervalMs = 60_000,
  getMap: readonly number[] = [...everything, ...marks],
): PollPlan {
  const plan = new PollPlan({ intervalMs, energyIntervalMs }, 0);
  plan.offer(getMap);
  plan.markSeen(MARK);
  return plan;
}

test('before the map is known only power and currents are asked', () => {
  const plan = new PollPlan({ intervalMs: 10_000, energyIntervalMs: 5000 }, 0);
  expect(plan.due(0, QUIET)).toEqual(instant);
  plan.asked(100, 0);
  expect(plan.nextMs).toBe(10_000);
});

test('the first cycle asks everything, the instantaneous values first', () => {
  expect(planOf().due(0, QUIET)).toEqual(everything);
});

test('nothing that the map lacks is asked', () => {
  expect(planOf(10_000, 60_000, [epc.power, epc.exportEnergy]).due(0, QUIET)).toEqual([epc.power, epc.exportEnergy]);
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
  expect(plan.due(60_000, QUIET)).toEqual([epc.importEnergy, epc.exportEnergy, epc.faultStatus]);
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

test('hurry makes everything due now', () => {
  const plan = planOf();
  plan.due(0, QUIET);
  plan.asked(0, 0);
  plan.hurry(3000);
  expect(plan.due(3000, QUIET)).toEqual(everything);
});

test('without any mark yet, the last one is asked for at once, and once', () => {
  const plan = new PollPlan({ intervalMs: 10_000, energyIntervalMs: 60_000 }, 0);
  plan.offer([...everything, ...marks]);
  expect(plan.due(0, QUIET)).toEqual([...everything, ...marks]);
  plan.asked(100, 0);
  expect(plan.due(10_000, QUIET + 10_000)).toEqual(instant);
});

test('a mark that was not announced is asked for six minutes after it, once, and the next one again', () => {
  const plan = planOf();
  plan.due(0, QUIET);
  plan.asked(0, 0);
  const next = MARK + 30 * MINUTE;
  expect(plan.due(0, next + 6 * MINUTE - 1)).toEqual([]);
  plan.asked(0, 0);
  expect(plan.due(0, next + 6 * MINUTE)).toEqual(marks);
  plan.asked(0, 0);
  expect(plan.due(0, next + 7 * MINUTE)).toEqual([]);
  expect(plan.due(0, next + 36 * MINUTE)).toEqual(marks);
});

test('a mark that falls due while another request is under way is not forgotten', () => {
  const plan = planOf();
  const patience = MARK + 36 * MINUTE;
  expect(plan.due(0, patience - 1)).toEqual(everything);
  plan.asked(3000, 0);
  expect(plan.due(3000, patience + 3000)).toEqual(marks);
});

test('a mark announced meanwhile is not asked for, and an older one changes nothing', () => {
  const plan = planOf();
  plan.due(0, QUIET);
  plan.asked(0, 0);
  plan.markSeen(MARK + 30 * MINUTE);
  plan.markSeen(MARK);
  expect(plan.due(0, MARK + 50 * MINUTE)).toEqual([]);
});

test('with the clock at 1970 no mark is asked for', () => {
  const plan = new PollPlan({ intervalMs: 10_000, energyIntervalMs: 60_000 }, 0);
  plan.offer([...everything, ...marks]);
  expect(plan.due(0, 20 * MINUTE)).toEqual(everything);
});

const clocks = [epc.currentTime, epc.currentDate];
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
    plan.markSeen(Math.floor(wall(at) / (30 * MINUTE)) * 30 * MINUTE);
    asked.push([at, plan.due(at, wall(at))]);
    plan.asked(at + 100, 0);
  }
  return asked;
}
const clockTimes = (asked: readonly [number, number[]][]): number[] =>
  asked.flatMap(([at, epcs]) => (epcs.includes(epc.currentTime) ? [at] : []));

test('the meter’s clock is asked with power and currents, early in a session and then hourly', () => {
  const plan = planOf(10_000, 60_000, [...everything, ...marks, ...clocks]);
  const asked = course(plan, 0, 3 * HOUR);
  expect(clockTimes(asked)).toEqual([10_000, HOUR + 10_000, 2 * HOUR + 10_000]);
  expect(asked[1]?.[1]).toEqual([...instant, ...clocks]);
  expect(asked).toHaveLength(1080); // no cycle more than without
});

test('a clock told by half, or not offered, is not asked', () => {
  for (const half of [[epc.currentTime], [epc.currentDate], []])
    expect(clockTimes(course(planOf(10_000, 60_000, [...everything, ...half]), 0, HOUR))).toEqual([]);
});

test('where a request never has room the clock is asked ten minutes late', () => {
  const plan = planOf(60_000, 60_000, [...everything, ...clocks]);
  expect(clockTimes(course(plan, 0, 3 * HOUR))).toEqual([10 * MINUTE, 70 * MINUTE, 130 * MINUTE]);
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
