import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { ProcessEnvironment } from './context.ts';

/** Tells the service manager `NAME=value` lines in one message. @throws when it could not be told in time. */
export type Notify = (fields: readonly string[], limitMs: number, signal: AbortSignal) => Promise<void>;

const run = promisify(execFile);

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
        await run('systemd-notify', fields, { env: { NOTIFY_SOCKET, PATH }, signal, killSignal: 'SIGKILL' });
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
