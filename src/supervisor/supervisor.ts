import { Mailbox, together } from '../kernel/async.ts';
import { Backoff, SESSION_STEPS } from '../kernel/backoff.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, exceeds, textOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { networkOf } from '../model/pan.ts';
import type { Pan } from '../model/pan.ts';
import type { BridgeEvent, MeterCommand } from '../model/status.ts';
import type { MeterReader } from '../meter/meter-reader.ts';
import type { Datagram, Session, WiSunModule } from '../module/module.ts';
import type { StateFile } from '../store/state-file.ts';
import { AirtimePause, pauseUnlessCommanded, restMs } from './pause.ts';
import { HelpTimer } from './stuck-command.ts';
import { SessionBuilder } from './session-builder.ts';
import { Ladder, wasDelivered } from './ladder.ts';
import type { Step } from './ladder.ts';
import { LinkReport } from './link-report.ts';

/** A session that answered and lasted this long was a good one; a shorter one keeps backing off. */
const GOOD_SESSION_MS = 60_000;
const COMMANDS_LIMIT = 4;

type SessionCommand = Exclude<MeterCommand, 'read_now'>;

export interface SupervisorDeps {
  readonly meter: string;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly openModule: (signal: AbortSignal) => Promise<WiSunModule>;
  /** Resolves when opening the port is worth a try. */
  readonly whenPresent: (signal: AbortSignal) => Promise<void>;
  readonly reader: Pick<MeterReader, 'poll' | 'readNow'>;
  /** The PAN that last answered us. */
  readonly pans: Pick<StateFile<Pan>, 'load' | 'save'>;
  readonly emit: (event: BridgeEvent) => void;
  /** `on_stuck_command`: run when nothing else has helped for ten minutes. Must be bounded and must not throw. */
  readonly onStuck?: (signal: AbortSignal) => Promise<void>;
}

/**
 * Owns the Wi-SUN session of one meter: open → warm attach → remembered PAN or scan → join → poll → recover. The program
 * counter is the state; which `catch` an error lands in is the recovery. It never gives up: it ends only when told to, or
 * by a defect.
 */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #report: LinkReport;
  readonly #builder: SessionBuilder;
  readonly #ladder = new Ladder();
  readonly #backoff: Backoff;
  readonly #help: HelpTimer;
  readonly #pause: AirtimePause;
  readonly #commands = new Mailbox<MeterCommand>(COMMANDS_LIMIT);
  /** The PAN to come back to. */
  #known: Pan | undefined;
  #sessions = 0;

  constructor(deps: SupervisorDeps) {
    const { clock, log, whenPresent, onStuck } = deps;
    const report = new LinkReport(deps.meter, clock, log, deps.emit);
    const help = new HelpTimer({ clock, whenPresent, help: onStuck, onCall: () => report.rung('hook') });
    this.#deps = deps;
    this.#report = report;
    this.#builder = new SessionBuilder(clock, log, report);
    this.#backoff = new Backoff(SESSION_STEPS, deps.random);
    this.#help = help;
    this.#pause = new AirtimePause({ log, report, help, commands: this.#commands, onRescan: () => this.#forget() });
  }

  /** Returns at once; carried out as soon as the session allows. A session being built anew is not built anew again. */
  command(command: MeterCommand): void {
    const isBuilding = ['opening', 'scanning', 'joining'].includes(this.#report.phase);
    if (!isBuilding || command !== 'restart_session') this.#commands.put(command);
  }

  /** Resolves when `signal` aborts. @throws a defect, never a failure of the outside world. */
  async run(signal: AbortSignal): Promise<void> {
    const remembered = await this.#deps.pans.load();
    this.#known = remembered && networkOf(remembered);
    try {
      for (;;) {
        try {
          this.#report.enter('opening');
          await using module = await this.#deps.openModule(signal);
          this.#report.module(module.info);
          await this.#holdSessions(module, signal);
        } catch (error) {
          if (signal.aborted || exceeds(error, 'reopen')) throw error;
          await this.#rest(error, signal);
          await this.#help.untilPresent(signal);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#report.enter('stopped');
    }
  }

  /** One turn is one PANA session. Ends when the port is to be opened anew: by the ladder's last rung, or by throwing. */
  async #holdSessions(module: WiSunModule, signal: AbortSignal): Promise<void> {
    await this.#attach(module, signal);
    for (;;) {
      try {
        await this.#pause.pass(module.airtime, signal);
        const step = this.#ladder.next(this.#known !== undefined);
        if (this.#report.isFailing) this.#report.rung(step.rung);
        if (step.rung === 'reopen') return; // the failure that led here was reported and waited for
        await this.#interrupted(await this.#holdNew(module, step, signal), signal);
      } catch (error) {
        if (signal.aborted || exceeds(error, 'rejoin')) throw error;
        module.airtime.tryFailed();
        await this.#rest(error, signal);
      }
    }
  }

  async #holdNew(module: WiSunModule, step: Step, signal: AbortSignal): Promise<SessionCommand | undefined> {
    // Without a known PAN after a session, a rescan was asked for.
    const start = { known: this.#known, isUsed: this.#report.isFailing || this.#sessions > 0 };
    using session = await this.#builder.build(module, step, start, signal);
    this.#connected(session.pan);
    return await this.#serve(module, session, false, signal);
  }

  /** A restart of ours need not end the session: the module may still hold it, and one answer proves it. */
  async #attach(module: WiSunModule, signal: AbortSignal): Promise<void> {
    if (!this.#known) return;
    await this.#pause.untilRequest(module.airtime, signal);
    if (!this.#known) return; // a rescan was asked for meanwhile
    try {
      await this.#interrupted(await this.#holdWarm(module, this.#known, signal), signal);
    } catch (error) {
      if (signal.aborted || exceeds(error, 'rejoin')) throw error;
      if (this.#report.phase !== 'joining') return await this.#rest(error, signal);
      module.airtime.tryFailed();
      this.#deps.log.info({ reason: textOf(error) }, 'no warm session: joining');
    }
  }

  async #holdWarm(module: WiSunModule, known: Pan, signal: AbortSignal): Promise<SessionCommand | undefined> {
    using session = await module.attach(known);
    if (!session) return undefined;
    module.airtime.insist(); // one request is the cheapest proof
    this.#report.enter('joining', { pan: session.pan });
    return await this.#serve(module, session, true, signal);
  }

  /**
   * Polls until the session fails or a command ends it.
   * @param isWarm it is of an earlier run: the first answer proves that it stands
   * @returns that command
   */
  async #serve(
    module: WiSunModule,
    session: Session,
    isWarm: boolean,
    signal: AbortSignal,
  ): Promise<SessionCommand | undefined> {
    const { clock, reader } = this.#deps;
    const startedMs = clock.monotonicMs();
    let hasAnswered = false as boolean;
    const onProof = (datagram: Datagram): void => {
      if (!hasAnswered) this.#proved(session.pan, isWarm);
      hasAnswered = true;
      this.#help.restart();
      if (clock.monotonicMs() - startedMs >= GOOD_SESSION_MS) this.#backoff.reset();
      this.#report.success(session.pan, datagram);
    };
    let command: SessionCommand | undefined;
    try {
      await together(
        signal,
        (inner) => reader.poll(session, { unproved: isWarm, onProof }, inner),
        (inner) => session.watch((hold) => this.#pause.onHold(hold === 'airtime'), inner),
        async (inner) => void (command = await this.#commandOf(module, inner)),
      );
      return command;
    } catch (error) {
      // A stick pulled out of a session that answered is no failure of the radio: it is looked for at once, every time.
      if (hasAnswered && error instanceof BridgeError && error.code === 'PORT_LOST') this.#backoff.reset();
      if (wasDelivered(error)) this.#ladder.fellSilent();
      throw error;
    } finally {
      this.#pause.sessionEnded();
    }
  }

  /** The next command that ends the session. While the airtime limit holds it, it is kept: no other could be made. */
  async #commandOf(module: WiSunModule, signal: AbortSignal): Promise<SessionCommand> {
    for (;;) {
      const command = await this.#commands.take(signal);
      if (command === 'read_now') {
        this.#deps.reader.readNow();
        continue;
      }
      if (this.#pause.isHeld) {
        this.#deps.log.info({ command }, 'carried out when the airtime limit is over');
        await module.airtime.over(signal);
      }
      return command;
    }
  }

  /** A user ended the session: nothing failed, and the next one is built after the usual wait. */
  async #interrupted(command: SessionCommand | undefined, signal: AbortSignal): Promise<void> {
    if (command === undefined) return;
    if (command === 'rescan') this.#forget();
    const ms = this.#backoff.next();
    this.#report.enter('waiting', { retryAtMs: this.#deps.clock.now() + ms });
    await this.#wait(ms, signal);
  }

  /** The next rung is a scan. */
  #forget(): void {
    this.#known = undefined;
    this.#ladder.reset();
  }

  #connected(pan: Pan): void {
    if (this.#sessions++ > 0) this.#report.reconnected();
    this.#report.enter(this.#pause.connected(), { pan });
  }

  /** The PAN answered: it is the one to come back to, and the ladder starts at its first rung again. */
  #proved(pan: Pan, isWarm: boolean): void {
    if (isWarm) this.#connected(pan);
    this.#known = networkOf(pan);
    this.#builder.proved();
    this.#ladder.reset();
    void this.#deps.pans.save(this.#known);
  }

  /** Waits before the next try. A command is a reason to try at once, and so is the return of a port that was gone. */
  async #rest(error: unknown, signal: AbortSignal): Promise<void> {
    const ms = restMs(error, this.#backoff.next());
    const wasPaused = this.#report.phase === 'paused';
    this.#report.failed(error, this.#deps.clock.now() + ms);
    if (wasPaused) this.#help.restart();
    await this.#help.failed(error, signal);
    await this.#wait(ms, signal, exceeds(error, 'rejoin') ? this.#deps.whenPresent : undefined);
  }

  async #wait(ms: number, signal: AbortSignal, whenPresent?: SupervisorDeps['whenPresent']): Promise<void> {
    const command = await pauseUnlessCommanded(this.#deps.clock, ms, this.#commands, signal, whenPresent);
    if (command === 'rescan') this.#forget();
  }
}
