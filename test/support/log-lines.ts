import { createLog } from '../../src/kernel/log.ts';
import type { Log, LogLevel } from '../../src/kernel/log.ts';
import { Redactor } from '../../src/kernel/redactor.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly err?: { readonly code?: string; readonly message: string; readonly hint?: string };
  readonly [field: string]: unknown;
}

export interface WrittenLog {
  readonly log: Log;
  /** In order; whoever reads them may take them away. */
  readonly lines: LogLine[];
}

/** A real log whose lines a test can read. */
export function logLines(redactor = new Redactor()): WrittenLog {
  return writtenLog({ level: 'debug', redactor });
}

/** The log of a rig: `RIG_LOG=debug` before the command prints it, with the virtual time of each line in ms. */
export function rigLog(clock: VirtualClock, level: LogLevel = 'info', onLine?: (line: LogLine) => void): WrittenLog {
  const shown = process.env['RIG_LOG'] as LogLevel | undefined;
  const onText = (text: string): void =>
    void (shown && process.stderr.write(`${Math.round(clock.monotonicMs())} ${text}`));
  return writtenLog({ level: shown ?? level, onLine, onText });
}

interface WrittenLogOptions {
  readonly level: LogLevel;
  readonly redactor?: Redactor;
  readonly onLine?: ((line: LogLine) => void) | undefined;
  readonly onText?: (text: string) => void;
}

function writtenLog({ level, redactor = new Redactor(), onLine, onText }: WrittenLogOptions): WrittenLog {
  const lines: LogLine[] = [];
  const write = (text: string): void => {
    const line = JSON.parse(text) as LogLine;
    lines.push(line);
    onLine?.(line);
    onText?.(text);
  };
  return { log: createLog({ level, redactor, destination: { write } }), lines };
}
