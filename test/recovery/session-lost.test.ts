import { expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { withoutReopening } from '../support/meter-run.ts';
import { createRig } from '../support/rig.ts';

interface Hazard {
  readonly name: string;
  readonly fault: Fault;
  /** Phases from the fault on. */
  readonly phases: readonly string[];
  readonly code?: string;
  /** From the fault to the next reading, virtual time. */
  readonly withinMs: number;
}

const hazards: readonly Hazard[] = [
  {
    name: 'the meter ends the session (EVENT 26)',
    fault: { fault: 'event-26' },
    phases: ['waiting', 'joining', 'connected'],
    code: 'SESSION_LOST',
    withinMs: 20_000,
  },
  {
    name: 'the session ends in order (EVENT 27)',
    fault: { fault: 'event-27' },
    phases: ['waiting', 'joining', 'connected'],
    code: 'SESSION_LOST',
    withinMs: 20_000,
  },
  {
    name: 'the end times out (EVENT 28)',
    fault: { fault: 'event-28' },
    phases: ['waiting', 'joining', 'connected'],
    code: 'SESSION_LOST',
    withinMs: 20_000,
  },
  {
    name: 'a renewal is refused (EVENT 24)',
    fault: { fault: 'event-24' },
    phases: ['waiting', 'joining', 'connected'],
    code: 'SESSION_LOST',
    withinMs: 20_000,
  },
  {
    name: 'the module takes 42 s to renew the session (EVENT 29, 25)',
    fault: { fault: 'event-29', for_s: 42 },
    phases: [],
    withinMs: 60_000,
  },
  {
    name: 'the module takes 85 s to renew the session (EVENT 29, 25)',
    fault: { fault: 'event-29', for_s: 85 },
    phases: [],
    withinMs: 110_000,
  },
  {
    name: 'a request is answered FAIL ER09: the line damaged it',
    fault: { fault: 'fail-code', on: 'SKSENDTO', code: 9 },
    phases: [],
    withinMs: 10_000,
  },
  {
    name: 'a meter that keeps its session takes no other before SKTERM',
    fault: { fault: 'session-clings' },
    phases: ['waiting', 'joining', 'connected'],
    code: 'METER_SILENT',
    withinMs: 60_000,
  },
  {
    name: 'the lifetime runs out and is renewed (EVENT 29, 25)',
    fault: { fault: 'event-29' },
    phases: [],
    withinMs: 30_000,
  },
  {
    name: 'the lifetime runs out and is not renewed (EVENT 29 alone)',
    fault: { fault: 'event-29', recovers: false },
    phases: ['waiting', 'joining', 'connected'],
    code: 'SESSION_LOST',
    withinMs: 120_000,
  },
  {
    name: 'the airtime is used up for ten minutes (EVENT 32, 33)',
    fault: { fault: 'event-32', for_s: 600 },
    phases: ['paused', 'connected'],
    withinMs: 630_000,
  },
  {
    name: 'answers stop without any EVENT',
    fault: { fault: 'silent-session' },
    phases: ['waiting', 'joining', 'connected'],
    code: 'METER_SILENT',
    withinMs: 45_000,
  },
  {
    name: 'the module forgets the session without a word',
    fault: { fault: 'session-lost' },
    phases: ['waiting', 'joining', 'connected'],
    code: 'SESSION_LOST',
    withinMs: 30_000,
  },
  {
    name: 'the module restarts by itself',
    fault: { fault: 'module-reset' },
    phases: ['waiting', 'joining', 'connected'],
    withinMs: 30_000,
  },
  {
    name: 'the module hangs for 30 s',
    fault: { fault: 'module-hang', for_s: 30 },
    phases: ['waiting', 'opening', 'joining', 'connected'],
    code: 'MODULE_SILENT',
    withinMs: 75_000,
  },
  {
    name: 'the stick is pulled out for 40 s',
    fault: { fault: 'port-lost', for_s: 40 },
    phases: ['waiting', 'opening', 'joining', 'connected'],
    code: 'PORT_LOST',
    withinMs: 60_000,
  },
];

for (const edition of ['SE', 'DSE'] as const) {
  for (const { name, fault, phases, code, withinMs } of hazards) {
    test(`${edition}: ${name}: it comes back by itself`, async () => {
      const rig = await createRig({ simulator: { edition } });
      await rig.untilReadings(3);
      const before = { phases: rig.phases().length, readings: rig.readings().length, ms: rig.clock.monotonicMs() };
      rig.simulator.inject(fault);
      await rig.clock.advance(1);
      await rig.untilReadings(before.readings + 3, withinMs + 60_000);
      const first = rig.readings()[before.readings];
      const since = rig.phases().slice(before.phases);
      if (phases.length > 0) {
        await rig.clock.until(() => rig.phases().slice(before.phases).at(-1) === 'connected', withinMs);
        expect(withoutReopening(rig.phases().slice(before.phases))).toEqual(withoutReopening(phases));
      } else {
        expect(since).toEqual([]);
      }
      if (code) expect(rig.errors()).toContain(code);
      expect(rig.clock.monotonicMs() - before.ms).toBeLessThan(withinMs + 60_000);
      expect(first).toBeDefined();
      await rig.stop();
    });
  }
}

test('a renewal every 19.2 h is waited for: no join in five days', async () => {
  const rig = await createRig({ intervalMs: 600_000, energyIntervalMs: 600_000 });
  await rig.untilReadings(2);
  const joins = (): number => rig.events.filter((it) => it.kind === 'activity' && it.activity.what === 'join').length;
  expect(joins()).toBe(1);
  await rig.clock.advance(5 * 86_400_000);
  expect([joins(), rig.statuses().at(-1)?.phase]).toEqual([1, 'connected']);
  await rig.stop();
});
