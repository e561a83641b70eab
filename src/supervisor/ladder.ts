import type { RecoveryRung } from '../model/status.ts';
import type { ScanRequest } from '../module/module.ts';
import { ALL_CHANNELS_MASK, maskOfChannel, ODD_CHANNELS_MASK } from '../skstack/dialect.ts';

/**
 * What is done to get a session back, gentlest first. A good answer leads back to the first rung; the last one leads to
 * the first again, for ever. Only the first joins what it has not heard: a join that nobody answers takes 38 s, a scan of
 * one channel under two.
 */
export const rungs = [
  'join',
  'scan-channel',
  'scan',
  'terminate',
  'reset',
  'scan',
  'reopen',
] as const satisfies readonly RecoveryRung[];
export type Rung = (typeof rungs)[number];

/** These rest on a PAN that answered us before; without one only a full scan helps. */
const needsPan: ReadonlySet<Rung> = new Set(['join', 'scan-channel', 'terminate', 'reset']);

export class Ladder {
  #at = 0;

  /** The rung to try now, which the next call leaves behind. */
  next(panKnown: boolean): Rung {
    const rung = rungs[this.#at] as Rung;
    this.#at = (this.#at + 1) % rungs.length;
    if (!panKnown && needsPan.has(rung)) return this.next(panKnown);
    return rung;
  }

  reset(): void {
    this.#at = 0;
  }
}

/**
 * Scans of rising duration, the likely channels first. D = 4 missed in 3 of 3 published logs and D = 5 in 1 of 3, D = 6
 * hit in 4 of 4: 4.4 s, 8.7 s, 17.5 s and 34.7 s by the formula.
 */
export const fullScan: readonly ScanRequest[] = [
  { mask: ODD_CHANNELS_MASK, duration: 5 },
  { mask: ODD_CHANNELS_MASK, duration: 6 },
  { mask: ALL_CHANNELS_MASK, duration: 6 },
  { mask: ALL_CHANNELS_MASK, duration: 7 },
];

/** The remembered channel alone takes half a second and a second. */
export const channelScan = (channel: number): readonly ScanRequest[] =>
  [6, 7].map((duration) => ({ mask: maskOfChannel(channel), duration }));
