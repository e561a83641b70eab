import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { BridgeError, textOf } from './errors.ts';
import type { Redactor } from './redactor.ts';

export type Log = Logger;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  readonly redactor: Redactor;
  /** Where the JSON lines go: standard output, a pretty printer, a test's buffer. */
  readonly destination: DestinationStream;
}

const SECRET_FIELDS = ['password', 'route_b_id', 'route_b_password', 'token', 'api_key'];

/** Structured logging, redacted twice: by field (a secret that was never registered) and by value (one that was). */
export function createLog({ level, redactor, destination }: LogOptions): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]),
        censor: '[redacted]',
      },
      serializers: { err: describeError },
      hooks: { streamWrite: (line) => redactor.redact(line) },
    },
    destination,
  );
}

/** An error as plain fields: code and hint for ours, the stack only for defects. English, as all of a log. */
export function describeError(error: unknown): Record<string, unknown> {
  if (error instanceof BridgeError) {
    const cause = error.cause instanceof Error ? { cause: textOf(error.cause) } : {};
    return { code: error.code, message: error.text('en'), hint: error.hint('en'), ...cause };
  }
  if (error instanceof Error) return { message: error.message, stack: error.stack };
  return { message: String(error) };
}
