import { HalfHourArchive } from '../../src/archive/half-hour-archive.ts';
import type { ArchivedMark } from '../../src/archive/month-file.ts';
import { houseClock } from '../../src/cli/demo/demo-house.ts';
import type { Pan } from '../../src/model/pan.ts';
import type { Reading } from '../../src/model/reading.ts';
import type { Activity, BridgeEvent, LinkPhase, LinkStatus, RecoveryRung } from '../../src/model/status.ts';
import type { MeterReader } from '../../src/meter/meter-reader.ts';
import type { Remembered } from '../../src/meter/meter-memory.ts';
import type { Wire } from '../../src/wire/wire.ts';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { Simulator } from '../../src/simulator/sim.ts';
import type { Answered } from '../../src/simulator/sim.ts';
import type { Supervisor } from '../../src/supervisor/supervisor.ts';
import { rigLog } from './log-lines.ts';
import type { LogLine } from './log-lines.ts';
import { inMemory, openMeterRun, withoutRepeats } from './meter-run.ts';
import type { Memory, MeterRunOptions } from './meter-run.ts';
import { VirtualClock } from './virtual-clock.ts';
import { simulatorWire } from './wires.ts';

export interface Rig {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly supervisor: Supervisor;
  readonly reader: MeterReader;
  readonly events: BridgeEvent[];
  readonly truth: Answered[];
  readonly pans: Memory<Pan>;
  readonly memory: Memory<Remembered>;
  /** The archive of half hours as it is on the disk. */
  archived(): Promise<readonly ArchivedMark[]>;
  readonly log: LogLine[];
  /** Phases in order. */
  phases(): LinkPhase[];
  readings(): Reading[];
  statuses(): LinkStatus[];
  /** How often something was done. */
  count(what: Activity['what']): number;
  /** Steps of recovery in order. */
  rungs(): RecoveryRung[];
  /** Error codes that were published, in order, without repeats. */
  errors(): string[];
  /** Runs until the n-th reading. */
  untilReadings(n: number, limitMs?: number): Promise<void>;
  /** Runs until one more reading. @returns how long it took, virtual ms. */
  nextReading(limitMs?: number): Promise<number>;
  untilPhase(phase: LinkPhase, limitMs?: number): Promise<void>;
  /** Ends the supervisor as SIGTERM does. @returns when it has ended. */
  stop(): Promise<void>;
  /** As after a restart of ours: memory and module are as they were. */
  restart(): Promise<void>;
}

export interface RigOptions extends MeterRunOptions {
  readonly simulator?: SimulatorOptions;
  readonly pan?: Pan;
  /** Whether the stick is there at the start. Default true. */
  readonly plugged?: boolean;
  /** Instead of the simulator's own. */
  readonly wire?: (rig: { readonly clock: VirtualClock; readonly simulator: Simulator }) => Wire;
}

/** Supervisor, module and simulator in memory, under virtual time. */
export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const clock = new VirtualClock();
  const ours = options.housePace === undefined ? clock : houseClock(clock, options.housePace);
  const truth: Answered[] = [];
  const onAnswer = (answered: Answered): void => void truth.push(answered);
  const simulator = new Simulator({ seed: 1, historyDays: 2, ...options.simulator }, { clock, onAnswer });
  if (options.plugged === false) simulator.unplug();
  const wire = options.wire?.({ clock, simulator }) ?? simulatorWire(clock, simulator);
  const memories = inMemory();
  memories.pans.value = options.pan;
  const events: BridgeEvent[] = [];
  const { log, lines } = rigLog(clock);
  const emit = (event: BridgeEvent): void => void events.push(event);
  let reader: MeterReader;
  let ending = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const start = async (): Promise<Supervisor> => {
    const { supervisor, reader: opened } = await openMeterRun(options, { clock: ours, log, wire, memories, emit });
    reader = opened;
    ending = new AbortController();
    ended = supervisor.run(ending.signal);
    ended.catch(() => undefined);
    return supervisor;
  };
  let supervisor = await start();
  const statuses = (): LinkStatus[] => events.flatMap((event) => (event.kind === 'status' ? [event.status] : []));
  const readings = (): Reading[] => events.flatMap((event) => (event.kind === 'reading' ? [event.reading] : []));
  const untilReadings = (n: number, limitMs = 300_000): Promise<void> =>
    clock.until(() => readings().length >= n, limitMs);
  const stop = async (): Promise<void> => {
    ending.abort(new Error('SIGTERM'));
    await ended;
  };
  return {
    clock,
    simulator,
    get supervisor() {
      return supervisor;
    },
    get reader() {
      return reader;
    },
    events,
    truth,
    pans: memories.pans,
    memory: memories.memory,
    archived: async () => (await HalfHourArchive.on(memories.months, log)).range(0, Infinity),
    log: lines,
    statuses,
    readings,
    phases: () => withoutRepeats(statuses().map(({ phase }) => phase)),
    count: (what) => events.filter((event) => event.kind === 'activity' && event.activity.what === what).length,
    rungs: () =>
      events.flatMap((event) =>
        event.kind === 'activity' && event.activity.what === 'rung' ? [event.activity.rung] : [],
      ),
    errors: () => withoutRepeats(statuses().flatMap(({ error }) => (error ? [error.code] : []))),
    untilReadings,
    nextReading: async (limitMs) => {
      const startMs = clock.monotonicMs();
      await untilReadings(readings().length + 1, limitMs);
      return clock.monotonicMs() - startMs;
    },
    untilPhase: (phase, limitMs = 300_000) => clock.until(() => statuses().at(-1)?.phase === phase, limitMs),
    stop,
    restart: async () => {
      await stop();
      supervisor = await start();
    },
  };
}
