import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { addCommand } from '../../../src/app/command.ts';
import { cliLanguage, EXIT_CODES, Stop, tellError, packageVersion } from '../../../src/app/context.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { usageText } from '../../../src/cli/commander-texts.ts';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { cli, collector } from './run.ts';

test('--version and --help are no errors', async () => {
  expect(await cli(['--version'])).toEqual({ exitCode: 0, stdout: `${packageVersion()}\n`, stderr: '' });
  const help = await cli(['--help']);
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  expect(help.stdout).toMatch(/^Usage: broute2mqtt \[options\] \[command\]/);
});

/** Every command there is, each by the words that call it. */
const commands = [
  'run',
  'setup',
  'demo',
  'read',
  'mackerel',
  'scan',
  'doctor',
  'health',
  'history',
  'cleanup',
  'simulate',
  'record',
  'replay',
]
  .map((name) => [name])
  .concat([['config'], ['config', 'check'], ['config', 'schema'], ['config', 'example'], ['history', 'import']]);

test('the commands are those of the program', () => {
  const names = buildProgram(collector().context).commands.map((command) => command.name());
  expect(new Set(commands.map(([name]) => name))).toEqual(new Set(names));
});

test.each([[], ...commands].map((words) => ({ words })))(
  'help of $words is whole in both languages',
  async ({ words }) => {
    const [en, ja] = [await cli([...words, '--help']), await cli([...words, '--help'], { language: 'ja' })];
    expect([en.exitCode, en.stderr, ja.exitCode, ja.stderr]).toEqual([0, '', 0, '']);
    expect(en.stdout).toMatch(/^Usage: broute2mqtt/);
    expect(en.stdout).not.toMatch(/[ぁ-んァ-ン一-龠]/);
    expect(ja.stdout).toMatch(/^使い方: broute2mqtt/);
    expect(ja.stdout).toContain('オプション:');
    expect(ja.stdout).not.toMatch(/Usage|Options|Commands|\[options|default|show/);
  },
);

test.each(commands.map((words) => ({ words })))('a wrong option of $words is a usage error', async ({ words }) => {
  const { exitCode, stdout, stderr } = await cli([...words, '--frobnicate']);
  expect([exitCode, stdout]).toEqual([64, '']);
  expect(stderr).toContain('--frobnicate');
});

test.each<[args: string[], en: string, ja: string, of?: string]>([
  [
    ['--confg', 'x'],
    'error: unknown option --confg (did you mean --config?)',
    'エラー: 不明なオプションです: --confg（--config のことですか？）',
  ],
  [
    ['config', 'check', '--password=abc'],
    'error: unknown option --password',
    'エラー: 不明なオプションです: --password',
    ' config check',
  ],
  [
    ['confg'],
    'error: unknown command confg (did you mean config?)',
    'エラー: 不明なコマンドです: confg（config のことですか？）',
  ],
  [
    ['config', 'chek'],
    'error: unknown command chek (did you mean check?)',
    'エラー: 不明なコマンドです: chek（check のことですか？）',
    ' config',
  ],
  [
    ['config', 'check', 'x'],
    'error: too many arguments for check',
    'エラー: check の引数が多すぎます',
    ' config check',
  ],
  [
    ['scan', '--jsn'],
    'error: unknown option --jsn (did you mean --json?)',
    'エラー: 不明なオプションです: --jsn（--json のことですか？）',
    ' scan',
  ],
  [['config', 'check', '--config'], 'error: --config <FILE> needs a value', 'エラー: --config <FILE> には値が必要です'],
])('%j is a usage error, and its help is named', async (args, en, ja, of = '') => {
  expect(await cli(args)).toEqual({ exitCode: 64, stdout: '', stderr: `${en}\nSee \`broute2mqtt${of} --help\`.\n` });
  const inJapanese = await cli(args, { language: 'ja' });
  expect(inJapanese).toEqual({
    exitCode: 64,
    stdout: '',
    stderr: `${ja}\n\`broute2mqtt${of} --help\` をご覧ください。\n`,
  });
});

test.each<[args: string[], ja: RegExp]>([
  [['mackerel', '-dse=x'], /^--dse: true か false で指定してください \[USAGE\]\n/],
  [['demo', '--http', 'x'], /^--http: x は HOST:PORT の形ではありません \[USAGE\]\n/],
  [['simulate', '--seed', 'x'], /^--seed の値が正しくありません \[USAGE\]\n--seed: 0～4294967295 の整数\n/],
  [['simulate', '--script', '/nowhere/x'], /^障害スクリプト \/nowhere\/x を読めません \[USAGE\]\n/],
  [['replay', '/nowhere/x'], /^\/nowhere\/x を読めません \[USAGE\]\n/],
])('what is wrong with %j is told in Japanese, with its code', async (args, ja) => {
  const { exitCode, stderr } = await cli(args, { language: 'ja' });
  expect([exitCode, stderr]).toEqual([64, expect.stringMatching(ja)]);
});

test('a group without its command shows the help and is a usage error', async () => {
  const { exitCode, stdout, stderr } = await cli(['config']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
  expect(stderr).toContain('check');
});

/** What commander throws for a command line, on a program with every kind of option. */
async function usage(args: readonly string[]): Promise<{ en: string; ja: string }> {
  const { context } = collector();
  const program = buildProgram(context);
  addCommand(program, context, 'pick <what>', { en: 'pick', ja: '選ぶ' })
    .addOption(new Option('--edition <e>', 'e').choices(['se', 'dse']))
    .addOption(new Option('--stdio', 's').conflicts('listen'))
    .option('--listen <a>', 'l')
    .option('--id <id>', 'i', () => {
      throw new InvalidArgumentError('32 digits.');
    })
    .requiredOption('--must <m>', 'm')
    .action(() => undefined);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    return usageText(error as CommanderError, program);
  }
  throw new Error('no usage error');
}

test.each<[args: string[], en: string]>([
  [['pick', '--must', 'x'], 'the argument what is missing'],
  [['pick', 'a'], 'the option --must <m> is required'],
  [['pick', 'a', '--must', 'x', '--stdio', '--listen', 'y'], '--stdio and --listen <a> exclude each other'],
  [['pick', 'a', '--edition', 'SECRET'], 'the value of --edition <e> is not valid: choose one of se, dse'],
  [['pick', 'a', '--id', 'SECRET'], 'the value of --id <id> is not valid: 32 digits.'],
  [['pik'], 'unknown command pik (did you mean pick?)'],
  [['run', 'x'], 'too many arguments for run'],
])('%j is told without the value', async (args, en) => {
  const text = await usage(args);
  expect(text.en).toBe(en);
  expect(text.ja).toMatch(/[ぁ-ん]/);
  expect(text.en + text.ja).not.toContain('SECRET');
});

test('what commander may say one day is passed on as it is', () => {
  const error = { code: 'commander.new', message: 'error: something new\nmore' } as CommanderError;
  expect(usageText(error, new Command()).en).toBe('something new');
});

test('every kind of failure has its exit code, a sentence and what to do', () => {
  const { context, err } = collector();
  expect(tellError(new BridgeError('PORT_MISSING', 'no /dev/x'), context)).toBe(EXIT_CODES.linkDown);
  expect(err.join('')).toMatch(/^no \/dev\/x \[PORT_MISSING\]\nPlug the stick in/);
  expect(tellError(new BridgeError('CONFIG_INVALID', 'x'), context)).toBe(EXIT_CODES.configuration);
  expect(tellError(new BridgeError('USAGE', 'x'), context)).toBe(EXIT_CODES.usage);
  expect(tellError(new Stop(EXIT_CODES.linkDown), context)).toBe(EXIT_CODES.linkDown);
});

test('a defect is told with its stack and the request to report it', () => {
  const { context, err } = collector({ language: 'ja' });
  expect(tellError(new TypeError('oops'), context)).toBe(70);
  expect(err.join('')).toMatch(/不具合[\s\S]*TypeError: oops\n\s+at /);
  expect(tellError('a string', context)).toBe(70);
});

test('being asked to end is no failure', () => {
  const controller = new AbortController();
  controller.abort(new Error('SIGTERM'));
  const { context, err } = collector({ signal: controller.signal });
  expect(tellError(controller.signal.reason, context)).toBe(0);
  expect(err).toEqual([]);
});

test.each<[env: Record<string, string>, language: string]>([
  [{}, 'en'],
  [{ LANG: 'ja_JP.UTF-8' }, 'ja'],
  [{ LANG: 'ja_JP.UTF-8', LC_ALL: 'C' }, 'en'],
  [{ LANG: 'C', BROUTE2MQTT_LANGUAGE: 'ja' }, 'ja'],
  [{ LANG: 'ja_JP', BROUTE2MQTT_LANGUAGE: 'xx' }, 'ja'],
])('the language of %j is %s', (env, language) => {
  expect(cliLanguage(env)).toBe(language);
});

const main = join(import.meta.dirname, '../../../src/cli/main.ts');
const tsx = import.meta.resolve('tsx');

test('the process itself: exit code, streams, and a reader that goes away', () => {
  const node = `"${process.execPath}" --import ${tsx} ${main}`;
  const run = (command: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { PATH: process.env['PATH'], LANG: 'ja_JP.UTF-8' } });
  expect(run(`${node} nonsense`)).toMatchObject({
    status: 64,
    stdout: '',
    stderr: expect.stringContaining('不明なコマンド'),
  });
  const cut = run(`( ${node} config example; echo "status $?" >&2 ) | true`);
  expect(cut.stderr).toBe('status 0\n');
}, 30_000);
