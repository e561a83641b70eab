import { expect, test } from 'vitest';
import { RoundTrips } from '../../../src/meter/round-trips.ts';

function after(...times: readonly number[]): RoundTrips {
  const trips = new RoundTrips();
  for (const ms of times) trips.add(ms);
  return trips;
}

test('before the first answer: 4 s, and as fast as wished', () => {
  expect(after()).toMatchObject({ p95Ms: undefined, timeoutMs: 4000, shortestIntervalMs: 0 });
});

test('one answer is its own 95th percentile', () => {
  expect(after(2000)).toMatchObject({ p95Ms: 2000, timeoutMs: 8000, shortestIntervalMs: 3000 });
});

test('a quick meter is still given 4 s', () => {
  expect(after(300, 310, 290).timeoutMs).toBe(4000);
});

test('of twenty, the second slowest counts: a single outlier is the radio', () => {
  expect(after(...Array<number>(19).fill(400), 9000).p95Ms).toBe(400);
  expect(after(...Array<number>(18).fill(400), 900, 9000).p95Ms).toBe(900);
});

test('only the last fifty count', () => {
  expect(after(...Array<number>(50).fill(9000), ...Array<number>(50).fill(500)).p95Ms).toBe(500);
});

test('an answer an hour late counts as 20 s, and no time-out is longer', () => {
  expect(after(3_600_000)).toMatchObject({ p95Ms: 20_000, timeoutMs: 20_000, shortestIntervalMs: 30_000 });
});

test('the order in which answers came does not matter', () => {
  expect(after(900, ...Array<number>(18).fill(400), 9000).p95Ms).toBe(900);
  expect(after(9000, 900, ...Array<number>(18).fill(400)).p95Ms).toBe(900);
});

test('the fiftieth answer back still counts', () => {
  const three = Array<number>(3).fill(9000);
  expect(after(...three, ...Array<number>(47).fill(500)).p95Ms).toBe(9000);
  expect(after(...three, ...Array<number>(48).fill(500)).p95Ms).toBe(500);
});

test('what an earlier run found counts until there are enough newer ones', () => {
  const trips = after(9000);
  trips.begin(3000);
  expect(trips).toMatchObject({ p95Ms: 3000, timeoutMs: 12_000 });
  for (let i = 0; i < 20; i++) trips.add(400);
  expect(trips.p95Ms).toBe(400);
});
