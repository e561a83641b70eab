import type { LinkPhase, LinkStatus } from '../../model/status.ts';
import { known } from '../status-snapshot.ts';
import type { ProgressSnapshot } from '../status-snapshot.ts';

/** Port and module, scan, join, first answer. */
const STEPS: Partial<Readonly<Record<LinkPhase, ProgressSnapshot['step']>>> = {
  opening: 1,
  scanning: 2,
  joining: 3,
  connected: 4,
};
const tenths = (ms: number): number => Math.round(ms / 100) / 10;

/** @param elapsedMs since the phase began @returns undefined while no session is being built */
export function progressSnapshot({ phase, progress }: LinkStatus, elapsedMs: number): ProgressSnapshot | undefined {
  const step = STEPS[phase];
  if (!progress || step === undefined) return undefined;
  const { scan } = progress;
  // a module goes through the channels in their order, as long on each
  const at = scan && Math.floor(Math.max(0, elapsedMs - scan.afterMs) / scan.dwellMs) + 1;
  return known<ProgressSnapshot>({
    step,
    channels: scan && { at: Math.min(at ?? 1, scan.channels), of: scan.channels },
    elapsed_s: tenths(elapsedMs),
    expected_s: tenths(progress.expectedMs),
  });
}
