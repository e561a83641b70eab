import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Edition } from '../../test/support/fault-catalogue.ts';
import { dayPrices } from '../../src/model/price.ts';
import { World } from '../../test/support/world.ts';
import { Dice } from './dice.ts';
import { randomFault } from './random-faults.ts';

export interface SoakOptions {
  readonly seed: number;
  readonly days: number;
  readonly faults: number;
  readonly edition: Edition;
  readonly intervalMs: number;
  /** Called now and then. */
  readonly onProgress?: (facts: { readonly day: number; readonly faults: number; readonly violations: number }) => void;
}

export interface SoakResult {
  readonly seed: number;
  readonly edition: string;
  readonly days: number;
  readonly faults: number;
  readonly readings: number;
  readonly messages: number;
  readonly checks: number;
  readonly reconnects: number;
  readonly brokerLogins: number;
  /** Readings that came twice, or never, where the promise allows it: in flight, a kill, a disk that refused. */
  readonly doubled: number;
  readonly lost: number;
  /** Minutes told, and how many of them again after a kill or a disk that refused; missed half hours read; usages compared. */
  readonly minutes: number;
  readonly minutesAgain: number;
  readonly halfHoursRead: number;
  readonly usages: number;
  /** The most scans and joins while one airtime limit lasted. */
  readonly mostSearchesLimited: number;
  readonly heapGrowthMb: number;
  /** Share of the time a subscriber saw the meter as available. */
  readonly availability: number;
  /** Longest wait for all to be well after the last cure, s. */
  readonly slowestRecoveryS: number;
  readonly violations: readonly string[];
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heapMb = (): number => {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
};

const DAY_MS = 86_400_000;
/** So often all faults are cured, and it has to become well again. */
const QUIET_EVERY = 40;
/** The longest airtime limit, and a ladder climbed to its end. */
const WELL_LIMIT_MS = 3_600_000 + 20 * 60_000;
const STAY_WELL_MS = 60_000;
/** All that an outage of some hours left to be read from the meter's memory, ten minutes of it in ten seconds, live values first. */
const WHOLE_LIMIT_MS = 60 * 60_000;
/** Over three quarters of a run, in which the subscriber's own record of what the meter said still fills. */
const MOST_GROWTH_MB = 12;

interface Cure {
  readonly dueMs: number;
  readonly heal: (world: World) => void | Promise<void>;
}

/** Random faults, reproducible by their seed, one on top of the other. The world checks its invariants at every step. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { seed, days, faults, edition, intervalMs } = options;
  const dice = new Dice(seed);
  const world = await World.create({
    simulator: {
      edition,
      seed,
      solar: seed % 2 === 0,
      routeBId: '0123456789ABCDEF0123456789ABCDEF',
      sessionLifetimeS: 43_200,
      generation: 2,
      historyDays: 3,
    },
    minuteHistory: true,
    prices: { buy: dayPrices(31, [{ from: '23:00', to: '7:00', yenPerKwh: 20.5 }]) ?? [], sell: dayPrices(16) ?? [] },
    intervalMs,
    energyIntervalMs: Math.max(60_000, intervalMs),
    random: dice.next,
    turns: 2,
    disk: true,
    logLevel: 'info', // what has to wait is told there
  });
  const { clock, oracle, household } = world;
  const meanGapMs = (days * DAY_MS) / faults;
  const cures: Cure[] = [];
  const mishaps: string[] = [];
  const names: string[] = [];
  let done = 0;
  let slowestMs = 0;
  let earlyMb: number | undefined;

  const advance = async (ms: number): Promise<void> => {
    const end = clock.monotonicMs() + ms;
    for (;;) {
      cures.sort((a, b) => a.dueMs - b.dueMs);
      const next = cures[0];
      if (!next || next.dueMs > end) break;
      await clock.advance(Math.max(0, next.dueMs - clock.monotonicMs()));
      cures.shift();
      await next.heal(world);
    }
    await clock.advance(Math.max(0, end - clock.monotonicMs()));
  };
  const quiet = async (): Promise<void> => {
    for (const { heal } of cures.splice(0)) await heal(world);
    const startMs = clock.monotonicMs();
    try {
      await world.until(() => world.healthy && world.sink.health().queued === 0, WELL_LIMIT_MS);
      slowestMs = Math.max(slowestMs, clock.monotonicMs() - startMs);
      await world.until(() => world.healthy && household.isWhole(world.archive), WHOLE_LIMIT_MS);
      await world.until(() => world.healthy && world.sink.health().queued === 0, WELL_LIMIT_MS);
      oracle.settle();
      household.settle(world.archive);
      world.mark();
    } catch {
      const { status, readings } = world;
      const facts = {
        phase: status?.phase,
        error: status?.error?.code,
        meterAgeMs: clock.monotonicMs() - (oracle.newestMs ?? 0),
        readings,
        online: oracle.online,
        missing: household.halfHours.missing(world.archive).slice(0, 5),
        minutes: household.minutes.facts,
        broker: world.sink.health(),
        log: world.log.slice(-6).map(({ msg }) => msg),
        errors: world.errors.slice(-12),
        phases: world.phases.slice(-12),
        done: names.slice(-QUIET_EVERY),
      };
      mishaps.push(`after ${done} faults: not well again: ${JSON.stringify(facts)}`);
    }
    await clock.advance(STAY_WELL_MS);
  };

  await world.until(() => world.healthy, 600_000);
  while (done < faults && mishaps.length === 0 && oracle.violations.length === 0) {
    await advance(-Math.log(1 - dice.next()) * meanGapMs);
    const fault = randomFault(dice);
    names.push(fault.name);
    if (names.length > QUIET_EVERY) names.shift();
    const heal = await fault.strike(world, dice);
    done++;
    if (heal) {
      const [least, most] = fault.lastsS ?? [1, 60];
      cures.push({ dueMs: clock.monotonicMs() + 1000 * dice.between(least, most), heal });
    }
    if (done % QUIET_EVERY !== 0) continue;
    await quiet();
    if (done >= faults / 4) earlyMb ??= heapMb();
    const day = clock.monotonicMs() / DAY_MS;
    if (done % 400 === 0) options.onProgress?.({ day, faults: done, violations: oracle.violations.length });
  }
  await quiet();
  const heapGrowthMb = Math.round((heapMb() - (earlyMb ?? heapMb())) * 10) / 10;
  if (heapGrowthMb > MOST_GROWTH_MB) mishaps.push(`the heap grew by ${heapGrowthMb} MB`);
  const result = {
    seed,
    edition,
    days: Math.round((clock.monotonicMs() / DAY_MS) * 100) / 100,
    faults: done,
    readings: world.readings,
    messages: oracle.messages,
    checks: oracle.checks,
    reconnects: world.reconnects,
    brokerLogins: world.broker.logins,
    doubled: oracle.ledger.doubled,
    lost: oracle.ledger.lost,
    minutes: household.minutes.told,
    minutesAgain: household.minutes.again,
    halfHoursRead: household.halfHours.filled,
    usages: household.usage.compared,
    availability: Math.round((oracle.onlineMs / clock.monotonicMs()) * 10_000) / 10_000,
    mostSearchesLimited: world.mostSearchesLimited,
    heapGrowthMb,
    slowestRecoveryS: Math.round(slowestMs / 1000),
  };
  const left = await world.end();
  return { ...result, violations: [...oracle.violations, ...mishaps, ...left] };
}
