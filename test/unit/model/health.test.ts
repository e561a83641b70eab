import { expect, test } from 'vitest';
import { healthOf, MeterHealth } from '../../../src/model/health.ts';
import { LINK_PHASES } from '../../../src/model/status.ts';
import { status } from '../../support/sink-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

for (const phase of LINK_PHASES) {
  test(`before the first answer nothing is fresh while ${phase}, and it says so`, () => {
    expect(healthOf(undefined, phase, 10)).toEqual({
      fresh: false,
      connected: false,
      staleAfterMs: 35_000,
      reason: `no reading yet (${phase})`,
    });
  });

  test(`while ${phase} only the age counts: fresh at the mark, stale a moment later`, () => {
    expect(healthOf(0, phase, 10)).toMatchObject({ fresh: true, staleAfterMs: 35_000, reason: undefined });
    expect(healthOf(35_000, phase, 10).fresh).toBe(true);
    expect(healthOf(35_001, phase, 10)).toMatchObject({
      fresh: false,
      reason: `last reading is 35 s old (${phase})`,
    });
  });
}

test('connected is a session, or one held by the airtime limit, whose newest answer has not passed its mark', () => {
  const connected = (ageMs: number): readonly string[] =>
    LINK_PHASES.filter((phase) => healthOf(ageMs, phase, 10).connected);
  expect(connected(35_000)).toEqual(['connected', 'paused']);
  expect(connected(35_001)).toEqual([]);
});

test('the health of a meter follows its events, and the mark the pace that was told', async () => {
  const clock = new VirtualClock();
  const health = new MeterHealth(2, clock);
  health.accept({ kind: 'status', meter: 'home', status: status('connected') });
  health.accept({ kind: 'reading', meter: 'home', reading: { atMs: 5, roundTripMs: 7 } });
  expect(health.now).toMatchObject({ fresh: false, connected: false });
  expect(health.staleInMs).toBeUndefined();
  health.accept({ kind: 'reading', meter: 'home', reading: { atMs: 5, fault: false } });
  expect([health.goodAtMs, health.ageMs, health.staleInMs]).toEqual([5, 0, 11_001]);
  await clock.advance(11_001);
  expect(health.now.connected).toBe(false);
  health.accept({ kind: 'pace', meter: 'home', intervalS: 8 });
  expect(health.now).toMatchObject({ connected: true, staleAfterMs: 29_000 });
  expect([health.intervalS, health.staleInMs]).toEqual([8, 18_000]);
});

test('the mark is three intervals and five seconds', () => {
  expect([2, 60, 3600].map((seconds) => healthOf(0, 'connected', seconds).staleAfterMs)).toEqual([
    11_000, 185_000, 10_805_000,
  ]);
});
