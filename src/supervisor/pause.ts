import { abortable, scope } from '../kernel/async.ts';
import type { Mailbox } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { MeterCommand } from '../model/status.ts';

/** A port found so soon was there all the time. */
const THERE_MS = 250;

/** Resolves when a port that is gone is back; never for one that is there. */
export async function whenBack(
  clock: Clock,
  whenPresent: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = clock.monotonicMs();
  await whenPresent(signal);
  if (clock.monotonicMs() - startedMs < THERE_MS) await new Promise<never>(() => undefined);
}

/**
 * Waits `ms`, or until a command or `orElse` comes: a reason to go on at once.
 * @returns that command. @throws the signal's reason.
 */
export async function pauseUnlessCommanded(
  clock: Clock,
  ms: number,
  commands: Mailbox<MeterCommand>,
  signal: AbortSignal,
  orElse?: (signal: AbortSignal) => Promise<void>,
): Promise<MeterCommand | undefined> {
  using pause = scope(signal);
  const over = clock.sleep(ms, pause.signal).catch(() => undefined);
  const asked = commands.take(pause.signal).catch(() => undefined);
  const reasons: Promise<unknown>[] = [over, asked];
  if (orElse) reasons.push(orElse(pause.signal).catch(() => asked));
  try {
    await abortable(Promise.race(reasons), signal);
  } finally {
    pause.abort();
    await over;
  }
  return await asked; // also when both came at the same moment: no command is lost
}
