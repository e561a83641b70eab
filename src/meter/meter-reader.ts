import { abortable, deferred, scope, together } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { HalfHour, MeterProfile, Reading } from '../model/reading.ts';
import type { Activity, BridgeEvent } from '../model/status.ts';
import type { StateFile } from '../store/state-file.ts';
import { epc } from '../echonet/epc.ts';
import { toldOf } from '../echonet/frame.ts';
import { halfHoursOf, readingOf } from '../echonet/smart-meter.ts';
import type { Datagram, Session } from '../module/module.ts';
import { Asking } from './asking.ts';
import { Capacity } from './capacity.ts';
import { ClockCheck } from './clock-check.ts';
import { MeterClient } from './meter-client.ts';
import type { MeterAnswer } from './meter-client.ts';
import type { Remembered } from './meter-memory.ts';
import { Pace } from './pace.ts';
import { PollPlan } from './poll-plan.ts';
import { isAnother, mergeProfiles, nameplateEpcs, ProfileBuilder, scaleEpcs } from './profile.ts';
import { Refusals } from './refusals.ts';
import { RegisterGuards } from './register-guards.ts';
import { RoundTrips } from './round-trips.ts';

/** A session the module may still hold from an earlier run gets one try. */
const WARM_TRIES = 1;
const REGISTERS_SAVED_EVERY_MS = 3_600_000;

export interface ReaderOptions {
  readonly meter: string;
  readonly intervalMs: number;
  readonly energyIntervalMs: number;
  /** Fixes the reply time-out instead of measuring it. */
  readonly replyTimeoutMs?: number;
  readonly contractAmpere?: number;
}

export interface ReaderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: StateFile<Remembered>;
  readonly emit: (event: BridgeEvent) => void;
}

export interface PollOptions {
  /** The session comes from an earlier run and nobody knows whether it lives. */
  readonly unproved: boolean;
  /** Hears every answer of the meter: the session lives. */
  readonly onProof: (datagram: Datagram) => void;
}

/** Reads one meter over whatever session there is, and remembers what it learned from one session to the next. */
export class MeterReader {
  readonly #options: ReaderOptions;
  readonly #deps: ReaderDeps;
  readonly #roundTrips = new RoundTrips();
  readonly #pace: Pace;
  readonly #capacity: Capacity;
  readonly #guards: RegisterGuards;
  readonly #clockCheck: ClockCheck;
  #remembered: Remembered;
  #announced: string | undefined;
  #halfHour: HalfHour | undefined;
  #registersSavedMs: number;
  #wake = deferred<void>();

  private constructor(options: ReaderOptions, deps: ReaderDeps, remembered: Remembered) {
    this.#options = options;
    this.#deps = deps;
    this.#remembered = remembered;
    this.#capacity = new Capacity(this.#roundTrips, options.replyTimeoutMs);
    this.#registersSavedMs = deps.clock.monotonicMs();
    const onHeld = (register: 'import' | 'export'): void => this.#did({ what: 'held', register });
    this.#guards = new RegisterGuards({ log: deps.log, onHeld }, options.contractAmpere, remembered);
    this.#clockCheck = new ClockCheck(deps.clock, deps.log);
    const onPace = (intervalS: number): void => deps.emit({ kind: 'pace', meter: options.meter, intervalS });
    this.#pace = new Pace(options.intervalMs, this.#roundTrips, onPace);
    if (remembered.profile) this.#announce(remembered.profile);
  }

  /** Loads what is remembered and announces its profile, so that a restart shows every entity at once. */
  static async open(options: ReaderOptions, deps: ReaderDeps): Promise<MeterReader> {
    return new MeterReader(options, deps, (await deps.memory.load()) ?? {});
  }

  /** Everything is asked now, as soon as the request under way is done. */
  readNow(): void {
    this.#wake.resolve();
  }

  /** Writes what only changes in memory. */
  async close(): Promise<void> {
    await this.#saveRegisters();
  }

  /** Polls until the session fails. @throws BridgeError METER_SILENT, SESSION_LOST, PORT_LOST …, or the signal's reason. */
  async poll(session: Session, { unproved, onProof }: PollOptions, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const { macAddress } = session.pan;
    const known = this.#remembered.macAddress === macAddress ? this.#remembered.profile : undefined;
    this.#capacity.begin(macAddress, this.#remembered);
    this.#clockCheck.newSession();
    const refusals = new Refusals(epc.power);
    const builder = new ProfileBuilder(refusals, known);
    const plan = new PollPlan(this.#options, clock.monotonicMs());
    const onAnswer = (answer: MeterAnswer): void => {
      onProof(answer.datagram);
      this.#capacity.heard(answer);
      refusals.heard(answer.asked ?? [], toldOf(answer.properties), answer.datagram.monotonicMs);
      builder.learn(answer.properties);
      this.#publish(answer, builder, plan, macAddress);
      const compared = this.#clockCheck.take(answer);
      if (compared) this.#deps.emit({ kind: 'clock', meter: this.#options.meter, clock: compared });
    };
    const client = new MeterClient(session, { clock, log, onAnswer });
    const asking = new Asking({
      clock,
      log,
      client,
      refusals,
      size: this.#capacity.size,
      timeoutMs: () => this.#capacity.timeoutMs,
      onRetry: () => this.#did({ what: 'rung', rung: 'retry' }),
    });
    await together(
      signal,
      (inner) => client.run(inner),
      async (inner) => {
        // One property answers soonest, and every meter answers one: a join more costs seconds.
        if (unproved) await asking.ask([epc.power], inner, WARM_TRIES);
        const instant = [epc.power, epc.currents];
        const opening = unproved ? [[epc.getMap]] : known ? [instant, [epc.getMap]] : [[epc.getMap], instant];
        for (const epcs of opening) await asking.ask(epcs, inner);
        for (;;) await this.#cycle(asking, builder, plan, macAddress, inner);
      },
    );
  }

  async #cycle(
    asking: Asking,
    builder: ProfileBuilder,
    plan: PollPlan,
    macAddress: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#deps;
    if (builder.getMap) plan.offer(builder.getMap);
    else await asking.ask([epc.getMap], signal);
    await asking.ask(builder.open([...scaleEpcs, ...nameplateEpcs]), signal);
    await asking.ask(plan.due(clock.monotonicMs(), clock.now(), builder.energyScale !== undefined), signal);
    plan.asked(clock.monotonicMs(), this.#roundTrips.shortestIntervalMs);
    this.#pace.cycleEnds();
    this.#keepProfile(builder, macAddress);
    if (clock.monotonicMs() - this.#registersSavedMs >= REGISTERS_SAVED_EVERY_MS) await this.#saveRegisters();
    await this.#rest(plan, signal);
  }

  /** Until something is due, or someone asks for everything now. */
  async #rest(plan: PollPlan, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    using pause = scope(signal);
    const due = clock.sleep(plan.nextMs - clock.monotonicMs(), pause.signal).catch(() => undefined);
    const wake = this.#wake;
    try {
      await abortable(Promise.race([due, wake.promise.then(() => plan.hurry(clock.monotonicMs()))]), signal);
    } finally {
      pause.abort();
      this.#wake = deferred();
    }
  }

  #did(activity: Activity): void {
    this.#deps.emit({ kind: 'activity', meter: this.#options.meter, activity });
  }

  #publish(
    { properties, datagram, roundTripMs }: MeterAnswer,
    builder: ProfileBuilder,
    plan: PollPlan,
    macAddress: string,
  ): void {
    const { meter } = this.#options;
    if (roundTripMs !== undefined) this.#pace.answered(roundTripMs);
    const scale = builder.isSettled([epc.serialNumber]) ? builder.energyScale : undefined;
    if (scale) this.#guards.ofMeter(macAddress, builder.serialNumber);
    const measured = this.#guards.pass(readingOf(properties, scale), datagram, scale);
    if (Object.keys(measured).length > 0) {
      const reading: Reading = {
        atMs: datagram.atMs,
        ...measured,
        ...(roundTripMs === undefined ? {} : { roundTripMs }),
      };
      this.#deps.emit({ kind: 'reading', meter, reading });
    }
    for (const halfHour of halfHoursOf(properties, scale)) {
      const { monotonicMs: nowMs, atMs: wallMs } = datagram;
      plan.heardMark(halfHour.markMs, { nowMs, wallMs, isAnnounced: roundTripMs === undefined });
      // EA and EB of one mark may come in two answers.
      this.#halfHour = this.#halfHour?.markMs === halfHour.markMs ? { ...this.#halfHour, ...halfHour } : halfHour;
      this.#deps.emit({ kind: 'halfHour', meter, halfHour: this.#halfHour });
    }
  }

  #keepProfile(builder: ProfileBuilder, macAddress: string): void {
    const fresh = builder.complete;
    if (!fresh) return;
    const { macAddress: formerMac = macAddress, profile: former } = this.#remembered;
    const another = formerMac !== macAddress || (former !== undefined && isAnother(former, fresh));
    const profile = mergeProfiles(another ? undefined : former, fresh);
    this.#announce(profile);
    // The registers remembered are those of the meter that went: they would hold back the new one's after a restart.
    const registers = another ? { import: undefined, export: undefined, ...this.#guards.accepted } : {};
    const capacity = this.#capacity.rememberedOf(macAddress);
    const { roundTripMs = capacity.roundTripMs } = another ? {} : this.#remembered; // newly each hour is often enough
    const learned = {
      ...registers,
      ...capacity,
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
      macAddress,
      profile,
    };
    this.#remembered = { ...this.#remembered, ...learned };
    void this.#deps.memory.save(this.#remembered);
  }

  #announce(profile: MeterProfile): void {
    const text = JSON.stringify(profile);
    if (text === this.#announced) return;
    this.#announced = text;
    this.#deps.emit({ kind: 'profile', meter: this.#options.meter, profile });
  }

  async #saveRegisters(): Promise<void> {
    this.#registersSavedMs = this.#deps.clock.monotonicMs();
    const capacity = this.#capacity.rememberedOf(this.#remembered.macAddress);
    this.#remembered = { ...this.#remembered, ...this.#guards.accepted, ...capacity };
    await this.#deps.memory.save(this.#remembered);
  }
}
