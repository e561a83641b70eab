import type { Duplex } from 'node:stream';
import type { Frame } from '../echonet/frame.ts';
import { bytesOfLatin1, hex, hexOfBytes } from '../kernel/bytes.ts';
import { HALF_HOUR_MS } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { linkLocalAddress } from '../model/pan.ts';
import { WireEnd } from '../wire/wire-end.ts';
import { happen } from './fault-effects.ts';
import type { ScriptEntry } from './fault-script.ts';
import { ArmedFaults, FAULT_KINDS } from './faults.ts';
import type { Fault } from './faults.ts';
import { SimMeter } from './meter/sim-meter.ts';
import type { MeterPlace, ModuleContext } from './module-context.ts';
import { J11Protocol } from './module/j11-protocol.ts';
import { ModuleState } from './module/module-state.ts';
import { SimModule } from './module/sim-module.ts';
import { SkProtocol } from './module/sk-protocol.ts';
import { Tasks } from './module/tasks.ts';
import { resolveOptions } from './options.ts';
import type { SimulatorOptions } from './options.ts';
import type { SessionPhase } from './radio/radio-session.ts';
import { Random } from './random.ts';

/** One property the host was given. */
export interface Answered {
  /** Wall clock, ms since 1970. */
  readonly atMs: number;
  /** Two hex digits. */
  readonly epc: string;
  /** Upper-case hex. */
  readonly edt: string;
}

export interface SimulatorTools {
  readonly clock: Clock;
  readonly log?: Log;
  /** Called for every property of an answer the host can read. */
  readonly onAnswer?: (answered: Answered) => void;
}

/** A stick and a meter in reach of it. Disposing ends everything that waits. */
export class Simulator implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  readonly #context: ModuleContext;
  readonly #module: SimModule;
  readonly #wire = new WireEnd((bytes) => this.#module.read(bytes));
  /** What outlives the module's power: the script, the meter's half hours. */
  readonly #world: Tasks;
  #plugged = true;

  /** @throws RangeError for an option out of range. */
  constructor(given: SimulatorOptions, { clock, log, onAnswer }: SimulatorTools) {
    const options = resolveOptions(given, clock.now());
    const { timeFactor, meterSpeed, startAt, channel, panId, macAddress, lqi } = options;
    const startedMs = clock.monotonicMs();
    const random = new Random(options.seed);
    const answered = ({ properties }: Frame): void => {
      for (const { epc, edt } of properties) {
        if (edt.length > 0) onAnswer?.({ atMs: Math.floor(clock.now()), epc: hex(epc, 2), edt: hexOfBytes(edt) });
      }
    };
    this.#clock = clock;
    this.#log = log;
    this.#world = new Tasks(clock, timeFactor, random);
    this.#context = {
      options,
      state: new ModuleState(options),
      meter: new SimMeter(options),
      place: { channel, panId, macAddress, lqi },
      faults: new ArmedFaults(() => clock.monotonicMs(), timeFactor),
      random,
      tasks: new Tasks(clock, timeFactor, random),
      ownAddress: linkLocalAddress(options.model.macAddress),
      meterNow: () => Math.floor(startAt + (clock.monotonicMs() - startedMs) * meterSpeed),
      emit: (line) => this.#module.emit(line),
      emitEvent: (number, from, param) =>
        this.#module.emit({ kind: 'event', number, from, ...(param === undefined ? {} : { param }) }),
      emitText: (text, end = '\r\n') => this.#module.put(bytesOfLatin1(text + end)),
      answered,
    };
    const Protocol = options.edition === 'J11' ? J11Protocol : SkProtocol;
    this.#module = new SimModule(this.#context, (module) => new Protocol(this.#context, module), {
      write: (bytes) => this.#wire.write(bytes),
      onCommand: () => this.#happen(this.#context.faults.due()),
      log,
    });
    if (options.halfHour !== 'off') this.#world.start((signal) => this.#announce(signal));
  }

  /** Plugs a wire into the module. @returns the host's end. A wire before it is closed. @throws BridgeError PORT_MISSING while unplugged */
  connect(): Duplex {
    if (this.#plugged) return this.#wire.connect();
    throw new BridgeError('PORT_MISSING', {
      en: 'the simulated stick is not plugged in',
      ja: '模擬スティックが接続されていません',
    });
  }

  /** The same over any stream: stdio, a TCP connection. */
  attach(wire: Duplex): void {
    this.#wire.attach(wire);
  }

  /** The stick is pulled out: the wire closes, everything in the module is lost. */
  unplug(): void {
    if (!this.#plugged) return;
    this.#plugged = false;
    this.#module.powerOff();
    this.#wire.detach();
  }

  plug(): void {
    if (this.#plugged) return;
    this.#plugged = true;
    this.#module.powerOn();
  }

  powerCycle(): void {
    this.unplug();
    this.plug();
  }

  get plugged(): boolean {
    return this.#plugged;
  }

  /** A host is on the wire. */
  get attached(): boolean {
    return this.#wire.attached;
  }

  get session(): SessionPhase {
    return this.#module.session.phase;
  }

  /** The airtime is used up. */
  get limited(): boolean {
    return this.#context.state.blocked;
  }

  /** INFC of the meter that the host has not answered. */
  get unansweredInfc(): number {
    return this.#module.exchange.unanswered.size;
  }

  /** Arms a fault, or makes it happen. */
  inject(fault: Fault): void {
    if (FAULT_KINDS[fault.fault] === 'now' && fault.on === undefined) this.#happen(fault);
    else this.#context.faults.arm(fault);
  }

  run(script: readonly ScriptEntry[]): void {
    for (const entry of script) {
      if (entry.atS === 0 && entry.everyS === undefined) this.inject(entry.fault);
      else this.#world.start((signal) => this.#play(entry, signal));
    }
  }

  /** W from now on; undefined goes back to the household's own curve. */
  setPower(watts: number | undefined): void {
    this.#context.meter.load.setPower(this.meterNow(), watts);
  }

  /** A; `t` undefined: no T phase. Both undefined: what the power gives. */
  setCurrents(r: number | undefined, t?: number): void {
    this.#context.meter.setCurrents(r, t);
  }

  /** The register as it stands on the wire, in steps of unit and coefficient. */
  setCounter(which: 'import' | 'export', raw: number): void {
    this.#context.meter.setCounter(this.meterNow(), which, raw);
  }

  /** As they stand on the wire. @param atMs of the meter's clock; default: now */
  registers(atMs = this.meterNow()): { readonly import: number; readonly export: number } {
    const { normal, reverse } = this.#context.meter.registersAt(atMs);
    return { import: normal, export: reverse };
  }

  /** W, negative while it sells. @param atMs of the meter's clock */
  watts(atMs: number): number {
    return this.#context.meter.load.wattsAt(atMs);
  }

  /** Where the meter is on the air, from now on. */
  moveMeter(place: Partial<MeterPlace>): void {
    Object.assign(this.#context.place, place);
  }

  /** The meter's clock, ms since 1970. */
  meterNow(): number {
    return this.#context.meterNow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#world.stopAll();
    this.#module.powerOff();
    this.#wire.detach();
  }

  #happen(fault: Fault | undefined): void {
    if (!fault) return;
    this.#log?.info({ fault: fault.fault }, 'fault');
    happen(fault, {
      context: this.#context,
      module: this.#module,
      unplug: () => this.unplug(),
      plug: () => this.plug(),
      afterwards: (ms, action) => void this.#world.after(ms, action),
    });
  }

  async #play({ fault, atS, everyS }: ScriptEntry, signal: AbortSignal): Promise<void> {
    await this.#world.wait(atS * 1000, signal);
    for (;;) {
      this.inject(fault);
      if (everyS === undefined) return;
      await this.#world.wait(everyS * 1000, signal);
    }
  }

  /** EA and EB after every half hour of the meter's clock; nobody receives them without a session. */
  async #announce(signal: AbortSignal): Promise<void> {
    const { meterSpeed, halfHourDelayS } = this.#context.options;
    const delayMs = halfHourDelayS * 1000;
    for (let tid = 1; ; tid = (tid % 0xffff) + 1) {
      const next = (Math.floor((this.meterNow() - delayMs) / HALF_HOUR_MS) + 1) * HALF_HOUR_MS + delayMs;
      await this.#clock.sleep((next - this.meterNow()) / meterSpeed + 1, signal);
      this.#module.exchange.announceHalfHour(tid);
    }
  }
}
