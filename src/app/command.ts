import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { BridgeError } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import type { CliContext } from './context.ts';
import { homeAssistantApp } from './home-assistant-app/home-assistant-app.ts';
import { loadOrStop } from './load-settings.ts';
import type { Loaded } from './load-settings.ts';

/** An option with its help, and what commander has to know of it besides. */
export type OptionRow = readonly [flags: string, help: Text, shape?: (option: Option) => unknown];

const whichMeter = (byDefault: Text): OptionRow => [
  '--meter <ID>',
  {
    en: `which meter of the configuration (default: ${byDefault.en})`,
    ja: `設定のどのメーターか（既定: ${byDefault.ja}）`,
  },
];
export const ONE_METER = whichMeter({ en: 'the first', ja: '最初' });
export const EVERY_METER = whichMeter({ en: 'all', ja: 'すべて' });

/** A command with its help in the user's language; `--config` and `--help` come by themselves. @param isDefault runs when none is named. */
export function addCommand(
  parent: Command,
  { language }: CliContext,
  nameAndArguments: string,
  help: Text,
  options: readonly OptionRow[] = [],
  isDefault = false,
): Command {
  const command = parent.command(nameAndArguments, { isDefault }).description(help[language]).helpCommand(false);
  for (const [flags, text, shape] of options) {
    const option = new Option(flags, text[language]);
    shape?.(option);
    command.addOption(option);
  }
  return command;
}

/** What `--config` says, wherever on the line it stands. */
export function configPath(command: Command): { path: string; pathGiven: boolean } {
  let root = command;
  while (root.parent) root = root.parent;
  return { path: String(root.opts()['config']), pathGiven: root.getOptionValueSource('config') !== 'default' };
}

/**
 * What file and environment want, or the options of the Home Assistant app; when something is wrong with them, all of it is
 * told and the command ends. @throws Stop
 */
export async function requireSettings(command: Command, context: CliContext): Promise<Loaded> {
  const config = configPath(command);
  const app = config.pathGiven ? undefined : homeAssistantApp(context.env);
  if (!app) return await loadOrStop(config, context);
  const { loadApp } = await import('./home-assistant-app/app-settings.ts');
  return await loadApp(app, context);
}

/** A value that cannot be: says what can. */
export const badValue = (option: string, must: Text): BridgeError =>
  new BridgeError(
    'USAGE',
    { en: `the value of ${option} is not valid`, ja: `${option} の値が正しくありません` },
    { hint: inBoth((language) => `${option}: ${must[language]}`) },
  );

/** Makes an option one of a number. @param byDefault undefined: none. */
export const numeric =
  (min: number, max: number, byDefault?: number, { whole = false } = {}) =>
  (option: Option): Option =>
    option.default(byDefault).argParser((text) => {
      const value = Number(text);
      if (text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
      const kind = whole ? { en: 'a whole number', ja: '整数' } : { en: 'a number', ja: '数' };
      const must = { en: `${kind.en} from ${min} to ${max}`, ja: `${min}～${max} の${kind.ja}` };
      throw badValue(option.long ?? option.flags, must);
    });

/** @param must what it has to be, for commander, which names the option. */
export const numberWhere =
  ({ language }: CliContext, isGood: (value: number, text: string) => boolean, must: Text) =>
  (text: string): number => {
    const value = Number(text);
    if (isGood(value, text)) return value;
    throw new InvalidArgumentError(must[language]);
  };
