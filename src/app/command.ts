import type { Command } from 'commander';
import type { LoadResult } from '../config/load.ts';
import type { Text } from '../kernel/language.ts';
import type { CliContext } from './context.ts';
import { exitCodes, Stop } from './exit-codes.ts';

export interface CommandOptions {
  /** The command that runs when none is named. */
  readonly isDefault?: boolean;
}

/** A command with its description in the user's language; `--config` and `--help` come by themselves. */
export function addCommand(
  parent: Command,
  context: CliContext,
  nameAndArguments: string,
  text: Text,
  { isDefault = false }: CommandOptions = {},
): Command {
  return parent.command(nameAndArguments, { isDefault }).description(text[context.language]).helpCommand(false);
}

/** What `--config` says, wherever on the line it stands. */
export function configPath(command: Command): { path: string; pathGiven: boolean } {
  let root = command;
  while (root.parent) root = root.parent;
  return { path: String(root.opts()['config']), pathGiven: root.getOptionValueSource('config') !== 'default' };
}

/** The configuration; when it has problems, they are all told and the command ends. @throws Stop */
export const requireConfig = (command: Command, context: CliContext): Promise<Loaded> =>
  loadOrStop(configPath(command), context);

type Loaded = Extract<LoadResult, { readonly ok: true }>;

/** The same for a file that is named otherwise. @throws Stop */
export async function loadOrStop(
  file: { readonly path: string; readonly pathGiven: boolean },
  context: CliContext,
): Promise<Loaded> {
  const { loadConfig } = await import('../config/load.ts');
  const { formatProblem } = await import('../config/problems.ts');
  const result = await loadConfig({ ...file, env: context.env });
  if (result.ok) {
    for (const secret of result.secrets) context.redactor.add(secret);
    return result;
  }
  for (const problem of result.problems) context.stderr.write(`${formatProblem(problem, context.language)}\n`);
  throw new Stop(exitCodes.configuration);
}
