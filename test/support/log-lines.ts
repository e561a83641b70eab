import { createLog } from '../../src/kernel/log.ts';
import type { Log } from '../../src/kernel/log.ts';
import { Redactor } from '../../src/kernel/redactor.ts';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly err?: { readonly code?: string; readonly message: string; readonly hint?: string };
  readonly [field: string]: unknown;
}

/** A real log whose lines a test can read. */
export function logLines(redactor = new Redactor()): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) };
  return { log: createLog({ level: 'debug', redactor, destination }), lines };
}
