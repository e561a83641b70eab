import { BridgeError } from '../kernel/errors.ts';
import type { RecoveryRung } from '../model/status.ts';

export type Rung = Exclude<RecoveryRung, 'retry' | 'hook'>;

/** What is done to session, module or port, and where the meter is then looked for before the join. */
export interface Step {
  readonly rung: Rung;
  /** `channel`, `nowhere`: they rest on a PAN that answered us before; without one only a full scan helps. */
  readonly search: 'nowhere' | 'channel' | 'everywhere';
}

/**
 * What is done to get a session back, gentlest first. A good answer leads back to the first step; the last one leads to
 * the first again, for ever. Only the first joins what it has not heard: a join that nobody answers takes 38 s, a scan of
 * one channel under two.
 */
export const STEPS: readonly Step[] = [
  { rung: 'join', search: 'nowhere' },
  { rung: 'scan-channel', search: 'channel' },
  { rung: 'scan', search: 'everywhere' },
  { rung: 'terminate', search: 'channel' },
  { rung: 'reset', search: 'channel' },
  { rung: 'scan', search: 'everywhere' },
  { rung: 'reopen', search: 'everywhere' },
];
export const rungs: readonly Rung[] = STEPS.map(({ rung }) => rung);

/** In place of the first: a meter that got our requests and fell silent may keep a session, and refuse another beside it. */
const AFTER_SILENCE: Step = { rung: 'terminate', search: 'nowhere' };

export class Ladder {
  #at = 0;
  #silent = false;

  /** The step to try now, which the next call leaves behind. */
  next(panKnown: boolean): Step {
    const step = this.#silent ? AFTER_SILENCE : (STEPS[this.#at] as Step);
    this.#silent = false;
    this.#at = (this.#at + 1) % STEPS.length;
    if (!panKnown && step.search !== 'everywhere') return this.next(panKnown);
    return step;
  }

  /** The radio still reached the meter, which answered no more. Changes the first step, no other. */
  fellSilent(): void {
    this.#silent = this.#at === 0;
  }

  reset(): void {
    this.#at = 0;
    this.#silent = false;
  }
}

/** The meter's radio took the last request; only its answer is missing. */
export function wasDelivered(error: unknown): boolean {
  const isSilence = error instanceof BridgeError && error.code === 'METER_SILENT';
  return isSilence && error.cause instanceof BridgeError && error.cause.code === 'REPLY_TIMEOUT';
}
