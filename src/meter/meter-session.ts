import { abortable, deferred, scope, together } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { EnergyScale, HalfHour, MeterProfile, MinuteRegisters } from '../model/reading.ts';
import type { MeterSettings } from '../model/settings.ts';
import { EPC } from '../echonet/epc.ts';
import { toldOf } from '../echonet/frame.ts';
import type { Session } from '../module/module.ts';
import { archiveNameOf } from '../archive/month-file.ts';
import type { HalfHourArchive } from '../archive/half-hour-archive.ts';
import { Asking } from './asking.ts';
import type { Capacity } from './capacity.ts';
import type { HistoryOf } from './history-reader.ts';
import { MemoryQuestions } from './memory-questions.ts';
import { MemoryReaders } from './memory-readers.ts';
import type { MinuteTrail } from './minute-trail.ts';
import { MeterClient } from './meter-client.ts';
import type { MeterAnswer } from './meter-client.ts';
import { PollPlan } from './poll-plan.ts';
import { ASKED_ONCE, ProfileBuilder } from './profile.ts';
import { Refusals } from './refusals.ts';
import type { RoundTrips } from './round-trips.ts';

/** A session the module may still hold from an earlier run gets one try. */
const WARM_TRIES = 1;
/** The meter's memory is asked where the time before the next live value is so many times what those take; or after so long. */
const ROOM = 2;
const HISTORY_PATIENCE_MS = 120_000;

export interface MeterSessionDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly capacity: Capacity;
  readonly roundTrips: Pick<RoundTrips, 'shortestIntervalMs' | 'p95Ms'>;
  readonly archive: HalfHourArchive;
  /** What this meter said in an earlier session. */
  readonly known: MeterProfile | undefined;
  /** Hears every answer and announcement, once the session has learned from it. */
  readonly onAnswer: (answer: MeterAnswer) => void;
  /** A half hour that was missed has been read from the meter's memory: oldest first. */
  readonly onFilled: (halfHour: HalfHour) => void;
  /** Minute by minute, where that is wanted. */
  readonly minutes: MinuteTrail | undefined;
  /** A lost request is about to be repeated. */
  readonly onRetry: () => void;
  /** All that was due has been asked. */
  readonly onCycle: () => Promise<void>;
}

/** One PANA session with a meter: what it has told in it, and what it is asked when. */
export class MeterSession {
  readonly macAddress: string;
  readonly plan: PollPlan;
  readonly #deps: MeterSessionDeps;
  readonly #client: MeterClient;
  readonly #asking: Asking;
  readonly #builder: ProfileBuilder;
  readonly #memory: MemoryReaders;
  /** What the last live values took. */
  #cycleMs = 0;
  #wake = deferred<void>();

  constructor(
    session: Session,
    settings: Pick<MeterSettings, 'intervalS' | 'energyIntervalS'>,
    deps: MeterSessionDeps,
  ) {
    const { clock, log, capacity } = deps;
    this.#deps = deps;
    this.macAddress = session.pan.macAddress;
    this.plan = new PollPlan(settings, clock.monotonicMs());
    const refusals = new Refusals();
    this.#builder = new ProfileBuilder(refusals, deps.known);
    const onAnswer = (answer: MeterAnswer): void => {
      if (answer.isAside !== true) {
        capacity.accept(answer);
        refusals.accept(answer.asked ?? [], toldOf(answer.properties), answer.datagram.monotonicMs);
        this.#builder.learn(answer.properties);
      }
      deps.onAnswer(answer);
    };
    this.#client = new MeterClient(session, { clock, log, onAnswer });
    const { size } = capacity;
    const timeoutMs = (): number => capacity.timeoutMs;
    const questions = new MemoryQuestions({ log, client: this.#client, timeoutMs });
    const { archive, onFilled, minutes } = deps;
    this.#memory = new MemoryReaders({ clock, log, questions, archive, onFilled, minutes });
    this.#asking = new Asking({ clock, log, client: this.#client, refusals, size, timeoutMs, onRetry: deps.onRetry });
  }

  /** How this meter counts energy; undefined until it is known, and which meter it is. */
  get energyScale(): EnergyScale | undefined {
    return this.#builder.isSettled([EPC.serialNumber]) ? this.#builder.energyScale : undefined;
  }

  /** Its name in the archive. */
  get archiveName(): string {
    return archiveNameOf(this.macAddress, this.#builder.serialNumber);
  }

  get serialNumber(): string | undefined {
    return this.#builder.serialNumber;
  }

  /** What it has told of itself; undefined until that is enough to announce. */
  get profile(): MeterProfile | undefined {
    return this.#builder.complete;
  }

  /** The meter told a half-hour mark, which the archive has: what lies before it may be missing. */
  told(markMs: number): void {
    const of = this.#memoryOf;
    if (of) this.#memory.told(markMs, of);
  }

  /** The meter told its registers at a whole minute. */
  toldMinute(minute: MinuteRegisters): void {
    const of = this.#memoryOf;
    if (of) this.#memory.toldMinute(minute, of);
  }

  get #memoryOf(): HistoryOf | undefined {
    const { energyScale: scale } = this;
    const { getMap } = this.#builder;
    return scale && getMap ? { meter: this.archiveName, scale, getMap } : undefined;
  }

  /** Everything is asked now, as soon as the request under way is done. */
  readNow(): void {
    this.#wake.resolve();
  }

  /** Power is asked for at another interval, from now on. */
  pace(intervalS: number): void {
    this.plan.pace(intervalS);
    this.readNow();
  }

  /**
   * Polls until the session fails.
   * @param unproved the session comes from an earlier run and nobody knows whether it lives
   * @throws BridgeError METER_SILENT, SESSION_LOST, PORT_LOST …, or the signal's reason
   */
  async poll(unproved: boolean, signal: AbortSignal): Promise<void> {
    await together(
      signal,
      (inner) => this.#client.run(inner),
      async (inner) => {
        await this.#open(unproved, inner);
        for (;;) await this.#cycle(inner);
      },
    );
  }

  async #open(unproved: boolean, signal: AbortSignal): Promise<void> {
    // One property answers soonest, and every meter answers one: a join more costs seconds.
    if (unproved) await this.#asking.ask([EPC.power], signal, WARM_TRIES);
    const instant = [EPC.power, EPC.currents];
    const opening = unproved ? [[EPC.getMap]] : this.#deps.known ? [instant, [EPC.getMap]] : [[EPC.getMap], instant];
    for (const epcs of opening) await this.#asking.ask(epcs, signal);
  }

  async #cycle(signal: AbortSignal): Promise<void> {
    const { clock, roundTrips, onCycle } = this.#deps;
    const [asking, builder, plan] = [this.#asking, this.#builder, this.plan];
    if (builder.getMap) plan.offer(builder.getMap);
    else await asking.ask([EPC.getMap], signal);
    await asking.ask(builder.open(ASKED_ONCE), signal);
    const askedMs = clock.monotonicMs();
    await asking.ask(plan.due(askedMs, clock.now(), builder.energyScale !== undefined), signal);
    this.#cycleMs = clock.monotonicMs() - askedMs;
    plan.asked(clock.monotonicMs(), roundTrips.shortestIntervalMs);
    await onCycle();
    await this.#rest(signal);
  }

  /** Until something is due, or someone asks for everything now. The meter's memory is asked meanwhile. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    using pause = scope(signal);
    let isHurried = false as boolean;
    const hurried = this.#wake.promise.then(() => void (isHurried = true));
    try {
      for (;;) {
        const nowMs = clock.monotonicMs();
        if (isHurried) this.plan.hurry(nowMs);
        if (this.plan.nextMs <= nowMs) return;
        if (this.#historyMs <= nowMs) await this.#memory.step(signal);
        const untilMs = Math.min(this.plan.nextMs, this.#historyMs) - clock.monotonicMs();
        const due = untilMs > 0 ? clock.sleep(untilMs, pause.signal).catch(() => undefined) : undefined;
        await abortable(Promise.race([due, hurried]), signal);
      }
    } finally {
      pause.abort();
      this.#wake = deferred();
    }
  }

  /** Monotonic ms when the meter's memory may be asked: not so that a live value would be late, but not never. */
  get #historyMs(): number {
    const { nextMs } = this.#memory;
    const roomMs = ROOM * Math.max(this.#deps.roundTrips.p95Ms ?? 0, this.#cycleMs);
    return this.#deps.clock.monotonicMs() + roomMs <= this.plan.nextMs ? nextMs : nextMs + HISTORY_PATIENCE_MS;
  }
}
