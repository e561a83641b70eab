import { beforeEach, expect, test } from 'vitest';
import { Pace, RoundTrips } from '../../../src/meter/round-trips.ts';

let told: number[];
let pace: Pace;
beforeEach(() => {
  told = [];
  pace = new Pace(10_000, new RoundTrips(), (intervalS) => told.push(intervalS));
});
const cycle = (...roundTripsMs: readonly number[]): void => {
  for (const ms of roundTripsMs) pace.answered(ms);
  pace.cycleEnds();
};

test('a meter that keeps up is asked as configured, and nothing is told', () => {
  for (let i = 0; i < 100; i++) cycle(500, 900);
  expect(told).toEqual([]);
});

test('never faster than 1.5 × the 95th percentile, in whole seconds, told once', () => {
  for (let i = 0; i < 10; i++) cycle(12_100);
  expect(told).toEqual([19]);
});

test('what several requests take together is the pace, while it grows and after', () => {
  cycle(2000, 2000, 2000, 2000, 2000, 2000);
  expect(told).toEqual([12]);
  for (let i = 0; i < 18; i++) cycle(2000);
  expect(told).toEqual([12]);
  cycle(2000);
  expect(told).toEqual([12, 10]);
});

test('another interval is told at once, unrounded; a meter that is slower is told with it', () => {
  pace.configure(250); // as the demo asks
  cycle(100);
  expect(told).toEqual([0.25]);
  pace.configure(10_000);
  cycle(12_100);
  expect(told).toEqual([0.25, 10, 19]);
});

test('an answer just in time counts for its cycle', () => {
  cycle(4000, 4000, 4000);
  expect(told).toEqual([12]);
});

test('a late answer, which came while the next request waited, is not counted twice', () => {
  cycle(500);
  pace.answered(6000);
  pace.answered(5000);
  expect(told).toEqual([]);
});
