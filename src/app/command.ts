import type { Command } from 'commander';
import type { Text } from '../kernel/language.ts';
import type { CliContext } from './context.ts';
import { loadOrStop } from './load-settings.ts';
import type { Loaded } from './load-settings.ts';

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

/** What file and environment want; when something is wrong with them, all of it is told and the command ends. @throws Stop */
export const requireSettings = (command: Command, context: CliContext): Promise<Loaded> =>
  loadOrStop(configPath(command), context);
