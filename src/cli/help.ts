import type { Command } from 'commander';
import type { Text } from '../kernel/language.ts';
import type { CliContext } from '../app/context.ts';

/** Commander's own words in Japanese; its English ones stay. */
const japanese: Readonly<Record<string, string>> = {
  'Usage:': '使い方:',
  'Arguments:': '引数:',
  'Options:': 'オプション:',
  'Global Options:': '共通オプション:',
  'Commands:': 'コマンド:',
  '[options]': '[オプション]',
  '[command]': '[コマンド]',
};

export const helpTexts = {
  description: {
    en: 'Keeps a Wi-SUN Route-B session with a Japanese smart meter alive and publishes its readings to MQTT.',
    ja: 'スマートメーターとのBルート（Wi-SUN）接続を保ち、計測値をMQTTで配信します。',
  },
  config: { en: 'configuration file', ja: '設定ファイル' },
  help: { en: 'show this help', ja: 'このヘルプを表示' },
  version: { en: 'show the version', ja: 'バージョンを表示' },
} as const satisfies Record<string, Text>;

/** Help in the user's language, with the options common to all commands. Commands made later inherit it. */
export function translateHelp(program: Command, { language }: CliContext): void {
  const translate = (text: string): string => (language === 'ja' ? (japanese[text] ?? text) : text);
  const translateWords = (text: string): string => text.split(' ').map(translate).join(' ');
  const translateInfo = (text: string): string => {
    const translated = text
      .replace('(default: ', '(既定値: ')
      .replace('(choices: ', '(選択肢: ')
      .replace(', default: ', '、既定値: ');
    return language === 'ja' ? translated : text;
  };
  program.helpOption('-h, --help', helpTexts.help[language]).configureHelp({
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
