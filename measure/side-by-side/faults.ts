import type { ScriptLine } from '../../test/support/stick.ts';

export interface Fault {
  readonly name: string;
  /** What the simulated stick does; without it the stick is pulled out. */
  readonly does?: Omit<ScriptLine, 'at_s'>;
  /** Until it is over, s: from then on a reading is possible again. */
  readonly lastsS: number;
}

/** What goes wrong in a house, each on a stick and meter of its own. */
export const faults: readonly Fault[] = [
  { name: 'module restarts by itself', does: { fault: 'module-reset' }, lastsS: 0 },
  { name: 'module hangs for 180 s', does: { fault: 'module-hang', for_s: 180 }, lastsS: 180 },
  { name: 'meter ends the session (EVENT 26)', does: { fault: 'event-26' }, lastsS: 0 },
  {
    name: 'session expires, its renewal fails (EVENT 29)',
    does: { fault: 'event-29', recovers: false },
    lastsS: 0,
  },
  { name: 'meter answers no more until a new join', does: { fault: 'silent-session' }, lastsS: 0 },
  { name: 'answers get lost for 300 s', does: { fault: 'lost-reply', for_s: 300 }, lastsS: 300 },
  { name: 'stick unplugged for 30 s', lastsS: 30 },
];
