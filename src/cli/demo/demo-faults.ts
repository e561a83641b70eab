import type { ScriptEntry } from '../../simulator/fault-script.ts';
import type { Fault } from '../../simulator/faults.ts';

/** What breaks in `demo --faults`, each long enough after the last to be watched mending; then all over again. */
const acts: readonly Fault[] = [
  { fault: 'event-26' },
  { fault: 'module-reset' },
  { fault: 'port-lost', for_s: 4 },
  { fault: 'silent-session' },
  { fault: 'module-hang', for_s: 6 },
];
const FIRST_S = 8;
const BETWEEN_S = 25;

/** @param speed the simulator divides all its seconds by it; these are meant for the person watching. */
export function demoFaults(speed: number): readonly ScriptEntry[] {
  const scale = (seconds: number): number => seconds * speed;
  return acts.map(({ for_s: forS, ...fault }, at) => ({
    fault: { ...fault, ...(forS === undefined ? {} : { for_s: scale(forS) }) },
    atS: scale(FIRST_S + at * BETWEEN_S),
    everyS: scale(acts.length * BETWEEN_S),
  }));
}
