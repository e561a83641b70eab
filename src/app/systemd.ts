import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { textOf } from '../kernel/errors.ts';
import type { Language, Text } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { Pulse } from '../kernel/deadlines.ts';
import type { StatusBoard } from '../web/status-board.ts';
import type { MeterSnapshot, StatusSnapshot } from '../web/status-snapshot.ts';
import type { ProcessEnvironment } from './context.ts';
import { linkWords } from './phase-words.ts';

/** How soon a change of phase or freshness is reported. */
const LOOK_MS = 2000;
/** A message takes some milliseconds; a machine that is busy booting gets this long. */
const NOTIFY_MS = 3000;
/** The last message must not hold up the end. */
const LAST_NOTIFY_MS = 1000;

const STOPPING: Text = { en: 'stopping', ja: '終了処理中' };
const UNREACHED_HINT =
  'systemd-notify has to be in the PATH and the unit needs NotifyAccess=all. Without it use Type=exec and no WatchdogSec=, else systemd ends the service.';

export interface SystemdDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly pid: number;
  readonly notify: Notify;
  readonly pace: WatchdogPace;
  /** What `/healthz` and the page ask too: it alone decides what is fresh. */
  readonly board: Pick<StatusBoard, 'snapshot'>;
  readonly language: Language;
  /** Who has stopped working though it should: then no `WATCHDOG=1` is sent, and the service manager restarts us. */
  readonly pulse: Pick<Pulse, 'late'>;
}

/**
 * Tells the service manager how we are: `READY=1`, then at each beat `STATUS=` and `WATCHDOG=1`, at the end `STOPPING=1`.
 * A beat comes from the event loop that answers `/livez` and asks what that asks: who stands still is not kept alive. A meter
 * out of reach has no say in it.
 */
export class SystemdReport {
  readonly #deps: SystemdDeps;
  #complained = false;

  constructor(deps: SystemdDeps) {
    this.#deps = deps;
  }

  /** From ready until `signal` aborts. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, pid, pace, board, language } = this.#deps;
    try {
      for (let ready = false; ;) {
        const beganMs = clock.monotonicMs();
        const snapshot = board.snapshot();
        const reached = await this.#notify(
          [
            ...(ready ? [] : ['READY=1', `MAINPID=${pid}`]),
            `STATUS=${statusLine(snapshot, language)}`,
            ...(pace.watched && this.#goesOn() ? ['WATCHDOG=1'] : []),
          ],
          NOTIFY_MS,
          signal,
        );
        ready ||= reached;
        await this.#pause(beganMs + (reached ? pace.beatMs : pace.beatMs / 4), statusKey(snapshot), signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#complain(error);
    }
    await this.#notify(['STOPPING=1', `STATUS=${STOPPING[language]}`], LAST_NOTIFY_MS, new AbortController().signal);
  }

  /** Until `dueMs`, or shortly after what was reported last is no longer so. */
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

  async #notify(fields: readonly string[], limitMs: number, signal: AbortSignal): Promise<boolean> {
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
    const reason = textOf(error).trim();
    this.#deps.log.warn({ reason, hint: UNREACHED_HINT }, 'systemd cannot be told how we are');
  }
}

/** Reports to the service manager that `NOTIFY_SOCKET` names, until `signal` aborts. Never throws. */
export async function reportToSystemd(
  env: ProcessEnvironment,
  deps: Omit<SystemdDeps, 'pid' | 'notify' | 'pace'>,
  signal: AbortSignal,
): Promise<void> {
  const { pid } = process;
  const [notify, pace] = [systemdNotify(env, deps.clock), paceOf(env, pid)];
  await new SystemdReport({ ...deps, pid, notify, pace }).run(signal);
}

/** Sends the service manager `NAME=value` lines in one message. @throws when it did not arrive in time. */
export type Notify = (fields: readonly string[], limitMs: number, signal: AbortSignal) => Promise<void>;

const runProgram = promisify(execFile);

/**
 * Notifies through `systemd-notify`, one short-lived child a message: Node has no datagram sockets of the unix family.
 * Why this way: docs/systemd.md.
 */
export function systemdNotify({ NOTIFY_SOCKET, PATH }: ProcessEnvironment, clock: Clock): Notify {
  return (fields, limitMs, parent) =>
    within(
      clock,
      limitMs,
      parent,
      async (signal) => {
        await runProgram('systemd-notify', fields, { env: { NOTIFY_SOCKET, PATH }, signal, killSignal: 'SIGKILL' });
      },
      () => new Error(`systemd-notify took longer than ${limitMs / 1000} s`),
    );
}

const LONGEST_BEAT_MS = 30_000;
const SHORTEST_BEAT_MS = 100;

export interface WatchdogPace {
  /** The service manager counts on `WATCHDOG=1`. */
  readonly watched: boolean;
  /** Between two messages, ms: half of what the watchdog grants, at most 30 s. */
  readonly beatMs: number;
}

/** sd_watchdog_enabled(3): `WATCHDOG_USEC`, unless `WATCHDOG_PID` names another process. */
export function paceOf({ WATCHDOG_USEC, WATCHDOG_PID }: ProcessEnvironment, pid: number): WatchdogPace {
  const usec = /^\d{1,15}$/.test(WATCHDOG_USEC ?? '') ? Number(WATCHDOG_USEC) : 0;
  const watched = usec > 0 && (!WATCHDOG_PID || WATCHDOG_PID === String(pid));
  const half = watched ? usec / 2000 : LONGEST_BEAT_MS;
  return { watched, beatMs: Math.min(LONGEST_BEAT_MS, Math.max(SHORTEST_BEAT_MS, half)) };
}

/** `systemctl status` shows one line: so many meters are named on it, those in trouble first. */
const NAMED = 4;

/** What `systemctl status` shows. A reading has its time and no age, which would be wrong before the next message. */
export function statusLine({ time, meters }: StatusSnapshot, language: Language): string {
  const inTrouble = meters.filter(({ fresh }) => !fresh);
  const named = (meters.length > NAMED ? inTrouble : meters).slice(0, NAMED);
  const parts = named.map((meter) => `${meter.id}: ${meterPart(meter, time, language)}`);
  if (meters.length <= NAMED) return parts.join('; ');
  const current = meters.length - inTrouble.length;
  const count = { en: `${meters.length} meters, ${current} current`, ja: `${meters.length}台中${current}台が最新` };
  const more = inTrouble.length > NAMED ? ['…'] : [];
  return [count[language], ...parts, ...more].join('; ');
}

function meterPart(meter: MeterSnapshot, now: string, language: Language): string {
  const { fresh, reading, error } = meter;
  const at = reading && shortTime(reading.time, now);
  const reported: Text =
    at === undefined
      ? { en: 'no reading yet', ja: '値はまだありません' }
      : fresh
        ? { en: `reading of ${at}`, ja: `${at}の値` }
        : { en: `no current reading, last one ${at}`, ja: `最新の値なし、最後は${at}` };
  const code = error && !fresh ? [error.code] : [];
  return [linkWords(meter)[language], reported[language], ...code].join({ en: ', ', ja: '、' }[language]);
}

/** Of an ISO time: the time of day, with the date when that is not today's. */
const shortTime = (time: string, now: string): string =>
  time.slice(0, 10) === now.slice(0, 10) ? time.slice(11, 19) : time.slice(0, 19).replace('T', ' ');

/** What of it, when changed, is reported at once and not with the next beat. */
const statusKey = ({ meters }: StatusSnapshot): string =>
  JSON.stringify(meters.map(({ phase, fresh, connected, error }) => [phase, fresh, connected, error?.code]));
