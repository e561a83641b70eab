import type { Duplex } from 'node:stream';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { esv } from '../echonet/frame.ts';
import type { Frame } from '../echonet/frame.ts';
import { linkLocalAddress } from '../model/pan.ts';
import { hex, hexOfBytes } from '../kernel/bytes.ts';
import type { ModuleContext, MeterPlace } from './module-context.ts';
import { happen } from './fault-effects.ts';
import type { ScriptEntry } from './fault-script.ts';
import { ArmedFaults, faultKinds } from './faults.ts';
import type { Fault } from './faults.ts';
import { ModuleState } from './module/module-state.ts';
import { resolveOptions } from './options.ts';
import type { SimulatorOptions } from './options.ts';
import { RadioTiming } from './radio/radio-timing.ts';
import type { SessionPhase } from './radio/radio-session.ts';
import { Random } from './random.ts';
import { SimMeter } from './meter/sim-meter.ts';
import { SimModule } from './module/sim-module.ts';
import { Tasks } from './module/tasks.ts';
import { WireEnd } from './module/wire-end.ts';

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
export interface Simulator extends AsyncDisposable {
  /** Plugs a wire into the module. @returns the host's end. A wire before it is closed. @throws BridgeError PORT_MISSING while unplugged */
  connect(): Duplex;
  /** The same over any stream: stdio, a TCP connection. */
  attach(wire: Duplex): void;
  /** The stick is pulled out: the wire closes, everything in the module is lost. */
  unplug(): void;
  plug(): void;
  powerCycle(): void;
  readonly plugged: boolean;
  /** A host is on the wire. */
  readonly attached: boolean;
  readonly session: SessionPhase;
  /** The airtime is used up. */
  readonly limited: boolean;
  /** INFC of the meter that the host has not answered. */
  readonly unansweredInfc: number;
  /** Arms a fault, or makes it happen. */
  inject(fault: Fault): void;
  run(script: readonly ScriptEntry[]): void;
  /** W from now on; undefined goes back to the household's own curve. */
  setPower(watts: number | undefined): void;
  /** A; `t` undefined: no T phase. Both undefined: what the power gives. */
  setCurrents(r: number | undefined, t?: number): void;
  /** The register as it stands on the wire, in steps of unit and coefficient. */
  setCounter(which: 'import' | 'export', raw: number): void;
  registers(): { readonly import: number; readonly export: number };
  /** Where the meter is on the air, from now on. */
  moveMeter(place: Partial<MeterPlace>): void;
  /** Another meter in its place. */
  replaceMeter(macAddress: string, serial: string): void;
  /** The meter's clock, ms since 1970. */
  meterNow(): number;
}

const HALF_HOUR_MS = 30 * 60_000;

/** @throws RangeError for an option out of range. */
export function createSimulator(options: SimulatorOptions, { clock, log, onAnswer }: SimulatorTools): Simulator {
  const resolved = resolveOptions(options, clock.now());
  const { timeFactor, meterSpeed, startAt } = resolved;
  const startedMs = clock.monotonicMs();
  const meterNow = (): number => Math.floor(startAt + (clock.monotonicMs() - startedMs) * meterSpeed);
  const random = new Random(resolved.seed);
  const faults = new ArmedFaults(() => clock.monotonicMs(), timeFactor);
  const meter = new SimMeter(resolved);
  const { channel, panId, macAddress, lqi } = resolved;
  const place: MeterPlace = { channel, panId, macAddress, lqi };
  /** What outlives the module's power: the script, the meter's half hours. */
  const world = new Tasks(clock, timeFactor);
  const answered = ({ properties }: Frame): void => {
    for (const { epc, edt } of properties) {
      if (edt.length > 0) onAnswer?.({ atMs: Math.floor(clock.now()), epc: hex(epc, 2), edt: hexOfBytes(edt) });
    }
  };
  const context: Omit<ModuleContext, 'say' | 'sayText'> = {
    options: resolved,
    state: new ModuleState(resolved),
    meter,
    place,
    faults,
    timing: new RadioTiming(random),
    random,
    tasks: new Tasks(clock, timeFactor),
    ownAddress: linkLocalAddress(resolved.model.macAddress),
    meterNow,
    answered,
  };
  const wire: WireEnd = new WireEnd((bytes) => module.read(bytes));
  const module: SimModule = new SimModule(context, wire, () => effect(faults.due()), log);
  let plugged = true;

  const unplug = (): void => {
    if (!plugged) return;
    plugged = false;
    module.powerOff();
    wire.detach();
  };
  const plug = (): void => {
    if (plugged) return;
    plugged = true;
    module.powerOn();
  };
  const effect = (fault: Fault | undefined): void => {
    if (!fault) return;
    log?.info({ fault: fault.fault }, 'fault');
    happen(fault, { context, module, unplug, plug, afterwards: (ms, action) => void world.after(ms, action) });
  };
  const inject = (fault: Fault): void => {
    if (faultKinds[fault.fault] === 'now' && fault.on === undefined) effect(fault);
    else faults.arm(fault);
  };
  const play = async ({ fault, atS, everyS }: ScriptEntry, signal: AbortSignal): Promise<void> => {
    await world.wait(atS * 1000, signal);
    inject(fault);
    if (everyS === undefined) return;
    for (;;) {
      await world.wait(everyS * 1000, signal);
      inject(fault);
    }
  };
  /** EA and EB after every half hour of the meter's clock; nobody hears them without a session. */
  const announce = async (signal: AbortSignal): Promise<void> => {
    for (let tid = 1; ; tid = (tid % 0xffff) + 1) {
      const delayMs = resolved.halfHourDelayS * 1000;
      const next = (Math.floor((meterNow() - delayMs) / HALF_HOUR_MS) + 1) * HALF_HOUR_MS + delayMs;
      await clock.sleep((next - meterNow()) / meterSpeed + 1, signal);
      module.exchange.announce(meter.halfHour(meterNow(), tid, resolved.halfHour === 'infc' ? esv.infc : esv.inf));
    }
  };
  if (resolved.halfHour !== 'off') world.start(announce);

  return {
    connect: () => {
      if (!plugged) throw new BridgeError('PORT_MISSING', 'the simulated stick is not plugged in');
      return wire.connect();
    },
    attach: (stream) => wire.attach(stream),
    unplug,
    plug,
    powerCycle: () => {
      unplug();
      plug();
    },
    get plugged() {
      return plugged;
    },
    get attached() {
      return wire.attached;
    },
    get session() {
      return module.session.phase;
    },
    get limited() {
      return context.state.blocked;
    },
    get unansweredInfc() {
      return module.exchange.unanswered.size;
    },
    inject,
    run: (script) =>
      script.forEach((entry) =>
        entry.atS === 0 && entry.everyS === undefined
          ? inject(entry.fault)
          : world.start((signal) => play(entry, signal)),
      ),
    setPower: (watts) => meter.load.setPower(meterNow(), watts),
    setCurrents: (r, t) => meter.setCurrents(r, t),
    setCounter: (which, raw) => meter.setCounter(meterNow(), which, raw),
    registers: () => {
      const { normal, reverse } = meter.registersAt(meterNow());
      return { import: normal, export: reverse };
    },
    moveMeter: (where) => void Object.assign(place, where),
    replaceMeter: (mac, serial) => inject({ fault: 'meter-replaced', mac, serial }),
    meterNow,
    [Symbol.asyncDispose]: async () => {
      world.stopAll();
      module.powerOff();
      wire.detach();
    },
  };
}
