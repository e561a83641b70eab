import { expect, test } from 'vitest';
import { pauseMs, verdictOf } from '../../../src/sinks/mackerel-verdict.ts';

test.each([
  [200, 'taken'],
  [204, 'taken'],
  [302, 'down'],
  [400, 'spoilt'],
  [401, 'refused'],
  [403, 'refused'],
  [404, 'refused'],
  [408, 'down'],
  [413, 'spoilt'],
  [429, 'busy'],
  [500, 'down'],
  [503, 'down'],
  [0, 'down'],
] as const)('%d is %s', (status, verdict) => expect(verdictOf(status)).toBe(verdict));

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
] as const)('%s, try %d, random %d, asked for %s ms: %d ms', (verdict, tries, random, asked, ms) =>
  expect(pauseMs(verdict, tries, random, asked)).toBe(ms),
);
