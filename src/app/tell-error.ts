import { BridgeError } from '../kernel/errors.ts';
import { say } from './context.ts';
import type { CliContext } from './context.ts';
import { exitCodes, Stop } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

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
