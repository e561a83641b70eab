import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../kernel/clock.ts';

/** V8 of these majors was seen to obey; a later one is left alone, for it might complain of an unknown flag. */
const OBEDIENT = { from: 20, to: 24 };
/** How often the heap is looked at. */
const LOOK_MS = 60_000;
/** A heap that grew by less is not worth some tens of milliseconds, but once an hour. */
const GROWTH_BYTES = 3e6;
const HOUR_MS = 3_600_000;

const isObedient = (): boolean => {
  const major = Number.parseInt(process.versions.node, 10);
  return major >= OBEDIENT.from && major <= OBEDIENT.to;
};

/**
 * Keeps the space for new objects at the 2 MB it begins with, instead of 32 MB (128 MB from Node 24 on) that is never given
 * back: an answer of a meter leaves some kilobytes that are garbage at once, so there is nothing to gain by collecting
 * less often. A flag on the command line would need another shebang than every system has.
 */
export function keepHeapSmall(): void {
  if (isObedient()) setFlagsFromString('--semi-space-growth-factor=1');
}

export interface Heap {
  /** Bytes taken from the system, used or not. */
  readonly size: () => number;
  /** Collects and compacts, and gives back what is free. */
  readonly collect: () => void;
}

/**
 * V8 lets the space for old objects grow to tens of megabytes before it collects it for the first time, and then keeps
 * sparse pages: at a meter's pace that takes months, and looks like a leak. So it is told to.
 */
export function thisHeap(): Heap | undefined {
  if (!isObedient()) return undefined;
  setFlagsFromString('--compact-on-every-full-gc');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return { size: () => getHeapStatistics().total_heap_size, collect };
}

/** Collects a minute after the start, then when the heap has grown, and hourly. Ends with `signal`, never by throwing. */
export async function keepHeapTidy({ size, collect }: Heap, clock: Clock, signal: AbortSignal): Promise<void> {
  let tidy = { bytes: -Infinity, atMs: 0 };
  while (!signal.aborted) {
    await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    const isSmall = size() < tidy.bytes + GROWTH_BYTES && clock.monotonicMs() < tidy.atMs + HOUR_MS;
    if (signal.aborted || isSmall) continue;
    collect();
    tidy = { bytes: size(), atMs: clock.monotonicMs() };
  }
}
