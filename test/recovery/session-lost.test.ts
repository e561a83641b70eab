import { expect, test } from 'vitest';
import type { LinkPhase } from '../../src/model/status.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { all } from '../support/fault-catalogue.ts';
import type { Edition } from '../support/fault-catalogue.ts';
import { withoutReopening } from '../support/meter-run.ts';
import { createRig } from '../support/rig.ts';

/** What the catalogue (radio-faults, module-faults) does not have in this form. */
interface Loss {
  readonly name: string;
  readonly editions: readonly Edition[];
  readonly fault: Fault | readonly Fault[];
  /** From the fault on; whether the port is opened anew does not count. */
  readonly phases: readonly LinkPhase[];
  readonly code?: string;
  /** From the fault to the next reading that proves recovery, virtual time. */
  readonly withinMs: number;
}

const anew: readonly LinkPhase[] = ['waiting', 'joining', 'connected'];
const skstack: readonly Edition[] = ['SE', 'DSE'];
const j11: readonly Edition[] = ['J11'];

const losses: readonly Loss[] = [
  {
    name: 'the module takes 42 s to renew the session (EVENT 29, 25)',
    editions: skstack,
    fault: { fault: 'event-29', for_s: 42 },
    phases: [],
    withinMs: 60_000,
  },
  {
    name: 'the module takes 85 s to renew the session (EVENT 29, 25)',
    editions: skstack,
    fault: { fault: 'event-29', for_s: 85 },
    phases: [],
    withinMs: 110_000,
  },
  {
    name: 'a request is answered FAIL ER09: the line damaged it',
    editions: skstack,
    fault: { fault: 'fail-code', on: 'SKSENDTO', code: 9 },
    phases: [],
    withinMs: 10_000,
  },
  {
    name: 'a meter that keeps its session takes no other before SKTERM',
    editions: skstack,
    fault: { fault: 'session-clings' },
    phases: anew,
    code: 'METER_SILENT',
    withinMs: 60_000,
  },
  {
    name: 'three packets cannot be decrypted: a new authentication helps (6038, 00D2)',
    editions: j11,
    fault: { fault: 'receive-failure' },
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'two packets cannot be decrypted: nothing is done',
    editions: j11,
    fault: { fault: 'receive-failure', count: 2 },
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'a new authentication is refused (6038, 00D2, 6028 02)',
    editions: j11,
    fault: [{ fault: 'join-refused' }, { fault: 'receive-failure' }],
    phases: anew,
    code: 'SESSION_LOST',
    withinMs: 30_000,
  },
  {
    name: 'a new authentication is not answered',
    editions: j11,
    fault: [{ fault: 'join-silent' }, { fault: 'receive-failure' }],
    phases: anew,
    code: 'SESSION_LOST',
    withinMs: 90_000,
  },
  {
    name: 'the airtime is used up for ten minutes (EVENT 32, 33; J11: send result 2)',
    editions: all,
    fault: { fault: 'event-32', for_s: 600 },
    phases: ['paused', 'connected'],
    withinMs: 630_000,
  },
  {
    name: 'the module hangs for 20 s',
    editions: j11,
    fault: { fault: 'module-hang', for_s: 20 },
    phases: anew,
    code: 'MODULE_SILENT',
    withinMs: 60_000,
  },
  {
    name: 'the stick is pulled out for 10 s',
    editions: all,
    fault: { fault: 'port-lost', for_s: 10 },
    phases: anew,
    code: 'PORT_LOST',
    withinMs: 30_000,
  },
  {
    name: 'the stick is pulled out for 40 s',
    editions: all,
    fault: { fault: 'port-lost', for_s: 40 },
    phases: anew,
    code: 'PORT_LOST',
    withinMs: 60_000,
  },
  {
    name: 'garbage in between',
    editions: j11,
    fault: { fault: 'garbage', count: 300 },
    phases: [],
    withinMs: 20_000,
  },
  {
    name: 'every byte comes alone',
    editions: j11,
    fault: { fault: 'dribble', for_s: 60 },
    phases: [],
    withinMs: 20_000,
  },
];

for (const { name, editions: tried, fault, phases, code, withinMs } of losses)
  for (const edition of tried)
    test(`${edition}: ${name}: it comes back by itself`, async () => {
      const rig = await createRig({ simulator: { edition } });
      await rig.untilReadings(3);
      const before = { phases: rig.phases().length, readings: rig.readings().length };
      const since = (): LinkPhase[] => withoutReopening(rig.phases().slice(before.phases));
      for (const each of [fault].flat()) rig.simulator.inject(each);
      await rig.clock.advance(1);
      let tookMs = await rig.nextReading(withinMs);
      // An answer already on its way, or the one of a session about to be lost, proves nothing.
      if (since().length < phases.length) {
        await rig.clock.until(() => since().length >= phases.length, withinMs);
        tookMs += await rig.nextReading(withinMs);
      }
      expect(tookMs).toBeLessThanOrEqual(withinMs);
      await rig.untilReadings(before.readings + 3, 60_000);
      expect(since()).toEqual(phases);
      expect(rig.errors()).toEqual(code === undefined ? [] : [code]);
      await rig.stop();
      await rig.simulator[Symbol.asyncDispose]();
      await rig.clock.settle();
      expect(rig.clock.sleepers).toBe(0);
    });

test('a renewal every 19.2 h is waited for: no join in five days', async () => {
  const rig = await createRig({ intervalMs: 600_000, energyIntervalMs: 600_000 });
  await rig.untilReadings(2);
  expect(rig.count('join')).toBe(1);
  await rig.clock.advance(5 * 86_400_000);
  expect([rig.count('join'), rig.statuses().at(-1)?.phase]).toEqual([1, 'connected']);
  await rig.stop();
});
