import { expect, test } from 'vitest';
import { recoveryFigures } from './recovery.ts';
import { soak } from './soak.ts';

/** Two days and 540 faults in all, of radio, module, ECHONET Lite, broker, host and disk. A seed that once failed stays here. */
const runs = [
  { seed: 1, edition: 'SE' },
  { seed: 2, edition: 'DSE' },
  { seed: 3, edition: 'J11' },
] as const;
for (const { seed, edition } of runs) {
  test(`soak: random faults, seed ${seed} (${edition})`, { timeout: 120_000 }, async () => {
    const { violations, faults, availability, minutes, halfHoursRead, usages } = await soak({
      seed,
      edition,
      days: 2 / 3,
      faults: 180,
      intervalMs: 60_000,
    });
    expect(violations.join('\n')).toBe('');
    expect(faults).toBe(180);
    expect(availability).toBeGreaterThan(0.6);
    expect([minutes > 600, halfHoursRead > 0, usages > 400]).toEqual([true, true, true]);
  });
}

test('recovery: what a subscriber waits for, at the radio’s real pace', { timeout: 120_000 }, async () => {
  const { unavailable, samePan, moduleReset, sessionEnded, replug } = await recoveryFigures(2, 4);
  expect(unavailable.most).toBeLessThanOrEqual(35.1);
  expect(samePan.p50).toBeLessThan(90);
  expect(moduleReset.most).toBeLessThan(30);
  expect(sessionEnded.most).toBeLessThan(20);
  expect(replug.most).toBeLessThan(5);
});
