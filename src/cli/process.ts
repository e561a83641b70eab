import process from 'node:process';
import { BridgeError } from '../kernel/errors.ts';
import { Redactor } from '../kernel/redactor.ts';
import { cliLanguage } from './context.ts';
import type { CliContext } from './context.ts';
import { runCli } from './run-cli.ts';
import { keepHeapSmall } from './service/small-heap.ts';
import { tellError } from './tell-error.ts';

const unwritable = (error: NodeJS.ErrnoException): BridgeError =>
  new BridgeError('USAGE', `standard output cannot be written (${error.code ?? error.message})`, {
    cause: error,
    hint: {
      en: 'Make room on that disk, or send the output elsewhere.',
      ja: 'ディスクの空きを確保するか、出力先を変えてください。',
    },
  });

/** One process, one command line. @param before what stands before the arguments of the process. */
export async function startProcess(before: readonly string[] = []): Promise<void> {
  keepHeapSmall();

  /** Whoever reads our output may stop: `broute2mqtt … | head`. */
  const untold = (error: NodeJS.ErrnoException): never =>
    process.exit(error.code === 'EPIPE' ? 0 : tellError(unwritable(error), context));
  process.stdout.on('error', untold);
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
  // after what is still in the pipe
  process.stdout.write('', (error) => (error ? untold(process.stdout.errored ?? error) : process.exit(exitCode)));
}
