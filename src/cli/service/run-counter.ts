import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../kernel/log.ts';
import { StateFile } from '../../store/state-file.ts';

/**
 * Counts our starts, one small write each: with `seq` it identifies a reading. Without a state directory, or on a disk that
 * refuses, the second of the start serves: it differs from every earlier one as long as the clock is right.
 */
export async function nextRun(
  dir: string | undefined,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<number> {
  const secondOfStart = Math.floor(clock.now() / 1000);
  if (dir === undefined) return secondOfStart;
  const file = new StateFile(dir, 'run.json', parseRun, log);
  const isThere = existsSync(join(dir, 'run.json'));
  const last = await file.load();
  const run = last === undefined && isThere ? secondOfStart : (last?.run ?? 0) + 1; // a damaged count begins no second 1
  return (await file.save({ run })) ? run : secondOfStart;
}

function parseRun(value: unknown): { readonly run: number } {
  const run = (value as { run?: unknown } | null)?.run;
  if (!Number.isSafeInteger(run) || (run as number) < 0) throw new TypeError('run is no count');
  return { run: run as number };
}
