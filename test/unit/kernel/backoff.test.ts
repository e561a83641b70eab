import { expect, test } from 'vitest';
import { Backoff, SESSION_STEPS } from '../../../src/kernel/backoff.ts';

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
