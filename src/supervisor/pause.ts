import { abortable, scope } from '../kernel/async.ts';
import type { Mailbox } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { MeterCommand } from '../model/status.ts';

/** Waits `ms`, or until a command comes: a reason to go on at once. @returns that command. @throws the signal's reason. */
export async function pauseUnlessCommanded(
  clock: Clock,
  ms: number,
  commands: Mailbox<MeterCommand>,
  signal: AbortSignal,
): Promise<MeterCommand | undefined> {
  using pause = scope(signal);
  const over = clock.sleep(ms, pause.signal).catch(() => undefined);
  const asked = commands.take(pause.signal).catch(() => undefined);
  try {
    await abortable(Promise.race([over, asked]), signal);
  } finally {
    pause.abort();
    await over;
  }
  return await asked; // also when both came at the same moment: no command is lost
}
