import { noise } from '../random.ts';
import { smoothNoise, yearAngle } from './sun.ts';

export const SLOTS_PER_MINUTE = 6;
export const SLOTS_PER_DAY = 24 * 60 * SLOTS_PER_MINUTE;

/** Streams of noise; a stream of its own keeps one appliance from showing in another. */
const STREAMS = { flicker: 1, time: 2, fridge: 3, climate: 4 } as const;

/** How a load hangs on the two phases: what needs 200 V on both. */
const ON = { r: [1, 0], t: [0, 1], both: [0.5, 0.5] } as const;
type Phases = keyof typeof ON;

/** Taken from each phase in each slot of a day, W. */
interface Taken {
  readonly r: Float32Array;
  readonly t: Float32Array;
}

class ApplianceDay implements Taken {
  readonly r = new Float32Array(SLOTS_PER_DAY);
  readonly t = new Float32Array(SLOTS_PER_DAY);

  /** @param fromMinute of the day in Japan @param watts from `fromMinute` on, by the minute since then */
  run(on: Phases, fromMinute: number, minutes: number, watts: number | ((minute: number) => number)): void {
    const [r, t] = ON[on];
    const from = Math.round(fromMinute * SLOTS_PER_MINUTE);
    const to = Math.min(SLOTS_PER_DAY, Math.round((fromMinute + minutes) * SLOTS_PER_MINUTE));
    for (let slot = Math.max(0, from); slot < to; slot++) {
      const now = typeof watts === 'number' ? watts : watts((slot - from) / SLOTS_PER_MINUTE);
      this.r[slot] = (this.r[slot] ?? 0) + r * now;
      this.t[slot] = (this.t[slot] ?? 0) + t * now;
    }
  }
}

/** Minutes before or after the usual time, of one habit on one day. */
type Habit = (which: number, byMinutes: number) => number;

const clock = (hour: number, minute = 0): number => 60 * hour + minute;
const between = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/**
 * What the appliances of a house for four take on one day since 1970 in Japan. Cooking is timed so that the contract of
 * 40 A is exceeded once a day: by the evening's boiling with the microwave beside it.
 */
export function appliancesOf(seed: number, day: number): Taken {
  const house = new ApplianceDay();
  const habit: Habit = (which, byMinutes) => (2 * noise(seed, STREAMS.time, day * 64 + which) - 1) * byMinutes;
  always(house, seed, day);
  fridge(house, seed, day);
  lights(house, habit);
  waterHeater(house, habit);
  cooking(house, habit);
  climate(house, habit, seed, day);
  return house;
}

/** Router, clocks, ventilation, what stands by. */
function always({ r, t }: Taken, seed: number, day: number): void {
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    const flicker = 0.96 + 0.08 * noise(seed, STREAMS.flicker, day * SLOTS_PER_DAY + slot);
    r[slot] = 110 * flicker;
    t[slot] = 72 * flicker;
  }
}

/** Some 25 times a day for 20 to 26 minutes. */
function fridge(house: ApplianceDay, seed: number, day: number): void {
  let minute = -50 * noise(seed, STREAMS.fridge, day * 64 + 63);
  for (let cycle = 0; minute < 1440; cycle++) {
    const varied = noise(seed, STREAMS.fridge, day * 64 + cycle);
    house.run('r', minute, 20 + 6 * varied, 90);
    minute += 50 + 14 * varied;
  }
}

function lights(house: ApplianceDay, habit: Habit): void {
  house.run('t', clock(6, 5) + habit(1, 10), 105, 110);
  const evening = clock(17, 20) + habit(2, 20);
  house.run('r', evening, clock(23, 20) + habit(3, 25) - evening, 120); // light
  const screen = clock(18, 10) + habit(4, 15);
  house.run('t', screen, clock(22, 50) + habit(5, 25) - screen, 130);
}

/** A heat pump that makes the day's hot water at night. */
function waterHeater(house: ApplianceDay, habit: Habit): void {
  house.run('both', clock(2), 176 + habit(10, 4), (minute) => (minute < 3 ? 400 + 300 * minute : 1300));
}

const KETTLE_W = 1200;
const MICROWAVE_W = 1250;
/** The induction plate's element goes on and off in turns of a minute below its full power. */
const simmering = (watts: number) => (minute: number) => (minute % 1 < 0.8 ? watts : watts - 500);

function cooking(house: ApplianceDay, habit: Habit): void {
  for (const [at, which, by] of [
    [clock(6, 25), 20, 5],
    [clock(10, 5), 21, 20],
    [clock(15, 10), 22, 20],
    [clock(20, 55), 23, 15],
  ] as const)
    house.run('t', at + habit(which, by), 4, KETTLE_W);
  const breakfast = clock(6, 42) + habit(24, 4);
  house.run('both', breakfast, 8, simmering(2000));
  house.run('r', breakfast + 11, 2.5, MICROWAVE_W);
  const lunch = clock(12, 8) + habit(25, 6);
  house.run('both', lunch, 9, simmering(2100));
  house.run('r', lunch + 12, 3, MICROWAVE_W);
  const dinner = clock(18, 50) + habit(26, 12);
  house.run('both', dinner, 14, simmering(2100));
  house.run('both', dinner + 17, 11, 3000); // the peak of the day
  house.run('r', dinner + 19, 6, MICROWAVE_W);
  house.run('both', dinner + 30, 9, simmering(2000));
  house.run('t', clock(21, 30) + habit(27, 10), 38, (minute) => (minute % 19 < 13 ? 950 : 60)); // the dishwasher
  house.run('r', clock(22, 25) + habit(28, 10), 7, 1100); // the hair dryer
}

/** The air conditioner, 400 to 900 W: heats in winter, morning and evening, and cools in summer, in spring and autumn it rests. */
function climate(house: ApplianceDay, habit: Habit, seed: number, day: number): void {
  const heat = between((-Math.sin(yearAngle(day) - 0.5) - 0.25) * 2, 0, 1);
  const cool = between((Math.sin(yearAngle(day) - 0.6) - 0.25) * 2, 0, 1);
  const runs = (from: number, minutes: number): void => {
    if (minutes < 30) return;
    house.run('t', from, minutes, (minute) => {
      const wave = smoothNoise(seed, STREAMS.climate, day * 240 + (from + minute) / 6);
      const starting = between(1 - (minute - 12) / 12, 0, 1);
      return Math.round(400 + 500 * Math.max(starting, 0.7 * wave));
    });
  };
  runs(clock(6, 0) + habit(30, 8), 70 * heat);
  runs(clock(17, 30) + habit(31, 15), 210 * heat);
  runs(clock(13, 0) + habit(32, 20), 170 * cool);
  runs(clock(18, 20) + habit(33, 15), 280 * cool);
}
