import { expect, test } from 'vitest';
import { Backoff, BROKER_STEPS, HELD_STEPS, MACKEREL_STEPS, SESSION_STEPS } from '../../../src/kernel/backoff.ts';

const waits = (backoff: Backoff, count: number): number[] => Array.from({ length: count }, () => backoff.next());

for (const [random, expected] of [
  [0, [800, 4000, 8000, 12_000, 12_000, 12_000]],
  [0.5, [1000, 5000, 10_000, 15_000, 15_000, 15_000]],
  [1 - Number.EPSILON, [1200, 6000, 12_000, 18_000, 18_000, 18_000]],
] as const) {
  test(`waits rise to a cap, a fifth up or down at most (${random})`, () => {
    expect(waits(new Backoff(SESSION_STEPS, () => random), 6)).toEqual(expected);
  });
}

test.each([
  ['a broker', BROKER_STEPS, 0.5, [0.25, 0.5, 1, 2, 4, 8, 16, 16]],
  ['a broker that refuses readings', HELD_STEPS, 0.5, [5, 10, 20, 30, 30]],
  ['Mackerel, half of it by chance', MACKEREL_STEPS, 0, [2.5, 5, 10, 20, 40, 80, 150, 150]],
  ['Mackerel, all of it', MACKEREL_STEPS, 1, [5, 10, 20, 40, 80, 160, 300, 300]],
])('%s is tried again after so many seconds', (_, steps, random, seconds) => {
  expect(waits(new Backoff(steps, () => random), seconds.length).map((ms) => ms / 1000)).toEqual(seconds);
});

test('after a good session it begins anew', () => {
  const backoff = new Backoff(SESSION_STEPS, () => 0.5);
  waits(backoff, 10);
  backoff.reset();
  expect(waits(backoff, 2)).toEqual([1000, 5000]);
});

test('a thousand bridges do not march in step', () => {
  expect(
    new Set(Array.from({ length: 1000 }, () => new Backoff(SESSION_STEPS, Math.random).next())).size,
  ).toBeGreaterThan(100);
});
