import type { Command } from 'commander';
import type { Text } from '../kernel/language.ts';
import { addCommand, configPath } from '../app/command.ts';
import type { CliContext } from '../app/context.ts';
import type { MackerelFlags } from './mackerel/mackerel-options.ts';

/** Two halves: what mackerel-plugin-smartmeter has, and what is ours. */
const options: readonly (readonly [flags: string, text: Text])[] = [
  ['--device <PORT>', { en: 'serial port of the stick', ja: 'スティックのシリアルポート' }],
  ['--id <ID>', { en: 'Route-B ID', ja: 'Bルート認証ID' }],
  [
    '--password <PASSWORD>',
    { en: 'Route-B password (see --password-file)', ja: 'Bルートパスワード（--password-file 推奨）' },
  ],
  ['--channel <HEX>', { en: 'channel to look at first, from --scan', ja: '最初に探すチャネル（--scan の結果）' }],
  [
    '--ipaddr <ADDRESS>',
    { en: 'link-local address of the meter, from --scan', ja: 'メーターのアドレス（--scan の結果）' },
  ],
  ['--dse', { en: 'accepted; the edition is found out', ja: '互換のため（エディションは自動判別）' }],
  ['--scan', { en: 'look for the meter, print the dialogue, end', ja: 'スキャンしてやりとりを表示し終了' }],
  [
    '--metric-key-prefix <PREFIX>',
    { en: 'first part of every key (smartmeter)', ja: 'メトリック名の先頭（既定: smartmeter）' },
  ],
  ['--tempfile <FILE>', { en: 'accepted; nothing depends on it', ja: '互換のため（使いません）' }],
  ['--verbosity <0-3>', { en: '0: no warnings; 2: tell what is done', ja: '0: 警告なし、2以上: 経過も表示' }],
  [
    '--meter <ID>',
    { en: 'which meter of the configuration (default: all)', ja: '設定のどのメーターか（既定: すべて）' },
  ],
  ['--id-file <FILE>', { en: 'file with the Route-B ID', ja: 'Bルート認証IDのファイル' }],
  ['--password-file <FILE>', { en: 'file with the Route-B password', ja: 'Bルートパスワードのファイル' }],
];

/** `mackerel`, also `mackerel-plugin-smartmeter`: the plugin of the Mackerel agent, with the options of the program of that name. */
export function addMackerelCommand(program: Command, context: CliContext): void {
  const command = addCommand(program, context, 'mackerel', {
    en: 'plugin of the Mackerel agent (also as mackerel-plugin-smartmeter)',
    ja: 'Mackerelエージェントのプラグイン（mackerel-plugin-smartmeter 互換）',
  });
  for (const [flags, text] of options) command.option(flags, text[context.language]);
  command.action(async (given: MackerelFlags, self: Command) => {
    const { runMackerel } = await import('./mackerel/run-mackerel.ts');
    const { path, pathGiven } = configPath(self);
    await runMackerel(given, pathGiven ? path : undefined, context);
  });
}
