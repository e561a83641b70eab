import { setFlagsFromString } from 'node:v8';

/** V8 of these majors was seen to obey; a later one is left alone, for it might complain of an unknown flag. */
const OBEDIENT = { from: 20, to: 24 };

/**
 * Keeps the space for new objects at the 2 MB it begins with, instead of 32 MB (128 MB from Node 24 on) that is never given
 * back: an answer of a meter leaves some kilobytes that are garbage at once, so there is nothing to gain by collecting
 * less often. A flag on the command line would need another shebang than every system has.
 */
export function keepHeapSmall(): void {
  const major = Number.parseInt(process.versions.node, 10);
  if (major >= OBEDIENT.from && major <= OBEDIENT.to) setFlagsFromString('--semi-space-growth-factor=1');
}
