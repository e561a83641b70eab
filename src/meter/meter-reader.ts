import type { HalfHourArchive } from '../archive/half-hour-archive.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { MeasuredValues } from '../model/quantity.ts';
import { hasMeasured } from '../model/reading.ts';
import type { HalfHour, MeterProfile, Reading } from '../model/reading.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { Activity, BridgeEvent } from '../model/status.ts';
import type { StateFile } from '../store/state-file.ts';
import { halfHoursOf, readingOf } from '../echonet/smart-meter.ts';
import type { Datagram, Session } from '../module/module.ts';
import { Capacity } from './capacity.ts';
import { ClockCheck } from './clock-check.ts';
import { MarkKeeper } from './mark-keeper.ts';
import type { MeterAnswer } from './meter-client.ts';
import type { Remembered } from './meter-memory.ts';
import { MeterSession } from './meter-session.ts';
import type { Moment } from './meter-time.ts';
import { openMinuteTrail } from './minute-trail.ts';
import type { MinuteTrail } from './minute-trail.ts';
import { Pace, RoundTrips } from './round-trips.ts';
import { isAnother, mergeProfiles } from './profile.ts';
import { RegisterGuards, stepKwhOf } from './register-guards.ts';
import { UsageTracker } from './usage-tracker.ts';

const REGISTERS_SAVED_EVERY_MS = 3_600_000;

export type ReaderSettings = Pick<
  MeterSettings,
  'id' | 'intervalS' | 'energyIntervalS' | 'replyTimeoutS' | 'contractAmpere' | 'minuteHistory'
>;

export interface ReaderDeps {
  readonly archive: HalfHourArchive;
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: StateFile<Remembered>;
  readonly emit: (event: BridgeEvent) => void;
  /** How many times faster than ours the house's time passes: 1, but in a demo. What flows there is judged by it. */
  readonly housePace?: number;
}

export interface PollOptions {
  /** The session comes from an earlier run and nobody knows whether it lives. */
  readonly unproved: boolean;
  /** Hears every answer of the meter: the session lives. */
  readonly onProof: (datagram: Datagram) => void;
}

/** Reads one meter over whatever session there is, and remembers what it learned from one session to the next. */
export class MeterReader {
  #settings: ReaderSettings;
  readonly #deps: ReaderDeps;
  readonly #housePace: number;
  readonly #roundTrips = new RoundTrips();
  readonly #pace: Pace;
  readonly #capacity: Capacity;
  readonly #guards: RegisterGuards;
  readonly #clockCheck: ClockCheck;
  readonly #usage: UsageTracker;
  readonly #keeper: MarkKeeper;
  readonly #minutes: MinuteTrail | undefined;
  #remembered: Remembered;
  #announced: string | undefined;
  #halfHour: HalfHour | undefined;
  /** The newest half hour was told with the mark before it. */
  #isSlotTold = false;
  #registersSavedMs: number;
  #session: MeterSession | undefined;

  private constructor(settings: ReaderSettings, deps: ReaderDeps, remembered: Remembered) {
    this.#settings = settings;
    this.#deps = deps;
    this.#remembered = remembered;
    this.#capacity = new Capacity(this.#roundTrips, settings.replyTimeoutS);
    this.#registersSavedMs = deps.clock.monotonicMs();
    const onHeld = (register: 'import' | 'export'): void => {
      if (register === 'import') this.#usage.held();
      this.#did({ what: 'held', register });
    };
    this.#guards = new RegisterGuards({ log: deps.log, onHeld }, settings.contractAmpere, remembered);
    this.#clockCheck = new ClockCheck(deps.clock, deps.log);
    this.#keeper = new MarkKeeper(deps.archive, deps.clock, deps.log);
    const { housePace = 1 } = deps;
    const { intervalS, energyIntervalS } = settings;
    this.#housePace = housePace;
    const inHouse = { intervalS: intervalS * housePace, energyIntervalS: energyIntervalS * housePace };
    this.#usage = new UsageTracker(inHouse, deps.archive);
    this.#minutes = openMinuteTrail(settings, { ...deps, onFar: () => void this.#saveRegisters() }, remembered.minute);
    const onPace = (intervalS: number): void => {
      this.#usage.pace(intervalS * housePace);
      deps.emit({ kind: 'pace', meter: settings.id, intervalS });
    };
    this.#pace = new Pace(settings.intervalS * 1000, this.#roundTrips, onPace);
    if (remembered.profile) this.#announce(remembered.profile);
  }

  /** Loads what is remembered and announces its profile, so that a restart shows every entity at once. */
  static async open(settings: ReaderSettings, deps: ReaderDeps): Promise<MeterReader> {
    return new MeterReader(settings, deps, (await deps.memory.load()) ?? {});
  }

  /** Everything is asked now, as soon as the request under way is done. */
  readNow(): void {
    this.#session?.readNow();
  }

  /** Power is asked for at another interval, until the next start. */
  askEvery(intervalS: number): void {
    this.#settings = { ...this.#settings, intervalS };
    this.#deps.emit({ kind: 'interval', meter: this.#settings.id, intervalS });
    this.#pace.configure(intervalS * 1000);
    this.#session?.pace(intervalS);
  }

  /** Writes what only changes in memory. */
  async close(): Promise<void> {
    await Promise.all([this.#saveRegisters(), this.#deps.archive.close()]);
  }

  /** Polls until the session fails. @throws BridgeError METER_SILENT, SESSION_LOST, PORT_LOST …, or the signal's reason. */
  async poll(session: Session, { unproved, onProof }: PollOptions, signal: AbortSignal): Promise<void> {
    const { clock, log, archive, emit } = this.#deps;
    const { macAddress } = session.pan;
    this.#capacity.begin(macAddress, this.#remembered);
    this.#clockCheck.newSession();
    const current: MeterSession = new MeterSession(session, this.#settings, {
      clock,
      log,
      capacity: this.#capacity,
      roundTrips: this.#roundTrips,
      known: this.#remembered.macAddress === macAddress ? this.#remembered.profile : undefined,
      archive,
      minutes: this.#minutes,
      onAnswer: (answer) => {
        onProof(answer.datagram);
        if (answer.isAside !== true) this.#publish(answer, current);
      },
      onFilled: (halfHour) => emit({ kind: 'history', meter: this.#settings.id, halfHour }),
      onRetry: () => this.#did({ what: 'rung', rung: 'retry' }),
      onCycle: () => this.#cycleEnds(current),
    });
    this.#session = current;
    await current.poll(unproved, signal);
  }

  async #cycleEnds(session: MeterSession): Promise<void> {
    this.#pace.cycleEnds();
    this.#keepProfile(session);
    if (this.#deps.clock.monotonicMs() - this.#registersSavedMs >= REGISTERS_SAVED_EVERY_MS)
      await this.#saveRegisters();
  }

  #did(activity: Activity): void {
    this.#deps.emit({ kind: 'activity', meter: this.#settings.id, activity });
  }

  #publish(answer: MeterAnswer, session: MeterSession): void {
    const { id: meter } = this.#settings;
    const { properties, datagram, roundTripMs } = answer;
    if (roundTripMs !== undefined) this.#pace.answered(roundTripMs);
    const scale = session.energyScale;
    if (scale) this.#guards.ofMeter(session.macAddress, session.serialNumber);
    const measured = this.#guards.pass(readingOf(properties, scale), this.#inHouse(datagram), scale);
    if (Object.keys(measured).length > 0) {
      const tripMs = roundTripMs === undefined ? {} : { roundTripMs };
      const reading: Reading = { atMs: datagram.atMs, ...measured, ...tripMs };
      this.#deps.emit({ kind: 'reading', meter, reading });
      if (measured.minute) session.toldMinute(measured.minute);
    }
    const marks = halfHoursOf(properties, scale);
    for (const halfHour of marks) {
      const { monotonicMs: nowMs, atMs: wallMs } = datagram;
      session.plan.acceptMark(halfHour.markMs, { nowMs, wallMs, isAnnounced: roundTripMs === undefined });
      // EA and EB of one mark may come in two answers.
      this.#halfHour = this.#halfHour?.markMs === halfHour.markMs ? { ...this.#halfHour, ...halfHour } : halfHour;
      this.#keeper.accept(this.#halfHour, session, wallMs);
      this.#tellHalfHour(this.#halfHour, session);
    }
    if (this.#halfHour && !this.#isSlotTold && this.#keeper.before(this.#halfHour, session))
      this.#tellHalfHour(this.#halfHour, session);
    const compared = this.#clockCheck.compare(answer);
    if (compared?.skewMs !== undefined) this.#keeper.compared(compared.skewMs, session, datagram.atMs);
    if (compared) this.#deps.emit({ kind: 'clock', meter, clock: compared });
    this.#follow(answer, session, { measured, marks, skewMs: compared?.skewMs });
  }

  /** With the mark before it as soon as that is known: told, or read from the meter's memory. */
  #tellHalfHour(halfHour: HalfHour, session: MeterSession): void {
    const before = this.#keeper.before(halfHour, session);
    this.#isSlotTold = before !== undefined;
    this.#deps.emit({ kind: 'halfHour', meter: this.#settings.id, halfHour, ...(before ? { before } : {}) });
  }

  /** What was bought, by the half hour and by the day, moves with each answer that told of it. */
  #follow(
    { datagram }: MeterAnswer,
    session: MeterSession,
    { measured, marks, skewMs }: { measured: MeasuredValues; marks: readonly HalfHour[]; skewMs: number | undefined },
  ): void {
    const usage = this.#usage;
    const { energyScale: scale } = session;
    if (scale) usage.ofMeter(session.archiveName);
    const moment = this.#inHouse(datagram);
    if (skewMs !== undefined) usage.compared(skewMs, moment);
    for (const { markMs } of marks) usage.marked(markMs, moment);
    if (marks.length === 0 && !hasMeasured(measured)) return; // what only tells the time makes no figure newer
    const now = usage.accept({ measured, stepKwh: scale && stepKwhOf(scale), ...moment });
    this.#deps.emit({ kind: 'usage', meter: this.#settings.id, usage: now });
  }

  #inHouse({ atMs, monotonicMs }: Datagram): Moment {
    return { atMs, monotonicMs: monotonicMs * this.#housePace };
  }

  #keepProfile({ profile: fresh, macAddress }: MeterSession): void {
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
    this.#deps.emit({ kind: 'profile', meter: this.#settings.id, profile });
  }

  async #saveRegisters(): Promise<void> {
    this.#registersSavedMs = this.#deps.clock.monotonicMs();
    const capacity = this.#capacity.rememberedOf(this.#remembered.macAddress);
    this.#remembered = { ...this.#remembered, ...this.#guards.accepted, ...capacity, ...this.#minutes?.keep() };
    await this.#deps.memory.save(this.#remembered);
  }
}
