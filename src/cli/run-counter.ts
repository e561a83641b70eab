import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { StateFile } from '../store/state-file.ts';

/**
 * Counts our starts, one small write each: with `seq` it identifies a reading. Without a state directory the second of the
 * start serves: it differs from every earlier one as long as the clock is right.
 */
export async function nextRun(
  dir: string | undefined,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<number> {
  if (dir === undefined) return Math.floor(clock.now() / 1000);
  const file = new StateFile(dir, 'run.json', parseRun, log);
  const run = ((await file.load())?.run ?? 0) + 1;
  await file.save({ run });
  return run;
}

function parseRun(value: unknown): { readonly run: number } {
  const run = (value as { run?: unknown } | null)?.run;
  if (!Number.isSafeInteger(run) || (run as number) < 0) throw new TypeError('run is no count');
  return { run: run as number };
}
