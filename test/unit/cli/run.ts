import { Readable } from 'node:stream';
import type { CliContext } from '../../../src/app/context.ts';
import { runCli } from '../../../src/cli/program.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A context that collects what is written. */
export function collector(partial: Partial<CliContext> = {}): { context: CliContext; out: string[]; err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  const context: CliContext = {
    env: {},
    stdin: Readable.from([]),
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    language: 'en',
    redactor: new Redactor(),
    signal: new AbortController().signal,
    ...partial,
  };
  return { context, out, err };
}

/** One command line, in this process. */
export async function cli(args: readonly string[], partial?: Partial<CliContext>): Promise<Outcome> {
  const { context, out, err } = collector(partial);
  const exitCode = await runCli(args, context);
  return { exitCode, stdout: out.join(''), stderr: err.join('') };
}
