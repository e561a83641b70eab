import type { Json, Row } from './rows.ts';
import * as rows from './rows.ts';
import { sideBySideRow, sideBySideSection } from './side-by-side-rows.ts';

/**
 * What else may run meanwhile. `alone`: nothing, its figures are milliseconds. `timed`: it waits most of its time and its
 * bounds are seconds; what is busy beside it gives way (`nice`). `busy`: it counts, and takes the time it takes.
 */
export type Company = 'alone' | 'timed' | 'busy';

export interface Measurement {
  /** Writes its results to the file that follows. */
  readonly command: readonly string[];
  readonly company: Company;
  /** About, on two cores in company: the longest go first. */
  readonly minutes: number;
  /** It runs the built program. */
  readonly built?: boolean;
  readonly rows: (results: Json) => Row | readonly Row[];
  /** Lines below the table, for what a row does not hold. */
  readonly section?: (results: Json) => readonly string[];
}

const tsx = (...args: readonly string[]): readonly string[] => ['npx', 'tsx', ...args, '--json'];
const SOAK = ['--days', '30', '--faults', '10000', '--interval', '60'];
const soak = (edition: string, seed: number): Measurement => ({
  command: tsx('measure/soak/main.ts', ...SOAK, '--seed', String(seed), '--edition', edition),
  company: 'busy',
  minutes: 8,
  rows: rows.soakRow,
});

/** Each measurement by its name, which leaves `measure/quality/results/NAME.json`, in the order of the document. */
export const measurements: Readonly<Record<string, Measurement>> = {
  faults: { command: tsx('measure/quality/faults.ts'), company: 'busy', minutes: 1, rows: rows.faultRow },
  'soak-se': soak('SE', 1),
  'soak-dse': soak('DSE', 2),
  'soak-j11': soak('J11', 3),
  recovery: {
    command: tsx('measure/soak/main.ts', '--recovery', '200', '--seed', '1'),
    company: 'busy',
    minutes: 1,
    rows: rows.recoveryRows,
  },
  'loop-broker': {
    command: tsx('measure/loops/main.ts', 'broker', '--times', '500'),
    company: 'timed',
    minutes: 32,
    built: true,
    rows: rows.loopRow,
  },
  'loop-unplug': {
    command: tsx('measure/loops/main.ts', 'unplug', '--times', '1000'),
    company: 'timed',
    minutes: 12,
    built: true,
    rows: rows.loopRow,
  },
  'loop-memory': {
    command: tsx('measure/loops/main.ts', 'unplug-memory'),
    company: 'busy',
    minutes: 1,
    rows: rows.loopRow,
  },
  'side-by-side': {
    command: tsx('--experimental-websocket', 'measure/side-by-side/main.ts'),
    company: 'timed',
    minutes: 25,
    built: true,
    rows: sideBySideRow,
    section: sideBySideSection,
  },
  fuzz: {
    command: tsx('measure/fuzz/main.ts', '--inputs', '10000000', '--seed', '20260115'),
    company: 'busy',
    minutes: 40,
    rows: rows.fuzzRow,
  },
  bench: { command: tsx('measure/bench/main.ts'), company: 'alone', minutes: 5, built: true, rows: rows.benchRows },
  million: {
    command: tsx('measure/bench/main.ts', 'million', '--long'),
    company: 'busy',
    minutes: 15,
    built: true,
    rows: rows.benchRows,
  },
  mutation: { command: tsx('measure/mutation/main.ts'), company: 'busy', minutes: 60, rows: rows.mutationRow },
};
