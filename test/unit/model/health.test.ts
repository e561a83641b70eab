import { expect, test } from 'vitest';
import { healthOf } from '../../../src/model/health.ts';
import { linkPhases } from '../../../src/model/status.ts';

for (const phase of linkPhases) {
  test(`before the first answer nothing is fresh while ${phase}, and it says so`, () => {
    expect(healthOf(undefined, phase, 10)).toEqual({
      fresh: false,
      staleAfterMs: 35_000,
      reason: `no reading yet (${phase})`,
    });
  });

  test(`while ${phase} only the age counts: fresh at the mark, stale a moment later`, () => {
    expect(healthOf(0, phase, 10)).toEqual({ fresh: true, staleAfterMs: 35_000, reason: undefined });
    expect(healthOf(35_000, phase, 10).fresh).toBe(true);
    expect(healthOf(35_001, phase, 10)).toMatchObject({
      fresh: false,
      reason: `last reading is 35 s old (${phase})`,
    });
  });
}

test('the mark is three intervals and five seconds', () => {
  expect([2, 60, 3600].map((seconds) => healthOf(0, 'connected', seconds).staleAfterMs)).toEqual([
    11_000, 185_000, 10_805_000,
  ]);
});
