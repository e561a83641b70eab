import { abortable, scope } from '../kernel/async.ts';
import type { Mailbox } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { MeterCommand } from '../model/status.ts';

/** A port that is present within this time had never gone; one that was unplugged takes longer to come back. */
const THERE_MS = 250;

/** Resolves when a missing port comes back. For a port that is not missing it never resolves: the caller's pause decides. */
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
 * Waits `ms`. Ends earlier when a command arrives or `orElse` resolves.
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
  return await asked; // also when the time was up at the same moment: no command is lost
}
