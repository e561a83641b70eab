import process from 'node:process';
import { systemClock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import { Redactor } from '../kernel/redactor.ts';
import { cliLanguage, say, EXIT_CODES, staysOnMistake, tellError } from '../app/context.ts';
import type { CliContext, ExitCode } from '../app/context.ts';
import { runCli } from './program.ts';
import { keepHeapSmall } from '../app/small-heap.ts';

function unwritable(error: NodeJS.ErrnoException): BridgeError {
  const why = error.code ?? error.message;
  const what = { en: `standard output cannot be written (${why})`, ja: `標準出力に書き込めません（${why}）` };
  const hint = {
    en: 'Make room on that disk, or send the output elsewhere.',
    ja: 'ディスクの空きを確保するか、出力先を変えてください。',
  };
  return new BridgeError('USAGE', what, { cause: error, hint });
}

/**
 * A container that is restarted whatever it ends with would tell a wrong configuration for ever. Where it is asked for
 * (Compose), the service that cannot start for its user's mistake waits for the end instead; its health check fails.
 */
const staysUp = (args: readonly string[], exitCode: ExitCode, context: CliContext): boolean =>
  staysOnMistake(context) &&
  (exitCode === EXIT_CODES.usage || exitCode === EXIT_CODES.configuration) &&
  (args.length === 0 || args.includes('run')) &&
  !context.signal.aborted;

async function untilToldToEnd(context: CliContext): Promise<void> {
  say(context.stderr, context, {
    en: 'Waiting: correct this, then start the container anew.',
    ja: '待機しています。修正後、コンテナを起動し直してください。',
  });
  const keepAlive = systemClock.sleep(2_147_483_647, context.signal);
  await keepAlive.catch(() => undefined); // told to end
}

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

  const args = [...before, ...process.argv.slice(2)];
  const exitCode = await runCli(args, context);
  if (staysUp(args, exitCode, context)) await untilToldToEnd(context);
  // after what is still in the pipe
  process.stdout.write('', (error) => (error ? untold(process.stdout.errored ?? error) : process.exit(exitCode)));
}
