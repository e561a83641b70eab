import { join } from 'node:path';
import { ArchiveFolder } from '../../src/archive/archive-folder.ts';
import type { MonthStore } from '../../src/archive/archive-folder.ts';
import { HalfHourArchive } from '../../src/archive/half-hour-archive.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { Log } from '../../src/kernel/log.ts';
import { meterMemory, panMemory } from '../../src/meter/meter-memory.ts';
import type { Remembered } from '../../src/meter/meter-memory.ts';
import { MeterReader } from '../../src/meter/meter-reader.ts';
import type { Pan } from '../../src/model/pan.ts';
import type { BridgeEvent } from '../../src/model/status.ts';
import { AirtimeRecord, airtimeMemory } from '../../src/module/airtime-limit.ts';
import type { StoredAirtime } from '../../src/module/airtime-limit.ts';
import { openModule } from '../../src/module/open-module.ts';
import type { StateFile } from '../../src/store/state-file.ts';
import { Supervisor } from '../../src/supervisor/supervisor.ts';
import type { Wire } from '../../src/wire/wire.ts';

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

type Remembering<T> = Pick<StateFile<T>, 'load' | 'save'>;

/** What outlasts a run of ours. */
export interface MeterMemories {
  readonly pans: Remembering<Pan>;
  readonly memory: Remembering<Remembered>;
  readonly airtimes: Remembering<StoredAirtime>;
  readonly months: MonthStore;
}

/** An archive's files in memory. */
class MonthMemory implements MonthStore {
  readonly path = 'memory';
  readonly months = new Map<string, string>();
  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.months.keys()].sort());
  }
  read(month: string): Promise<string> {
    return Promise.resolve(this.months.get(month) ?? '');
  }
  append(month: string, text: string): Promise<void> {
    this.months.set(month, (this.months.get(month) ?? '') + text);
    return Promise.resolve();
  }
}

export const inMemory = () => ({
  pans: new Memory<Pan>(),
  memory: new Memory<Remembered>(),
  airtimes: new Memory<StoredAirtime>(),
  months: new MonthMemory(),
});

export const inFiles = (stateDir: string, log: Log): MeterMemories => ({
  pans: panMemory(stateDir, log),
  memory: meterMemory(stateDir, log),
  airtimes: airtimeMemory(stateDir, log),
  months: new ArchiveFolder(join(stateDir, 'halfhours')),
});

export interface MeterRunOptions {
  /** Default 10 s. */
  readonly intervalMs?: number;
  /** Default 60 s. */
  readonly energyIntervalMs?: number;
  readonly contractAmpere?: number;
  readonly minuteHistory?: boolean;
  readonly onStuck?: (signal: AbortSignal) => Promise<void>;
  /** How many times faster the house's time passes, and our wall clock with it. */
  readonly housePace?: number;
  /** For all jitter, 0–1. Default 0.5. */
  readonly random?: () => number;
}

export interface MeterRunDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly wire: Wire;
  readonly memories: MeterMemories;
  readonly emit: (event: BridgeEvent) => void;
}

/** Meter `home` as one run of ours has it. */
export interface MeterRun {
  readonly reader: MeterReader;
  readonly airtime: AirtimeRecord;
  readonly archive: HalfHourArchive;
  readonly supervisor: Supervisor;
}

/** Puts it together as the program does; the supervisor does not run yet. */
export async function openMeterRun(options: MeterRunOptions, deps: MeterRunDeps): Promise<MeterRun> {
  const {
    intervalMs = 10_000,
    energyIntervalMs = 60_000,
    contractAmpere,
    minuteHistory,
    onStuck,
    random = () => 0.5,
  } = options;
  const { clock, log, wire, emit, memories } = deps;
  const archive = await HalfHourArchive.on(memories.months, log);
  const reader = await MeterReader.open(
    {
      id: 'home',
      intervalS: intervalMs / 1000,
      energyIntervalS: energyIntervalMs / 1000,
      ...(contractAmpere === undefined ? {} : { contractAmpere }),
      ...(minuteHistory === undefined ? {} : { minuteHistory }),
    },
    { clock, log, emit, archive, memory: memories.memory as StateFile<Remembered>, housePace: options.housePace ?? 1 },
  );
  const airtime = await AirtimeRecord.open(clock, memories.airtimes);
  const supervisor = new Supervisor({
    meter: 'home',
    clock,
    log,
    random,
    openModule: (signal) => openModule(wire, credentials, { clock, log, airtime }, signal),
    whenPresent: (signal) => wire.whenPresent(signal),
    reader,
    pans: memories.pans,
    emit,
    ...(onStuck ? { onStuck } : {}),
  });
  return { reader, airtime, archive, supervisor };
}

/** Each item that differs from the one before it. */
export const withoutRepeats = <T>(items: readonly T[]): T[] => items.filter((item, at) => item !== items[at - 1]);

/** A trace of phases; whether the port is opened anew on the way does not count. */
export const withoutReopening = <T extends string>(phases: readonly T[]): T[] =>
  withoutRepeats(phases.filter((phase) => phase !== 'opening'));
