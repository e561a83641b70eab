import { Mailbox, together } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, exceeds } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { networkOf } from '../model/pan.ts';
import type { Pan } from '../model/pan.ts';
import type { Activity, BridgeEvent, MeterCommand } from '../model/status.ts';
import type { MeterReader } from '../meter/meter-reader.ts';
import type { Session, WiSunModule } from '../module/module.ts';
import type { StateFile } from '../store/state-file.ts';
import { AirtimePause } from './airtime-pause.ts';
import { SessionBackoff } from './backoff.ts';
import { HelpTimer } from './help-timer.ts';
import { channelScan, fullScan, Ladder } from './ladder.ts';
import type { Step } from './ladder.ts';
import { LinkReport } from './link-report.ts';
import { MeterSearch } from './meter-search.ts';
import { pauseUnlessCommanded, whenBack } from './pause.ts';

/** A session that answered and lasted this long was a good one; a shorter one keeps backing off. */
const GOOD_SESSION_MS = 60_000;
/** What a refused join and a port that others own wait at least: trying sooner only annoys. */
const PATIENCE_MS = 5000;
/** Opening a port costs no airtime, so what needs it is tried often. */
const REOPEN_MOST_MS = 5000;
const COMMANDS_LIMIT = 4;

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
  readonly #ladder = new Ladder();
  readonly #backoff: SessionBackoff;
  readonly #search: MeterSearch;
  readonly #commands = new Mailbox<MeterCommand>(COMMANDS_LIMIT);
  #known: Pan | undefined;
  #sessions = 0;
  readonly #help: HelpTimer;
  readonly #pause: AirtimePause;

  constructor(deps: SupervisorDeps) {
    this.#deps = deps;
    this.#report = new LinkReport(deps.meter, deps.clock, deps.log, deps.emit);
    this.#backoff = new SessionBackoff(deps.random);
    const did = (activity: Activity): void => this.#report.did(activity);
    this.#search = new MeterSearch({ clock: deps.clock, log: deps.log, did });
    const { clock, whenPresent, onStuck } = deps;
    const help = onStuck && ((signal: AbortSignal): Promise<void> => this.#callForHelp(onStuck, signal));
    this.#help = new HelpTimer({ clock, whenPresent, help });
    this.#pause = new AirtimePause({
      log: deps.log,
      report: this.#report,
      help: this.#help,
      commands: this.#commands,
      onRescan: () => this.#forget(),
    });
  }

  /** Returns at once; carried out as soon as the session allows. A session being built anew is not built anew again. */
  command(command: MeterCommand): void {
    const building = ['opening', 'scanning', 'joining'].includes(this.#report.phase);
    if (building && command === 'restart_session') return;
    this.#commands.put(command);
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
        if (step.rung === 'reopen') return; // the failure that led here was told and waited for
        const pan = await this.#climb(module, step, signal);
        this.#report.enter('joining', { pan });
        using session = await this.#join(module, pan, signal);
        this.#connected(session.pan);
        await this.#serve(module, session, false, signal);
      } catch (error) {
        if (signal.aborted || exceeds(error, 'rejoin')) throw error;
        module.airtime.tryFailed();
        await this.#rest(error, signal);
      }
    }
  }

  /** A restart of ours need not end the session: the module may still hold it, and one answer proves it. */
  async #attach(module: WiSunModule, signal: AbortSignal): Promise<void> {
    if (!this.#known) return;
    await this.#pause.untilRequest(module.airtime, signal);
    if (!this.#known) return; // a rescan was asked for meanwhile
    using session = await module.attach(this.#known);
    if (!session) return;
    module.airtime.insist(); // one request is the cheapest proof
    this.#report.enter('joining', { pan: session.pan });
    let proved = false;
    try {
      await this.#serve(module, session, true, signal, () => (proved ||= this.#connected(session.pan)));
    } catch (error) {
      if (signal.aborted || exceeds(error, 'rejoin')) throw error;
      if (!proved) module.airtime.tryFailed();
      if (proved) await this.#rest(error, signal);
      else this.#deps.log.info({ reason: (error as Error).message }, 'no warm session: joining');
    }
  }

  /** Does what the step asks before a join. @returns the PAN to join. */
  async #climb(module: WiSunModule, { rung, search }: Step, signal: AbortSignal): Promise<Pan> {
    const known = this.#known;
    if (!known || search === 'everywhere') {
      this.#report.enter('scanning');
      if (!known && this.#report.isFailing) await module.reset(signal); // with a PAN, a rung of its own does it
      return await this.#search.find(module, fullScan, signal);
    }
    if (rung === 'terminate') await module.terminate(signal);
    if (rung === 'reset') await module.reset(signal);
    if (search === 'nowhere') return known;
    this.#report.enter('scanning');
    return await this.#search.find(module, channelScan(known.channel), signal);
  }

  async #join(module: WiSunModule, pan: Pan, signal: AbortSignal): Promise<Session> {
    const startedMs = this.#deps.clock.monotonicMs();
    const done = (joined: boolean): void =>
      this.#report.did({ what: 'join', durationMs: this.#deps.clock.monotonicMs() - startedMs, joined });
    try {
      const session = await module.join(pan, signal);
      done(true);
      return session;
    } catch (error) {
      if (!signal.aborted) done(false);
      throw error;
    }
  }

  /** Polls until the session fails, a hold is over, or a command ends it. */
  async #serve(
    module: WiSunModule,
    session: Session,
    unproved: boolean,
    signal: AbortSignal,
    onFirst: () => void = () => undefined,
  ): Promise<void> {
    const { clock, reader } = this.#deps;
    const startedMs = clock.monotonicMs();
    let first = true as boolean;
    const onProof: Parameters<MeterReader['poll']>[1]['onProof'] = (datagram) => {
      if (first) {
        onFirst();
        this.#proved(session.pan);
      }
      first = false;
      this.#help.restart();
      if (clock.monotonicMs() - startedMs >= GOOD_SESSION_MS) this.#backoff.reset();
      this.#report.success(session.pan, datagram);
    };
    try {
      await together(
        signal,
        (inner) => reader.poll(session, { unproved, onProof }, inner),
        (inner) => session.watch((hold) => this.#pause.onHold(hold === 'airtime'), inner),
        (inner) => this.#obey(module, inner),
      );
    } catch (error) {
      // A stick pulled out of a session that answered is no failure of the radio: it is looked for at once, every time.
      if (!first && error instanceof BridgeError && error.code === 'PORT_LOST') this.#backoff.reset();
      if (wasDelivered(error)) this.#ladder.fellSilent();
      throw error;
    } finally {
      this.#pause.sessionEnded();
    }
  }

  /** A session that the airtime limit holds is not ended for a command: no other could be made. */
  async #obey(module: WiSunModule, signal: AbortSignal): Promise<void> {
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
      throw this.#interruption(command);
    }
  }

  #interruption(command: 'restart_session' | 'rescan'): BridgeError {
    if (command === 'rescan') this.#forget();
    return new BridgeError('SESSION_LOST', `${command} was asked for`);
  }

  /** The next rung is a scan. */
  #forget(): void {
    this.#known = undefined;
    this.#ladder.reset();
  }

  #connected(pan: Pan): true {
    if (this.#sessions++ > 0) this.#report.reconnected();
    this.#report.enter(this.#pause.connected(), { pan });
    return true;
  }

  /** The PAN answered: it is the one to come back to, and the ladder starts at its first rung again. */
  #proved(pan: Pan): void {
    this.#known = networkOf(pan);
    this.#search.proved();
    this.#ladder.reset();
    void this.#deps.pans.save(this.#known);
  }

  async #callForHelp(onStuck: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    this.#report.rung('hook');
    await onStuck(signal);
  }

  /** Waits before the next try. A command is a reason to try at once, and so is the return of a port that was gone. */
  async #rest(error: unknown, signal: AbortSignal): Promise<void> {
    const isOfPort = exceeds(error, 'rejoin');
    const ms = Math.max(Math.min(this.#backoff.next(), isOfPort ? REOPEN_MOST_MS : Infinity), leastMs(error));
    const wasPaused = this.#report.phase === 'paused';
    this.#report.failed(error, this.#deps.clock.now() + ms);
    if (wasPaused) this.#help.restart();
    await this.#help.failed(error, signal);
    const { clock, whenPresent } = this.#deps;
    const back = isOfPort ? (inner: AbortSignal): Promise<void> => whenBack(clock, whenPresent, inner) : undefined;
    const command = await pauseUnlessCommanded(clock, ms, this.#commands, signal, back);
    if (command === 'rescan') this.#forget();
  }
}

/** The meter's radio took the last request; only its answer is missing. */
function wasDelivered(error: unknown): boolean {
  const isSilence = error instanceof BridgeError && error.code === 'METER_SILENT';
  return isSilence && error.cause instanceof BridgeError && error.cause.code === 'REPLY_TIMEOUT';
}

function leastMs(error: unknown): number {
  const needsPatience = ['JOIN_REFUSED', 'PORT_DENIED', 'PORT_BUSY'];
  return error instanceof BridgeError && needsPatience.includes(error.code) ? PATIENCE_MS : 0;
}
