import process from 'node:process';
import { Redactor } from '../kernel/redactor.ts';
import { cliLanguage } from './context.ts';
import type { CliContext } from './context.ts';
import { runCli } from './run-cli.ts';
import { keepHeapSmall } from './service/small-heap.ts';
import { tellError } from './tell-error.ts';

/** One process, one command line. @param before what stands before the arguments of the process. */
export async function startProcess(before: readonly string[] = []): Promise<void> {
  keepHeapSmall();

  /** Whoever reads our output may stop: `broute2mqtt … | head`. */
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  process.stderr.on('error', () => undefined); // nobody left to tell

  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (ending.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143); // asked twice: at once
      ending.abort(new Error(signal));
    });
  }

  process.on('SIGUSR1', () => undefined); // or Node opens its debugger, to every user of this machine

  const context: CliContext = {
    env: process.env,
    get stdin() {
      return process.stdin; // opened by those who read it only
    },
    stdout: process.stdout,
    stderr: process.stderr,
    language: cliLanguage(process.env),
    redactor: new Redactor(),
    signal: ending.signal,
  };
  process.on('uncaughtException', (error) => process.exit(tellError(error, context)));

  const exitCode = await runCli([...before, ...process.argv.slice(2)], context);
  process.stdout.write('', () => process.exit(exitCode)); // after what is still in the pipe
}
