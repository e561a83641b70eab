import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Deadlines } from '../kernel/deadlines.ts';
import { OutboxDisk } from './outbox-disk.ts';
import { OutboxFolder } from './outbox-folder.ts';
import { Outbox } from './outbox.ts';

/** In memory: a day at the default interval, some 2 MB, when the disk does not help. */
const MEMORY = { window: 1000, count: 10_000, ageMs: 48 * 3_600_000 };
/** On disk: some 400,000 readings, six weeks at the default interval. A segment is what replay takes 4 s for. */
const DISK = { bytes: 64 * 1024 * 1024, ageMs: 30 * 86_400_000, segmentBytes: 64 * 1024 };

/** @param stateDir the meter's folder; without one everything waits in memory. Nothing is read or written yet. */
export function openOutbox(
  stateDir: string | undefined,
  deps: { readonly clock: Clock; readonly log: Log; readonly deadlines: Deadlines },
): Outbox {
  const folder = stateDir === undefined ? undefined : join(stateDir, 'outbox');
  const disk = folder === undefined ? undefined : new OutboxDisk(new OutboxFolder(folder, deps.log), DISK, deps);
  return new Outbox({ ...deps, limits: MEMORY, disk });
}
