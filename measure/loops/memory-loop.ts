import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRig } from '../../test/support/rig.ts';
import { spread } from './figures.ts';
import type { Spread } from './figures.ts';

export interface MemoryResult {
  readonly kind: 'unplug-memory';
  readonly times: number;
  /** Virtual time from the replug to the next reading, ms. */
  readonly readingMs: Spread;
  /** Who waits at the end less who waited at the start: each is a wait that nothing ends. */
  readonly sleepers: number;
  readonly heapGrowthMb: number;
  readonly bad: readonly string[];
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heapMb = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
};

/** The same without a process and under virtual time: a thousand unplugs in some seconds. */
export async function memoryLoop(times: number): Promise<MemoryResult> {
  const rig = await createRig();
  const { clock, simulator, events } = rig;
  await rig.untilReadings(3);
  const steady = clock.sleepers;
  const took: number[] = [];
  let early = heapMb();
  for (let number = 1; number <= times; number++) {
    simulator.unplug();
    await clock.advance(300 + ((number * 7919) % 20_000));
    events.length = rig.truth.length = 0;
    (rig.log as unknown[]).length = 0;
    simulator.plug();
    const pluggedMs = clock.monotonicMs();
    await rig.untilReadings(1);
    took.push(clock.monotonicMs() - pluggedMs);
    if (number === Math.ceil(times / 10)) early = heapMb();
  }
  await clock.advance(5000);
  const sleepers = clock.sleepers - steady;
  const heapGrowthMb = Math.round((heapMb() - early) * 10) / 10;
  await rig.stop();
  const bad = [
    ...(sleepers > 1 ? [`${sleepers} more wait at the end`] : []),
    ...(heapGrowthMb > 4 ? [`the heap grew by ${heapGrowthMb} MB`] : []),
  ];
  return { kind: 'unplug-memory', times, readingMs: spread(took), sleepers, heapGrowthMb, bad };
}
