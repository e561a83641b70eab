import { CommanderError } from 'commander';
import { BridgeError } from '../kernel/errors.ts';
import { say } from './context.ts';
import type { CliContext } from './context.ts';
import { exitCodes, Stop } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { buildProgram } from './program.ts';
import { usageText } from './usage-errors.ts';

/** Runs one command line to its end. Never throws: whatever happens is told and becomes an exit code. */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  const program = buildProgram(context);
  try {
    await program.parseAsync(args, { from: 'user' });
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

/** Says what went wrong and what to do about it. */
export function tellError(error: unknown, context: CliContext): ExitCode {
  if (error instanceof Stop) return error.exitCode;
  if (context.signal.aborted && error === context.signal.reason) return exitCodes.done;
  if (error instanceof BridgeError) {
    context.stderr.write(context.redactor.redact(`${error.message}\n${error.hint(context.language)}\n`));
    if (error.code === 'CONFIG_INVALID') return exitCodes.configuration;
    return error.code === 'USAGE' ? exitCodes.usage : exitCodes.linkDown;
  }
  const detail = context.redactor.redact(error instanceof Error ? (error.stack ?? error.message) : String(error));
  say(context.stderr, context, {
    en: `This is a defect in broute2mqtt, not in your configuration. Please report it with the lines below (they may hold file names).\n${detail}`,
    ja: `broute2mqtt自体の不具合です（設定の誤りではありません）。以下の行を添えて報告してください（ファイル名が含まれることがあります）。\n${detail}`,
  });
  return exitCodes.defect;
}
