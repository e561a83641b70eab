import { World } from '../../test/support/world.ts';
import { Dice } from './dice.ts';

/** Seconds from an event to what had to follow, over many outages. */
export interface Times {
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
}

export interface RecoveryResult {
  readonly seed: number;
  readonly intervalS: number;
  /** Meter lost (its last answer at the latest) → a subscriber sees it unavailable. */
  readonly unavailable: Times;
  /** Meter back on its PAN → first reading. */
  readonly samePan: Times;
  /** Meter back on another channel and PAN → first reading. */
  readonly movedPan: Times;
  /** The module restarts by itself → first reading. */
  readonly moduleReset: Times;
  /** The module answers again after a hang → first reading. */
  readonly moduleHang: Times;
  /** The meter ends the session → first reading. */
  readonly sessionEnded: Times;
  /** The stick is plugged in again → first reading, without the module's start and the join. */
  readonly replug: Times;
  /** The share of the radio alone in a recovery: booting, joining, one answer. */
  readonly radioS: number;
}

const CHANNELS = [0x21, 0x24, 0x28, 0x2c, 0x30, 0x33, 0x37, 0x3c];
const LIMIT_MS = 1_200_000;
const INTERVAL_MS = 10_000;

/** Recovery at the radio's real pace, under virtual time. @param outages of each kind. */
export async function recoveryFigures(seed: number, outages: number): Promise<RecoveryResult> {
  const dice = new Dice(seed);
  const world = await World.create({
    simulator: { edition: seed % 2 === 1 ? 'SE' : 'DSE', seed, routeBId: '0123456789ABCDEF0123456789ABCDEF' },
    intervalMs: INTERVAL_MS,
    random: dice.next,
    turns: 2,
    logLevel: 'error',
  });
  const { clock, simulator } = world;
  const well = async (): Promise<void> => {
    await world.until(() => world.healthy, LIMIT_MS);
    await clock.advance(dice.between(65_000, 120_000)); // a good session resets the back-off
  };
  const untilReading = async (): Promise<number> => {
    const [startMs, before] = [clock.monotonicMs(), world.readings];
    await world.until(() => world.readings > before, LIMIT_MS);
    return (clock.monotonicMs() - startMs) / 1000;
  };
  const times = async (measure: () => Promise<number>): Promise<Times> => {
    const all: number[] = [];
    for (let i = 0; i < outages; i++) {
      await well();
      all.push(await measure());
    }
    return summary(all);
  };

  const unavailable: number[] = [];
  /** The meter is away for half a minute to two hours, most often for some minutes. */
  const outage = (moves: boolean) => async (): Promise<number> => {
    simulator.moveMeter({ channel: 99 });
    const awayMs = 30_000 * 240 ** dice.next();
    const startMs = clock.monotonicMs();
    if (awayMs > 45_000) {
      await world.until(() => !world.oracle.online, awayMs);
      // An answer that was on its way still counts as one.
      unavailable.push((clock.monotonicMs() - Math.max(startMs, world.oracle.newestMs ?? 0)) / 1000);
    }
    await clock.advance(Math.max(0, startMs + awayMs - clock.monotonicMs()));
    if (moves) {
      const others = CHANNELS.filter((channel) => channel !== world.home[0]);
      world.home = [dice.pick(others), Math.floor(dice.between(1, 0xfffe))];
    }
    const [channel, panId] = world.home;
    simulator.moveMeter({ channel, panId });
    return untilReading();
  };
  const samePan = await times(outage(false));
  const movedPan = await times(outage(true));
  const moduleReset = await times(async () => {
    world.inject({ fault: 'module-reset' });
    return untilReading();
  });
  const moduleHang = await times(async () => {
    const hangS = dice.between(10, 120);
    world.inject({ fault: 'module-hang', for_s: hangS });
    await clock.advance(hangS * 1000);
    return untilReading();
  });
  const sessionEnded = await times(async () => {
    world.inject({ fault: 'event-26' });
    await clock.advance(1);
    return untilReading();
  });
  const radio: number[] = [];
  const replug = await times(async () => {
    simulator.unplug();
    await clock.advance(dice.between(2000, 60_000));
    simulator.plug();
    const bootMs = 1000;
    const startMs = clock.monotonicMs();
    const before = world.readings;
    let joiningMs = 0;
    await world.until(() => {
      if (world.status?.phase === 'joining') joiningMs ||= clock.monotonicMs();
      return world.readings > before;
    }, LIMIT_MS);
    const all = clock.monotonicMs() - startMs;
    const radioMs = bootMs + (clock.monotonicMs() - joiningMs);
    radio.push(radioMs / 1000);
    return Math.max(0, all - radioMs) / 1000;
  });
  await well();
  const { violations } = world.oracle;
  if (violations.length > 0) throw new Error(violations.join('\n'));
  await world.end();
  return {
    seed,
    intervalS: INTERVAL_MS / 1000,
    unavailable: summary(unavailable),
    samePan,
    movedPan,
    moduleReset,
    moduleHang,
    sessionEnded,
    replug,
    radioS: summary(radio).p50,
  };
}

function summary(seconds: readonly number[]): Times {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.ceil(sorted.length * share) - 1] ?? NaN) * 10) / 10;
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), most: at(1) };
}
