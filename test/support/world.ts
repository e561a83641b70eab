import { getEventListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HalfHourArchive } from '../../src/archive/half-hour-archive.ts';
import type { Remembered } from '../../src/meter/meter-memory.ts';
import type { Prices } from '../../src/model/price.ts';
import type { Supervisor } from '../../src/supervisor/supervisor.ts';
import type { ErrorCode } from '../../src/kernel/errors.ts';
import type { LogLevel } from '../../src/kernel/log.ts';
import type { MeterReader } from '../../src/meter/meter-reader.ts';
import type { Reading } from '../../src/model/reading.ts';
import type { BridgeEvent, LinkPhase, LinkStatus } from '../../src/model/status.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import type { SimulatorOptions } from '../../src/simulator/options.ts';
import { Simulator } from '../../src/simulator/sim.ts';
import { CommandGate } from '../../src/model/command-gate.ts';
import { MqttSink } from '../../src/mqtt/mqtt-sink.ts';
import { VirtualClock } from './virtual-clock.ts';
import { AirTap } from './air-tap.ts';
import type { Edition } from './fault-catalogue.ts';
import { HouseholdWatch } from './household-watch.ts';
import { rigLog } from './log-lines.ts';
import type { LogLine, WrittenLog } from './log-lines.ts';
import { inFiles, inMemory, Memory, openMeterRun } from './meter-run.ts';
import type { MeterMemories } from './meter-run.ts';
import { Oracle } from './oracle.ts';
import { PriceWatch } from './price-watch.ts';
import { VirtualBroker } from './virtual-broker.ts';
import { VirtualDisk } from './virtual-disk.ts';

export interface WorldOptions {
  readonly simulator?: SimulatorOptions;
  readonly intervalMs?: number;
  readonly energyIntervalMs?: number;
  /** Real state files instead of memory. */
  readonly stateDir?: string;
  readonly minuteHistory?: boolean;
  readonly prices?: Prices;
  /** State files and outbox on a disk that fails as told, in virtual time. */
  readonly disk?: boolean;
  /** For all jitter, 0–1. */
  readonly random?: () => number;
  /** Event-loop turns that let everything settle. */
  readonly turns?: number;
  /** Called before anything starts. */
  readonly prepare?: (world: World) => void;
  readonly logLevel?: LogLevel;
}

/** Virtual time that calls back whenever everything has settled. */
class WatchedClock extends VirtualClock {
  onSettled: () => void = () => undefined;
  readonly #turns: number;
  constructor(turns: number) {
    super();
    this.#turns = turns;
  }
  override async settle(): Promise<void> {
    for (let turn = 0; turn < this.#turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    this.onSettled();
  }
}

/** What was on its way to the broker, or not yet on the disk, when `kill -9` came. */
const MOST_LOST_BY_KILL = 8;
/** What needs no time has settled by then. */
const TURNS_WITHOUT_TIME = 200;
const LONGEST_WORK_MS = 60_000;
const MOST_SLEEPERS = 64;
/** Scans and joins under one airtime limit that the module told of: what was under way, and what a restart asks anew. */
const MOST_SEARCHES_LIMITED = 12;
/** J11 cannot be asked whether it is over: one step of the ladder in five minutes is the proof. */
const TRY_MS = 300_000;
const SEARCHES_OF_A_TRY = 4;
const MOST_LISTENERS = 12;
/** More than any outage of these tests gathers. */
const MOST_QUEUED = 10_000;

/**
 * A whole household in one process under virtual time: simulated stick and meter, our supervisor, reader and MQTT sink, a
 * broker in memory, and a subscriber who checks at every step that nothing false is shown.
 */
export class World {
  readonly clock: WatchedClock;
  readonly simulator: Simulator;
  readonly tap: AirTap;
  readonly broker: VirtualBroker;
  readonly disk: VirtualDisk | undefined;
  readonly oracle: Oracle;
  readonly household: HouseholdWatch;
  /** Phases in order, without repeats, since `mark`. */
  phases: LinkPhase[] = [];
  /** Published error codes since `mark`. */
  errors: (ErrorCode | 'DEFECT')[] = [];
  readings = 0;
  lastReading: Reading | undefined;
  status: LinkStatus | undefined;
  supervisor!: Supervisor;
  archive!: HalfHourArchive;
  sink!: MqttSink;
  /** Channel and PAN ID where the meter belongs. */
  home: readonly [channel: number, panId: number] = [0x33, 0x12a4];
  /** Sessions built anew, over all our restarts. */
  reconnects = 0;
  /** Set when one of them ended although nobody told it to. */
  ended: string | undefined;
  /** The most scans and joins while one airtime limit lasted. */
  mostSearchesLimited = 0;
  #told:
    | { readonly atMs: number; readonly searches: number; readonly offsetMs: number; readonly diskFailures: number }
    | undefined;
  #phase: LinkPhase | undefined;
  readonly #options: WorldOptions;
  readonly #written: WrittenLog;
  readonly #memories: MeterMemories;
  #runs = 0;
  /** Registers are saved once an hour: after a kill the first one told may have none to be held against. */
  #isKilled = false;
  #reader!: MeterReader;
  /** What the disk had refused when this run began. */
  #failuresBefore = 0;
  #stop = new AbortController();
  #stopSink = new AbortController();
  #supervisorEnded: Promise<void> = Promise.resolve();
  #sinkEnded: Promise<void> = Promise.resolve();

  private constructor(options: WorldOptions) {
    this.#options = options;
    const payload = options.simulator?.edition === 'SE' ? 'binary' : 'ascii';
    const simulator: SimulatorOptions = { seed: 1, payload, ...options.simulator };
    this.clock = new WatchedClock(options.turns ?? 12);
    this.broker = new VirtualBroker(this.clock);
    const unit = simulator.unit ?? 1;
    const scale = { exponent: unit >= 0x0a ? unit - 9 : -unit, coefficient: simulator.coefficient ?? 1 };
    this.oracle = new Oracle(this.clock, this.broker, {
      intervalMs: this.intervalMs,
      energyIntervalMs: options.energyIntervalMs ?? 60_000,
      ...scale,
    });
    this.household = new HouseholdWatch({
      clock: this.clock,
      simulator: () => this.simulator,
      scale,
      house: { seed: simulator.seed ?? 1, solar: simulator.solar === true },
      mostAgeMs: () => this.oracle.energyMarkMs,
      wrong: (what) => this.#wrong(what),
    });
    this.oracle.household = this.household;
    this.oracle.price = options.prices && new PriceWatch(options.prices);
    this.simulator = new Simulator(simulator, {
      clock: this.clock,
      onAnswer: (answered) => this.oracle.said(answered),
    });
    const spoken = simulator.edition === 'J11' ? 'j11' : (simulator.payload ?? payload);
    this.tap = new AirTap(this.clock, this.simulator, spoken);
    this.tap.onDatagram = (bytes) => this.oracle.announced(bytes);
    this.clock.onSettled = () => this.#check();
    this.#written = rigLog(this.clock, options.logLevel, (line) => this.#logged(line));
    this.disk = options.disk ? new VirtualDisk(this.clock) : undefined;
    const stateDir = options.stateDir ?? this.disk?.folder;
    this.#memories = stateDir === undefined ? inMemory() : inFiles(stateDir, this.#written.log);
  }

  static async create(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    options.prepare?.(world);
    await world.#start();
    return world;
  }

  get log(): LogLine[] {
    return this.#written.lines;
  }

  get edition(): Edition {
    return this.#options.simulator?.edition ?? 'DSE';
  }

  get intervalMs(): number {
    return this.#options.intervalMs ?? 10_000;
  }

  /** Connected, answered lately, and a subscriber sees it so. */
  get healthy(): boolean {
    const { newestMs } = this.oracle;
    const age = newestMs === undefined ? Infinity : this.clock.monotonicMs() - newestMs;
    return this.status?.phase === 'connected' && age < 2 * this.intervalMs + 5000 && this.oracle.online;
  }

  inject(...faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.simulator.inject(fault);
      if (fault.fault === 'meter-replaced') this.household.word.exchanged(this.simulator.meterNow());
      if (fault.fault === 'energy-back') this.household.word.isSetBack = true;
    }
  }

  /** Forgets the trace so far. */
  mark(): void {
    this.phases = [];
    this.errors = [];
  }

  logged(message: string): boolean {
    return this.log.some(({ msg }) => msg.startsWith(message));
  }

  until(condition: () => boolean, limitMs: number): Promise<void> {
    return this.clock.until(condition, limitMs);
  }

  async untilReadings(more: number, limitMs: number): Promise<void> {
    const wanted = this.readings + more;
    await this.until(() => this.readings >= wanted, limitMs);
  }

  /** Ends everything as SIGTERM does. @returns how long it took, virtual ms. */
  async stop(): Promise<number> {
    const startMs = this.clock.monotonicMs();
    const { disk } = this;
    const cannotWrite = disk === undefined || disk.trouble !== undefined;
    this.#stop.abort(new Error('SIGTERM'));
    await this.#onDisk(this.#supervisorEnded.then(() => this.#reader.close()));
    this.#stopSink.abort();
    await this.#passing(this.#sinkEnded);
    if (cannotWrite) this.#mayLose(this.sink.health().queued);
    if (cannotWrite) this.oracle.falls++; // the next run knows no register to hold a lower one against
    return this.clock.monotonicMs() - startMs;
  }

  /** Our program stops and starts; stick, meter, broker and what is remembered stay. */
  async restart(): Promise<void> {
    const { disk } = this;
    const hasRefused = disk !== undefined && (disk.trouble !== undefined || disk.failures !== this.#failuresBefore);
    await this.stop();
    this.oracle.restarted();
    await this.#start(hasRefused ? 'disk refused' : 'stopped');
  }

  /** `kill -9`: port and connection close at once, nobody says goodbye, nothing more is written. Then it starts again. */
  async kill(): Promise<void> {
    const { broker, tap, disk } = this;
    const hasRefused = disk !== undefined && (disk.trouble !== undefined || disk.failures !== this.#failuresBefore);
    const { reach } = broker;
    const { toModule } = tap;
    broker.cut();
    broker.reach = 'refusing';
    tap.toModule = () => undefined;
    if (disk) disk.unreachable = true;
    this.#mayLose(MOST_LOST_BY_KILL);
    await this.stop();
    this.#isKilled = true;
    if (disk) disk.unreachable = false;
    tap.toModule = toModule;
    broker.reach = reach;
    this.oracle.restarted();
    await this.#start(hasRefused ? 'disk refused' : 'killed');
  }

  /** Ends the rest of the world too. @returns what was left behind, in words. */
  async end(): Promise<string[]> {
    await this.stop();
    await this.simulator[Symbol.asyncDispose]();
    const broker = this.broker.open;
    this.broker[Symbol.dispose]();
    this.disk?.[Symbol.dispose]();
    await this.clock.settle();
    const left = {
      sleepers: this.clock.sleepers,
      'open wires': this.tap.open,
      'broker connections': broker,
      listeners: this.#listeners,
    };
    return Object.entries(left).flatMap(([what, n]) => (n === 0 ? [] : [`${n} ${what}`]));
  }

  /** Waits for work on the disk: a virtual one may need time to pass, a real one must not see any. */
  #onDisk<T>(work: Promise<T>): Promise<T> {
    return this.disk ? this.#passing(work) : work;
  }

  /** Waits for work that may need time to pass: nobody else moves it meanwhile. @throws when it takes too long. */
  async #passing<T>(work: Promise<T>): Promise<T> {
    const done = work.then(
      () => true,
      () => true,
    );
    const turn = (): Promise<false> => new Promise((resolve) => setImmediate(() => resolve(false)));
    for (let turns = 0; turns < TURNS_WITHOUT_TIME; turns++) if (await Promise.race([done, turn()])) return work;
    const endMs = this.clock.monotonicMs() + LONGEST_WORK_MS;
    while (!(await Promise.race([done, this.clock.advance(100)])))
      if (this.clock.monotonicMs() > endMs) throw new Error(`start or stop took over ${LONGEST_WORK_MS} ms`);
    return work;
  }

  get #listeners(): number {
    return (
      getEventListeners(this.#stop.signal, 'abort').length + getEventListeners(this.#stopSink.signal, 'abort').length
    );
  }

  #mayLose(count: number): void {
    this.oracle.ledger.mayLose(count);
    this.household.mayLose(count);
  }

  /** How far the stream of minutes has come, as a run that starts now finds it. */
  get #minutePosition(): number | undefined {
    const { disk } = this;
    const { memory } = this.#memories;
    if (!disk) return memory instanceof Memory ? (memory.value as Remembered | undefined)?.minute?.minuteMs : undefined;
    if (disk.trouble === 'broken') return undefined;
    try {
      return (JSON.parse(readFileSync(join(disk.folder, 'meter.json'), 'utf8')) as Remembered).minute?.minuteMs;
    } catch {
      return undefined;
    }
  }

  async #start(after: 'stopped' | 'killed' | 'disk refused' = 'stopped'): Promise<void> {
    const { clock, tap, broker } = this;
    const random = this.#options.random ?? ((): number => 0.5);
    const { log } = this.#written;
    this.#stop = new AbortController();
    this.#stopSink = new AbortController();
    this.household.began(this.#minutePosition, after);
    this.#failuresBefore = this.disk?.failures ?? 0;
    const intervalMs = this.intervalMs;
    const { minuteHistory, prices } = this.#options;
    const asked = minuteHistory === undefined ? {} : { minuteHistory };
    const energyIntervalMs = this.#options.energyIntervalMs ?? 60_000;
    this.sink = new MqttSink(
      {
        meter: {
          id: 'home',
          name: 'Smart meter',
          intervalS: intervalMs / 1000,
          energyIntervalS: energyIntervalMs / 1000,
          contractAmpere: 40,
          ...asked,
        },
        ...(prices && { prices }),
        broker: { url: broker.url },
        baseTopic: 'broute2mqtt',
        homeAssistant: { discovery: true, prefix: 'homeassistant', statusTopic: 'homeassistant/status' },
        language: 'en',
        version: '0.1.0',
        ...(this.disk && { stateDir: this.disk.folder }),
      },
      {
        clock,
        log,
        gate: new CommandGate(clock, log.child({ meter: 'home' }), {
          onCommand: (command) => this.supervisor.command(command),
          onInterval: (intervalS) => this.#reader?.askEvery(intervalS),
        }),
        random,
      },
    );
    await this.#onDisk(this.sink.begin(++this.#runs));
    const emit = (event: BridgeEvent): void => {
      this.#emitted(event);
      this.sink.accept(event);
    };
    const wire = tap.wire();
    const opening = openMeterRun(
      { intervalMs, energyIntervalMs, random, ...asked },
      { clock, log, wire, memories: this.#memories, emit },
    );
    const { reader, airtime, archive, supervisor } = await this.#onDisk(opening);
    // What cannot be asked must tell anew where the disk or the clock made us forget.
    if (this.#told && !airtime.isRecent && this.#mayForget(this.#told)) tap.refusedForAirtime = false;
    this.#reader = reader;
    this.archive = archive;
    this.supervisor = supervisor;
    this.#sinkEnded = this.#watched('the sink', this.sink.run(this.#stopSink.signal), this.#stopSink.signal);
    this.#supervisorEnded = this.#watched('the supervisor', this.supervisor.run(this.#stop.signal), this.#stop.signal);
  }

  /** What a run remembers of the last one by. */
  get #remembrance(): { readonly offsetMs: number; readonly diskFailures: number } {
    const { clock, disk } = this;
    return { offsetMs: clock.now() - clock.monotonicMs(), diskFailures: disk?.failures ?? 0 };
  }

  #mayForget(told: { readonly offsetMs: number; readonly diskFailures: number }): boolean {
    const { offsetMs, diskFailures } = this.#remembrance;
    return Math.abs(offsetMs - told.offsetMs) > 1000 || diskFailures !== told.diskFailures;
  }

  async #watched(name: string, run: Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await run;
      if (!signal.aborted) this.ended = `${name} ended by itself`;
    } catch (error) {
      this.ended = `${name} ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    }
  }

  #emitted(event: BridgeEvent): void {
    this.household.accept(event);
    if (event.kind === 'reading') {
      const { importKwh, exportKwh } = event.reading;
      const hasRegister = importKwh !== undefined || exportKwh !== undefined;
      if (this.#isKilled && hasRegister) this.oracle.falls++;
      if (hasRegister) this.#isKilled = false;
      this.readings++;
      this.oracle.heard(event.reading, this.#runs);
      this.lastReading = event.reading;
    }
    if (event.kind !== 'status') return;
    const { phase, error } = event.status;
    this.reconnects += Math.max(0, event.status.reconnects - (this.status?.reconnects ?? 0));
    this.status = event.status;
    if (this.#phase !== phase) this.phases.push(phase);
    this.#phase = phase;
    if (error && this.errors.at(-1) !== error.code) this.errors.push(error.code);
  }

  #logged(line: LogLine): void {
    const { msg } = line;
    this.household.logged(line);
    if (msg.startsWith('energy register accepted') || msg.startsWith('another meter')) this.oracle.falls++;
    if (this.log.length > 2000) this.log.shift();
  }

  #wrong(what: string): void {
    const { violations } = this.oracle;
    if (violations.length < 20) violations.push(`${Math.round(this.clock.monotonicMs())} ms: ${what}`);
  }

  #check(): void {
    this.oracle.check();
    const wrong = (what: string): void => this.#wrong(what);
    if (this.ended !== undefined) wrong(this.ended);
    if (!this.simulator.limited) this.tap.refusedForAirtime = false;
    const isTold = this.simulator.limited && (this.edition !== 'J11' || this.tap.refusedForAirtime);
    const nowMs = this.clock.monotonicMs();
    const fresh = { atMs: nowMs, searches: this.tap.searches, ...this.#remembrance };
    this.#told = isTold ? (this.#told ?? fresh) : undefined;
    const { atMs, searches: before } = this.#told ?? { atMs: nowMs, searches: this.tap.searches };
    const searches = this.tap.searches - before;
    this.mostSearchesLimited = Math.max(this.mostSearchesLimited, searches);
    const tries = this.edition === 'J11' ? Math.floor((nowMs - atMs) / TRY_MS) : 0;
    if (searches > MOST_SEARCHES_LIMITED + tries * SEARCHES_OF_A_TRY)
      wrong(`${searches} scans and joins while the airtime was used up`);
    if (this.tap.mostOpen > 1) wrong(`${this.tap.mostOpen} wires open at once`);
    if (this.clock.sleepers > MOST_SLEEPERS) wrong(`${this.clock.sleepers} sleepers`);
    if (this.#listeners > MOST_LISTENERS) wrong(`${this.#listeners} listeners`);
    if (this.sink && this.sink.health().queued > MOST_QUEUED) wrong(`${this.sink.health().queued} readings queued`);
  }
}
