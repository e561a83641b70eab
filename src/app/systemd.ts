import type { Clock } from '../kernel/clock.ts';
import type { Language, Text } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { Pulse } from '../kernel/pulse.ts';
import type { Settings } from '../model/settings.ts';
import type { Sink } from '../model/sink.ts';
import type { BridgeEvent } from '../model/status.ts';
import { StatusBoard } from '../web/status-board.ts';
import type { ProcessEnvironment } from './context.ts';
import { paceOf, systemdNotify } from './systemd-notify.ts';
import type { Notify, WatchdogPace } from './systemd-notify.ts';
import { statusKey, statusLine } from './systemd-status.ts';

/** How soon a change of phase or freshness is told. */
const LOOK_MS = 2000;
/** A message takes some milliseconds; a machine that is busy booting gets this long. */
const TELL_MS = 3000;
/** The last word must not hold up the end. */
const LAST_WORD_MS = 1000;

const stopping: Text = { en: 'stopping', ja: '終了処理中' };
const untold: Text = {
  en: 'systemd-notify has to be in the PATH and the unit needs NotifyAccess=all. Without it use Type=exec and no WatchdogSec=, else systemd ends the service.',
  ja: 'systemd-notifyがPATHにあり、ユニットに NotifyAccess=all があることを確認してください。使えない場合は Type=exec とし、WatchdogSec= を外してください。そのままではsystemdがサービスを終了させます。',
};

export interface SystemdDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly pid: number;
  readonly notify: Notify;
  readonly pace: WatchdogPace;
  /** What `/healthz` and the page ask too: it alone decides what is fresh. */
  readonly board: StatusBoard;
  readonly language: Language;
  /** Who has stopped working though it should: then no `WATCHDOG=1` is sent, and the service manager restarts us. */
  readonly pulse: Pick<Pulse, 'late'>;
}

/**
 * Tells the service manager how we are: `READY=1`, then at each beat `STATUS=` and `WATCHDOG=1`, at the end `STOPPING=1`.
 * A beat comes from the event loop that answers `/livez` and asks what that asks: who stands still is not kept alive. A meter
 * out of reach has no say in it.
 */
export class SystemdReport implements Sink {
  readonly name = 'systemd';
  readonly #deps: SystemdDeps;
  #complained = false;

  constructor(deps: SystemdDeps) {
    this.#deps = deps;
  }

  accept(event: BridgeEvent): void {
    this.#deps.board.accept(event);
  }

  /** From ready until `signal` aborts. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, pid, pace, board, language } = this.#deps;
    try {
      for (let ready = false; ;) {
        const beganMs = clock.monotonicMs();
        const snapshot = board.snapshot();
        const told = await this.#tell(
          [
            ...(ready ? [] : ['READY=1', `MAINPID=${pid}`]),
            `STATUS=${statusLine(snapshot, language)}`,
            ...(pace.watched && this.#goesOn() ? ['WATCHDOG=1'] : []),
          ],
          TELL_MS,
          signal,
        );
        ready ||= told;
        await this.#pause(beganMs + (told ? pace.beatMs : pace.beatMs / 4), statusKey(snapshot), signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#complain(error);
    }
    await this.#tell(['STOPPING=1', `STATUS=${stopping[language]}`], LAST_WORD_MS, new AbortController().signal);
  }

  /** Until `dueMs`, or shortly after what we told last is no longer so. */
  async #pause(dueMs: number, key: string, signal: AbortSignal): Promise<void> {
    const { clock, board } = this.#deps;
    do {
      await clock.sleep(Math.min(LOOK_MS, dueMs - clock.monotonicMs()), signal);
    } while (clock.monotonicMs() < dueMs && statusKey(board.snapshot()) === key);
  }

  #goesOn(): boolean {
    const late = this.#deps.pulse.late();
    if (late.length > 0) this.#deps.log.error({ late }, 'stuck: systemd is left to restart the service');
    return late.length === 0;
  }

  async #tell(fields: readonly string[], limitMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#deps.notify(fields, limitMs, signal);
      return true;
    } catch (error) {
      if (!signal.aborted) this.#complain(error);
      return false;
    }
  }

  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    const reason = error instanceof Error ? error.message.trim() : String(error);
    this.#deps.log.warn({ reason, hint: untold[this.#deps.language] }, 'systemd cannot be told how we are');
  }
}

/** The report to the service manager that `NOTIFY_SOCKET` names; undefined without one. */
export function systemdReport(
  env: ProcessEnvironment,
  { meters, language }: Pick<Settings, 'meters' | 'language'>,
  {
    clock,
    log,
    version,
    pid,
    pulse,
  }: Pick<SystemdDeps, 'clock' | 'log' | 'pid' | 'pulse'> & { readonly version: string },
): SystemdReport | undefined {
  if (!env['NOTIFY_SOCKET']) return undefined;
  const board = new StatusBoard({ meters, clock, brokerHealth: () => undefined, version, language });
  const [notify, pace] = [systemdNotify(env, clock), paceOf(env, pid)];
  return new SystemdReport({ clock, log, pid, notify, pace, board, language, pulse });
}
