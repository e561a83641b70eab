import type { Reading } from '../model/reading.ts';
import type { ContractState } from './mqtt-payloads.ts';

export interface OverContract {
  readonly on: boolean;
  /** Successive answers at or above the contract current. */
  readonly above: number;
}
export const notOver: OverContract = { on: false, above: 0 };

/** On at ≥ 100 % in two successive answers, off below 90 %: one oven switching must not flap an automation. */
export function overContractStep(state: OverContract, usage: number): OverContract {
  const above = usage >= 1 ? state.above + 1 : 0;
  return { on: state.on ? usage >= 0.9 : above >= 2, above };
}

/**
 * Both 100 V legs count towards an ampere contract; a leg that feeds back does not free the other one.
 * @returns undefined when a leg's current is unknown.
 */
export function usedAmpere(reading: Reading, hasTPhase: boolean): number | undefined {
  if (reading.currentRA === undefined) return undefined;
  if (hasTPhase && reading.currentTA === undefined) return undefined;
  return Math.max(0, reading.currentRA) + Math.max(0, reading.currentTA ?? 0);
}

export const contractState = (ampere: number, used: number, over: OverContract): ContractState => ({
  headroomA: ampere - used,
  over: over.on,
});
