import { expect, test } from 'vitest';
import { Backoff, MACKEREL_STEPS } from '../../../src/kernel/backoff.ts';
import { pauseMs, verdictOf } from '../../../src/mackerel/mackerel-api.ts';

test.each([
  [200, 'taken', 'taken'],
  [204, 'taken', 'taken'],
  [302, 'down', 'down'],
  [400, 'spoilt', 'refused'],
  [401, 'refused', 'refused'],
  [402, 'refused', 'refused'],
  [403, 'refused', 'refused'],
  [404, 'refused', 'refused'],
  [407, 'refused', 'refused'],
  [408, 'down', 'down'],
  [413, 'spoilt', 'refused'],
  [429, 'busy', 'busy'],
  [451, 'refused', 'refused'],
  [500, 'down', 'down'],
  [503, 'down', 'down'],
  [0, 'down', 'down'],
] as const)('%d is %s from Mackerel, %s from something between', (status, own, others) => {
  expect(verdictOf({ status, isMackerels: true })).toBe(own);
  expect(verdictOf({ status, isMackerels: false })).toBe(others);
});

test.each([
  ['down', 0, 0, undefined, 2500],
  ['down', 0, 0.99, undefined, 4975],
  ['down', 3, 0, undefined, 20_000],
  ['down', 1000, 0, undefined, 150_000],
  ['down', 1000, 1, undefined, 300_000],
  ['down', 0, 0, 30_000, 30_000],
  ['refused', 0, 0.5, 1, 300_000],
  ['busy', 0, 0, undefined, 60_000],
  ['busy', 9, 1, undefined, 300_000],
  ['busy', 0, 0, 10 ** 12, 3_600_000],
] as const)('%s, try %d, random %d, asked for %s ms: %d ms', (verdict, tries, random, asked, ms) => {
  const backoff = new Backoff(MACKEREL_STEPS, () => random);
  for (let failures = 0; failures < tries; failures++) backoff.next();
  expect(pauseMs(verdict, backoff.next(), asked)).toBe(ms);
});
