import { expect, test } from 'vitest';
import type { ErrorCode } from '../../src/kernel/errors.ts';
import type { LinkPhase } from '../../src/model/status.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { credentials, withoutReopening } from './meter-run.ts';
import { World } from './world.ts';
import type { WorldOptions } from './world.ts';

export type Edition = 'SE' | 'DSE' | 'J11';

/** Where a fault means the same for J11 too. */
export const all: readonly Edition[] = ['SE', 'DSE', 'J11'];

/** Another household's meter answers to another Route-B ID. */
export const ownMeterOnly: WorldOptions = { simulator: { routeBId: credentials.routeBId } };
export const isOwnMeter = (world: World): void => expect(world.status?.pan?.macAddress).toBe('001C6400030C12A4');

/** One thing that goes wrong, and what must come of it. */
export interface Hazard {
  /** A sentence. */
  readonly name: string;
  /** Default SE and DSE. */
  readonly editions?: readonly Edition[];
  readonly world?: WorldOptions;
  /** It is there before we start; else it comes when all is well. */
  readonly atStart?: boolean;
  readonly fault: Fault | readonly Fault[] | ((world: World) => void | Promise<void>);
  /** How long it lasts before recovery is waited for, ms. */
  readonly lastsMs?: number;
  /** What ends it. */
  readonly heal?: (world: World) => void | Promise<void>;
  /** The trace from the fault until all is well; whether the port is opened anew on the way does not count. */
  readonly phases?: readonly LinkPhase[];
  /** The trace may be anything, but these are in it. */
  readonly passes?: readonly LinkPhase[];
  /** What is told meanwhile, and nothing else; none: nothing may be told. `any`: not what this one is about. */
  readonly error?: ErrorCode | readonly ErrorCode[] | 'any';
  /** From the end of the fault until all is well, virtual ms. */
  readonly withinMs: number;
  /** Readings in the half minute from then on, that first one included; default 3. */
  readonly readings?: number;
  readonly also?: (world: World) => void | Promise<void>;
}

const START_LIMIT_MS = 120_000;
/** All must stay well for so long. */
const AFTER_MS = 45_000;
const HALF_A_MINUTE_MS = 30_000;

/** Every hazard as a test, in each edition: trace, recovery without an end, nothing false shown, nothing left behind. */
export function catalogue(group: string, hazards: readonly Hazard[]): void {
  for (const hazard of hazards) {
    for (const edition of hazard.editions ?? (['SE', 'DSE'] as const)) {
      test(`fault: ${group}: ${hazard.name} (${edition})`, { timeout: 60_000 }, () => prove(hazard, edition));
    }
  }
}

async function prove(hazard: Hazard, edition: Edition): Promise<void> {
  const { fault, heal, lastsMs = 1 } = hazard;
  const strike = async (world: World): Promise<void> => {
    if (typeof fault === 'function') await fault(world);
    else world.inject(...(Array.isArray(fault) ? (fault as readonly Fault[]) : [fault as Fault]));
  };
  const options = hazard.world ?? {};
  const world = await World.create({
    ...options,
    turns: 4,
    simulator: { edition, ...options.simulator },
    ...(hazard.atStart ? { prepare: (early) => void strike(early) } : {}),
  });
  if (!hazard.atStart) {
    await world.until(() => world.healthy && world.readings >= 3, START_LIMIT_MS);
    world.mark();
    await strike(world);
  }
  await world.clock.advance(lastsMs);
  await heal?.(world);
  const healedMs = world.clock.monotonicMs();
  const before = world.readings;
  await untilWell(world, before, hazard.withinMs);
  expect(world.clock.monotonicMs() - healedMs).toBeLessThanOrEqual(hazard.withinMs);
  const phases = withoutReopening(world.phases);
  if (hazard.phases) expect(phases).toEqual(withoutReopening(hazard.phases));
  expect(phases).toEqual(expect.arrayContaining([...(hazard.passes ?? [])]));
  const { error = [], readings = 3 } = hazard;
  if (error !== 'any') expect(world.errors).toEqual([error].flat());
  await world.clock.advance(HALF_A_MINUTE_MS);
  expect(world.readings - before).toBeGreaterThanOrEqual(readings);
  await world.clock.advance(AFTER_MS - HALF_A_MINUTE_MS);
  await hazard.also?.(world);
  expect(world.status?.phase).toBe('connected');
  expect(world.status?.error).toBeUndefined();
  expect(world.ended).toBeUndefined();
  expect(world.tap.mostOpen).toBeLessThanOrEqual(1);
  expect(await world.stop()).toBeLessThanOrEqual(2000);
  expect(world.oracle.violations.join('\n')).toBe('');
  expect(world.oracle.online).toBe(false);
  expect(await world.end()).toEqual([]);
}

/** All is well, after at least one new reading. */
async function untilWell(world: World, before: number, limitMs: number): Promise<void> {
  try {
    await world.until(() => world.readings > before && world.healthy, limitMs);
  } catch (cause) {
    const facts = {
      phases: world.phases,
      errors: world.errors,
      readings: world.readings - before,
      ended: world.ended,
      sink: world.sink.health().detail,
      online: world.oracle.online,
      violations: world.oracle.violations,
    };
    throw new Error(`not well again within ${limitMs} ms: ${JSON.stringify(facts)}`, { cause });
  }
}
