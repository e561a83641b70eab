import { CommanderError } from 'commander';
import { say } from '../app/context.ts';
import type { CliContext } from '../app/context.ts';
import { exitCodes, tellError } from '../app/exit-codes.ts';
import type { ExitCode } from '../app/exit-codes.ts';
import { understood } from './mackerel/mackerel-options.ts';
import { buildProgram } from './program.ts';
import { usageText } from './usage-errors.ts';

/** Runs one command line to its end. Never throws: whatever happens is told and becomes an exit code. */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  const program = buildProgram(context);
  try {
    await program.parseAsync(understood(args), { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.done; // --help, --version
      if (error.code === 'commander.help') return exitCodes.usage; // the help stands there already
      const text = usageText(error, program);
      say(context.stderr, context, { en: `error: ${text.en}`, ja: `エラー: ${text.ja}` });
      say(context.stderr, context, seeHelp);
      return exitCodes.usage;
    }
    return tellError(error, context);
  }
}

const seeHelp = { en: 'See `broute2mqtt --help`.', ja: '`broute2mqtt --help` をご覧ください。' };
