import { expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { World } from '../support/world.ts';

const HOUR = 3_600_000;
/** For as long as any of these tests. */
const ALWAYS_S = 100_000;

/** A household whose subscriber notes each change of what tells whether the meter is there. */
async function household(intervalS: number, answerS: number, simulator: SimulatorOptions = {}) {
  const world = await World.create({ intervalMs: intervalS * 1000, simulator });
  world.inject({ fault: 'late-reply', after_s: answerS, for_s: ALWAYS_S });
  const seen: string[] = [];
  const last = new Map<string, string>();
  const { onMessage } = world.broker;
  world.broker.onMessage = (message) => {
    onMessage(message);
    if (message.topic.endsWith('meter/availability')) note('availability', message.payload);
    if (message.topic.endsWith('state/link'))
      note('connected', (JSON.parse(message.payload) as { connected: string }).connected);
  };
  function note(kind: string, value: string): void {
    if (last.get(kind) !== value) seen.push(`${kind} ${value}`);
    last.set(kind, value);
  }
  return { world, seen };
}

interface SlowMeter {
  readonly name: string;
  readonly intervalS: number;
  readonly answerS: number;
  readonly simulator?: SimulatorOptions;
  readonly watchedMs?: number;
}
const slowMeters: readonly SlowMeter[] = [
  { name: 'answers after 5 s and is asked every 2 s', intervalS: 2, answerS: 5 },
  { name: 'answers after 12 s and is asked every 10 s', intervalS: 10, answerS: 12 },
  {
    name: 'answers one property at a time, after 3 s, and is asked every 2 s',
    intervalS: 2,
    answerS: 3,
    simulator: { maxOpc: 1 },
    watchedMs: 300_000, // until a larger request is tried, and lost
  },
];
for (const { name, intervalS, answerS, simulator, watchedMs = HOUR } of slowMeters) {
  test(`a meter that ${name} is there for good: the mark counts the pace really used`, async () => {
    const { world, seen } = await household(intervalS, answerS, simulator);
    await world.until(() => world.oracle.online, 600_000);
    await world.clock.advance(180_000); // what it can take is found out
    seen.length = 0;
    await world.clock.advance(watchedMs);
    expect(seen).toEqual([]);
    expect(Number(world.oracle.shown('state/link')?.['interval'])).toBeGreaterThanOrEqual(1.5 * answerS);
    expect(world.oracle.violations).toEqual([]);
    expect(await world.end()).toEqual([]);
  });
}

test('connected goes with the mark, before availability, while requests of 20 s each are lost', async () => {
  const { world, seen } = await household(2, 5);
  await world.until(() => world.oracle.online, 600_000);
  await world.clock.advance(300_000); // the cycles that asked for the profile too are forgotten
  const { markMs, newestMs = NaN } = world.oracle;
  seen.length = 0;
  world.inject({ fault: 'lost-reply', for_s: 58 });
  await world.until(() => world.oracle.shown('state/link')?.['connected'] === 'OFF', 120_000);
  expect(world.status?.phase).toBe('connected');
  expect(world.oracle.shown('state/link')?.['state']).toBe('connected');
  expect(world.clock.monotonicMs() - (world.oracle.newestMs ?? newestMs)).toBeLessThanOrEqual(markMs + 100);
  await world.until(() => world.oracle.shown('state/link')?.['connected'] === 'ON', 600_000);
  expect(seen).toEqual(['connected OFF', 'availability offline', 'availability online', 'connected ON']);
  expect(world.oracle.violations).toEqual([]);
  expect(await world.end()).toEqual([]);
});
