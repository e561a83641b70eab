import type { Command, CommanderError } from 'commander';
import type { Text } from '../kernel/language.ts';
import { suggestion } from '../kernel/suggestion.ts';
import type { CliContext } from '../app/context.ts';

/** Commander's headings in Japanese; its English ones stay. */
const JAPANESE: Readonly<Record<string, string>> = {
  'Usage:': '使い方:',
  'Arguments:': '引数:',
  'Options:': 'オプション:',
  'Global Options:': '共通オプション:',
  'Commands:': 'コマンド:',
  '[options]': '[オプション]',
  '[command]': '[コマンド]',
};

const HELP: Text = { en: 'show this help', ja: 'このヘルプを表示' };

/** Help in the user's language, with the options common to all commands. Commands made later inherit it. */
export function translateHelp(program: Command, { language }: CliContext): void {
  const translate = (text: string): string => (language === 'ja' ? (JAPANESE[text] ?? text) : text);
  const translateWords = (text: string): string => text.split(' ').map(translate).join(' ');
  const translateInfo = (text: string): string => {
    const translated = text
      .replace('(default: ', '(既定値: ')
      .replace('(choices: ', '(選択肢: ')
      .replace(', default: ', '、既定値: ');
    return language === 'ja' ? translated : text;
  };
  program.helpOption('-h, --help', HELP[language]).configureHelp({
    showGlobalOptions: true,
    styleTitle: translate,
    styleUsage: translateWords,
    styleOptionDescription: translateInfo,
    styleArgumentDescription: translateInfo,
    subcommandTerm(command) {
      const usage = command.usage() && command.registeredArguments.map((argument) => argument.name()).join(' ');
      return usage ? `${command.name()} ${usage}` : command.name();
    },
  });
}

type Translate = (groups: readonly string[]) => Text;

/** Commander's messages, by code; the pattern takes out the names. No value a user typed is repeated: it may be a secret. */
const MESSAGES: Readonly<Record<string, readonly [RegExp, Translate]>> = {
  'commander.unknownOption': [
    /unknown option '(--?[^'=]*)/,
    ([name]) => ({ en: `unknown option ${name}`, ja: `不明なオプションです: ${name}` }),
  ],
  'commander.unknownCommand': [
    /unknown command '([^']*)'/,
    ([name]) => ({ en: `unknown command ${name}`, ja: `不明なコマンドです: ${name}` }),
  ],
  'commander.missingArgument': [
    /argument '([^']*)'/,
    ([name]) => ({ en: `the argument ${name} is missing`, ja: `引数 ${name} がありません` }),
  ],
  'commander.optionMissingArgument': [
    /option '([^']*)'/,
    ([name]) => ({ en: `${name} needs a value`, ja: `${name} には値が必要です` }),
  ],
  'commander.missingMandatoryOptionValue': [
    /option '([^']*)'/,
    ([name]) => ({ en: `the option ${name} is required`, ja: `オプション ${name} が必要です` }),
  ],
  'commander.conflictingOption': [
    /option '([^']*)'.* with option '([^']*)'/,
    ([one, other]) => ({ en: `${one} and ${other} exclude each other`, ja: `${one} と ${other} は同時に使えません` }),
  ],
  'commander.excessArguments': [
    /too many arguments(?: for '([^']*)')?/,
    ([name]) => ({
      en: `too many arguments${name ? ` for ${name}` : ''}`,
      ja: `${name ? `${name} の` : ''}引数が多すぎます`,
    }),
  ],
  'commander.invalidArgument': [
    /(?:option|for argument) '([^']*)'[\s\S]* is invalid(?: for argument '([^']*)')?\.\s*([\s\S]*)$/,
    ([option, argument, reason]) => {
      const name = argument || option;
      const choices = reason?.replace(/^Allowed choices are /, '').replace(/\.$/, '');
      const isChoice = reason?.startsWith('Allowed choices are ');
      return {
        en: `the value of ${name} is not valid: ${isChoice ? `choose one of ${choices}` : reason}`,
        ja: `${name} の値が正しくありません: ${isChoice ? `${choices} から選んでください` : reason}`,
      };
    },
  ],
};

/** What is wrong with the command line, in both languages, with what was probably meant. */
export function usageText(error: CommanderError, program: Command): Text {
  const stray = strayCommand(error, program);
  if (stray !== undefined) {
    const names = program.commands.map((command) => command.name());
    return asking({ en: `unknown command ${stray}`, ja: `不明なコマンドです: ${stray}` }, suggestion(stray, names));
  }
  const [pattern, translate] = MESSAGES[error.code] ?? [];
  const match = pattern?.exec(error.message);
  const meant = /\(Did you mean (?:one of )?(.+)\?\)/.exec(error.message)?.[1];
  const plain = error.message.replace(/^error: /, '').split('\n')[0] ?? '';
  const text = match && translate ? translate(match.slice(1).map((group) => group ?? '')) : { en: plain, ja: plain };
  return asking(text, meant);
}

const asking = ({ en, ja }: Text, meant: string | undefined): Text =>
  meant === undefined ? { en, ja } : { en: `${en} (did you mean ${meant}?)`, ja: `${ja}（${meant} のことですか？）` };

/** A mistyped command goes to the default one as an argument too many. */
function strayCommand(error: CommanderError, program: Command): string | undefined {
  const [first] = program.args;
  const isStray = error.code === 'commander.excessArguments' && first !== undefined;
  return isStray && !program.commands.some((command) => command.name() === first) ? first : undefined;
}
