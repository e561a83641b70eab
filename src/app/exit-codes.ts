import { BridgeError } from '../kernel/errors.ts';
import { say } from './context.ts';
import type { CliContext } from './context.ts';

/** What the shell gets to see. */
export const exitCodes = { done: 0, usage: 64, linkDown: 69, defect: 70, configuration: 78 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends a command whose user has already been told why. */
export class Stop extends Error {
  override readonly name = 'Stop';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Says what went wrong and what to do about it. */
export function tellError(error: unknown, context: CliContext): ExitCode {
  if (error instanceof Stop) return error.exitCode;
  if (context.signal.aborted && error === context.signal.reason) return exitCodes.done;
  if (error instanceof BridgeError) {
    context.stderr.write(context.redactor.redact(`${error.text(context.language)}\n${error.hint(context.language)}\n`));
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
