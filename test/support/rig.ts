import { pino } from 'pino';
import { BridgeError } from '../../src/kernel/errors.ts';
import type { Log } from '../../src/kernel/log.ts';
import type { Pan } from '../../src/model/pan.ts';
import type { Reading } from '../../src/model/reading.ts';
import type { BridgeEvent, LinkPhase, LinkStatus, RecoveryRung } from '../../src/model/status.ts';
import type { Remembered } from '../../src/meter/meter-memory.ts';
import { MeterReader } from '../../src/meter/meter-reader.ts';
import { AirtimeRecord } from '../../src/module/airtime-limit.ts';
import type { StoredAirtime } from '../../src/module/airtime-limit.ts';
import { openModule } from '../../src/module/open-module.ts';
import type { Wire } from '../../src/wire/wire.ts';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { Simulator } from '../../src/simulator/sim.ts';
import type { Answered } from '../../src/simulator/sim.ts';
import type { StateFile } from '../../src/store/state-file.ts';
import { Supervisor } from '../../src/supervisor/supervisor.ts';
import { VirtualClock } from './virtual-clock.ts';

export const credentials = { routeBId: '0123456789ABCDEF0123456789ABCDEF', routeBPassword: 'ABCDEFGHIJKL' };

/** A state file that lives in memory and outlasts a restart of the rig. */
export class Memory<T> {
  value: T | undefined;
  saves = 0;
  load(): Promise<T | undefined> {
    return Promise.resolve(this.value);
  }
  save(value: T): Promise<boolean> {
    this.saves++;
    this.value = value;
    return Promise.resolve(true);
  }
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly supervisor: Supervisor;
  readonly events: BridgeEvent[];
  readonly truth: Answered[];
  readonly pans: Memory<Pan>;
  readonly memory: Memory<Remembered>;
  readonly log: { readonly level: number; readonly msg: string }[];
  /** Phases in order. */
  phases(): LinkPhase[];
  readings(): Reading[];
  statuses(): LinkStatus[];
  /** Steps of recovery in order. */
  rungs(): RecoveryRung[];
  /** Error codes that were published, in order, without repeats. */
  errors(): string[];
  /** Runs until the n-th reading. */
  untilReadings(n: number, limitMs?: number): Promise<void>;
  untilPhase(phase: LinkPhase, limitMs?: number): Promise<void>;
  /** Ends the supervisor as SIGTERM does. @returns when it has ended. */
  stop(): Promise<void>;
  /** As after a restart of ours: memory and module are as they were. */
  restart(): Promise<void>;
}

export interface RigOptions {
  readonly simulator?: SimulatorOptions;
  readonly intervalMs?: number;
  readonly energyIntervalMs?: number;
  readonly contractAmpere?: number;
  readonly pan?: Pan;
  readonly onStuck?: (signal: AbortSignal) => Promise<void>;
  /** Whether the stick is there at the start. Default true. */
  readonly plugged?: boolean;
  /** Instead of the simulator's own. */
  readonly wire?: (rig: { readonly clock: VirtualClock; readonly simulator: Simulator }) => Wire;
}

/** Supervisor, module and simulator in memory, under virtual time. */
export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const clock = new VirtualClock();
  const truth: Answered[] = [];
  const onAnswer = (answered: Answered): void => void truth.push(answered);
  const simulator = new Simulator({ seed: 1, ...options.simulator }, { clock, onAnswer });
  if (options.plugged === false) simulator.unplug();
  const wire = options.wire?.({ clock, simulator }) ?? simulatorWire(clock, simulator);
  const pans = new Memory<Pan>();
  pans.value = options.pan;
  const memory = new Memory<Remembered>();
  const airtimes = new Memory<StoredAirtime>();
  const events: BridgeEvent[] = [];
  const lines: { level: number; msg: string }[] = [];
  const log: Log = pino(
    { level: process.env['RIG_LOG'] ?? 'info' },
    {
      write: (text) => {
        lines.push(JSON.parse(text) as { level: number; msg: string });
        if (process.env['RIG_LOG']) process.stderr.write(text);
      },
    },
  );
  const emit = (event: BridgeEvent): void => void events.push(event);
  let ending = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  const start = async (): Promise<Supervisor> => {
    const reader = await MeterReader.open(
      {
        id: 'home',
        intervalS: (options.intervalMs ?? 10_000) / 1000,
        energyIntervalS: (options.energyIntervalMs ?? 60_000) / 1000,
        ...(options.contractAmpere === undefined ? {} : { contractAmpere: options.contractAmpere }),
      },
      { clock, log, emit, memory: memory as unknown as StateFile<Remembered> },
    );
    const airtime = await AirtimeRecord.open(clock, airtimes);
    const supervisor = new Supervisor({
      meter: 'home',
      clock,
      log,
      random: () => 0.5,
      openModule: (signal) => openModule(wire, credentials, { clock, log, airtime }, signal),
      whenPresent: (signal) => wire.whenPresent(signal),
      reader,
      pans,
      emit,
      ...(options.onStuck ? { onStuck: options.onStuck } : {}),
    });
    ending = new AbortController();
    ended = supervisor.run(ending.signal);
    ended.catch(() => undefined);
    return supervisor;
  };
  let supervisor = await start();
  const statuses = (): LinkStatus[] => events.flatMap((event) => (event.kind === 'status' ? [event.status] : []));
  const readings = (): Reading[] => events.flatMap((event) => (event.kind === 'reading' ? [event.reading] : []));
  const withoutRepeats = <T>(items: readonly T[]): T[] => items.filter((item, at) => item !== items[at - 1]);
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
    events,
    truth,
    pans,
    memory,
    log: lines,
    statuses,
    readings,
    phases: () => withoutRepeats(statuses().map(({ phase }) => phase)),
    rungs: () =>
      events.flatMap((event) =>
        event.kind === 'activity' && event.activity.what === 'rung' ? [event.activity.rung] : [],
      ),
    errors: () => withoutRepeats(statuses().flatMap(({ error }) => (error ? [error.code] : []))),
    untilReadings: (n, limitMs = 300_000) => clock.until(() => readings().length >= n, limitMs),
    untilPhase: (phase, limitMs = 300_000) => clock.until(() => statuses().at(-1)?.phase === phase, limitMs),
    stop,
    restart: async () => {
      await stop();
      supervisor = await start();
    },
  };
}

export function simulatorWire(clock: VirtualClock, simulator: Simulator): Wire {
  return {
    name: 'simulator',
    open: () =>
      simulator.plugged
        ? Promise.resolve(simulator.connect())
        : Promise.reject(new BridgeError('PORT_MISSING', 'unplugged')),
    async whenPresent(signal) {
      while (!simulator.plugged) await clock.sleep(500, signal);
      signal.throwIfAborted();
    },
  };
}
