import { abortable, deferred, scope, together } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, exceeds } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { HalfHour, MeterProfile, Reading } from '../model/reading.ts';
import type { Activity, BridgeEvent } from '../model/status.ts';
import type { StateFile } from '../store/state-file.ts';
import { epc } from '../echonet/epc.ts';
import { halfHoursOf, readingOf } from '../echonet/smart-meter.ts';
import type { Datagram, Session } from '../module/module.ts';
import { ClockCheck } from './clock-check.ts';
import { MeterClient } from './meter-client.ts';
import type { Answer } from './meter-client.ts';
import type { Remembered } from './meter-memory.ts';
import { Pace } from './pace.ts';
import { PollPlan } from './poll-plan.ts';
import { isAnother, mergeProfiles, nameplateEpcs, ProfileBuilder, scaleEpcs } from './profile.ts';
import { RegisterGuards } from './register-guards.ts';
import { RequestSize } from './request-size.ts';
import { RoundTrips } from './round-trips.ts';

/** Lost requests in a row after which the session is taken to be dead although no EVENT said so. */
const LOST_LIMIT = 3;
/** A session the module may still hold from an earlier run gets one short try. */
const WARM_TIMEOUT_MS = 3000;
const SEND_FAILED_PAUSE_MS = 2000;
const REGISTERS_SAVED_EVERY_MS = 3_600_000;
/** How far the meter's clock may be ahead of ours. */
const MARK_AHEAD_MS = 3_600_000;

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
  readonly #size = new RequestSize();
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
    const sameMeter = this.#remembered.macAddress === session.pan.macAddress;
    const known = sameMeter ? this.#remembered.profile : undefined;
    this.#size.newSession();
    this.#clockCheck.newSession();
    const builder = new ProfileBuilder();
    const plan = new PollPlan(this.#options, clock.monotonicMs());
    const onAnswer = (answer: Answer): void => {
      onProof(answer.datagram);
      builder.learn(answer.properties);
      this.#publish(answer, builder, plan, session.pan.macAddress);
      const compared = this.#clockCheck.take(answer);
      if (compared) this.#deps.emit({ kind: 'clock', meter: this.#options.meter, clock: compared });
    };
    const client = new MeterClient(session, { clock, log, onAnswer });
    const ask = (epcs: readonly number[], inner: AbortSignal, first = false): Promise<void> =>
      this.#ask(client, builder, epcs, first && unproved, inner);
    await together(
      signal,
      (inner) => client.run(inner),
      async (inner) => {
        const instant = [epc.power, epc.currents];
        const opening = known ? [instant, [epc.getMap]] : [[epc.getMap], instant];
        for (const [at, epcs] of opening.entries()) await ask(epcs, inner, at === 0);
        for (;;) await this.#cycle(ask, builder, plan, session.pan.macAddress, inner);
      },
    );
  }

  async #cycle(
    ask: (epcs: readonly number[], signal: AbortSignal) => Promise<void>,
    builder: ProfileBuilder,
    plan: PollPlan,
    macAddress: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#deps;
    if (builder.getMap) plan.offer(builder.getMap);
    else await ask([epc.getMap], signal);
    await ask(builder.open([...scaleEpcs, ...nameplateEpcs]), signal);
    await ask(plan.due(clock.monotonicMs(), clock.now()), signal);
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

  /** Asks in as many requests as the meter needs, and each again when it is lost. */
  async #ask(
    client: MeterClient,
    builder: ProfileBuilder,
    epcs: readonly number[],
    warm: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    let open = epcs;
    let lost = 0;
    while (open.length > 0) {
      const group = open.slice(0, this.#size.next);
      try {
        const properties = await client.get(group, warm ? WARM_TIMEOUT_MS : this.#timeoutMs, signal);
        this.#size.answered(group.length);
        builder.learn(properties, group);
        open = open.slice(group.length);
        lost = 0;
      } catch (error) {
        if (signal.aborted || exceeds(error, 'retry')) throw error;
        if (++lost >= (warm ? 1 : LOST_LIMIT))
          throw new BridgeError('METER_SILENT', `${lost} requests in a row were lost`, { cause: error });
        this.#deps.log.debug({ err: error, lost }, 'request lost, asked again');
        this.#did({ what: 'rung', rung: 'retry' });
        if (error instanceof BridgeError && error.code === 'SEND_FAILED')
          await this.#deps.clock.sleep(SEND_FAILED_PAUSE_MS, signal);
        else this.#size.lost(group.length);
      }
    }
  }

  #did(activity: Activity): void {
    this.#deps.emit({ kind: 'activity', meter: this.#options.meter, activity });
  }

  get #timeoutMs(): number {
    return this.#options.replyTimeoutMs ?? this.#roundTrips.timeoutMs;
  }

  #publish(
    { properties, datagram, roundTripMs }: Answer,
    builder: ProfileBuilder,
    plan: PollPlan,
    macAddress: string,
  ): void {
    const { meter } = this.#options;
    if (roundTripMs !== undefined) this.#pace.answered(roundTripMs);
    const scale = builder.open([epc.serialNumber]).length === 0 ? builder.energyScale : undefined;
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
      // A mark far in the future is a clock's mistake, ours or the meter's: asking goes on.
      if (halfHour.markMs - this.#deps.clock.now() < MARK_AHEAD_MS) plan.markSeen(halfHour.markMs);
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
    this.#remembered = { ...this.#remembered, ...registers, macAddress, profile };
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
    this.#remembered = { ...this.#remembered, ...this.#guards.accepted };
    await this.#deps.memory.save(this.#remembered);
  }
}
