import { BridgeError } from '../../kernel/errors.ts';
import { inBoth } from '../../kernel/language.ts';
import type { Text } from '../../kernel/language.ts';
import { interfaceId } from '../../model/pan.ts';
import { EVERY_METER } from '../../app/command.ts';
import type { OptionRow } from '../../app/command.ts';

/** Two halves: what mackerel-plugin-smartmeter has, and what is ours. */
export const MACKEREL_OPTIONS: readonly OptionRow[] = [
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
  EVERY_METER,
  ['--id-file <FILE>', { en: 'file with the Route-B ID', ja: 'Bルート認証IDのファイル' }],
  ['--password-file <FILE>', { en: 'file with the Route-B password', ja: 'Bルートパスワードのファイル' }],
];

/** Of mackerel-plugin-smartmeter, and ours: --config, --meter, --id-file, --password-file. */
export interface MackerelFlags {
  readonly device?: string;
  readonly id?: string;
  readonly idFile?: string;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly channel?: string;
  readonly ipaddr?: string;
  readonly dse?: true;
  readonly scan?: true;
  readonly metricKeyPrefix?: string;
  readonly tempfile?: string;
  readonly verbosity?: string;
  readonly meter?: string;
}

/** Checked, and as the rest needs it. */
export interface PluginOptions {
  readonly prefix: string;
  /** 0 quiet, 1 warnings, 2 and 3 what is being done too. */
  readonly verbosity: number;
  /** 33–60 */
  readonly channel: number | undefined;
  /** The meter's EUI-64, of --ipaddr. */
  readonly macAddress: string | undefined;
}

const wrong = (option: string, must: Text): BridgeError =>
  new BridgeError(
    'USAGE',
    inBoth((language) => `--${option}: ${must[language]}`),
  );

/** @throws BridgeError USAGE, without any value. */
export function settingsOf(options: MackerelFlags): PluginOptions {
  const { metricKeyPrefix: prefix = 'smartmeter', verbosity = '1', channel, ipaddr } = options;
  if (!/^(?=.{1,100}$)[\w-]+(\.[\w-]+)*$/.test(prefix))
    throw wrong('metric-key-prefix', {
      en: 'letters, digits, _ and -, with dots between',
      ja: '英数字・_・- を、ドットで区切って指定してください',
    });
  if (!/^[0-3]$/.test(verbosity))
    throw wrong('verbosity', { en: 'must be 0, 1, 2 or 3', ja: '0～3 で指定してください' });
  for (const name of ['id', 'password'] as const)
    if (options[name] && options[`${name}File`])
      throw wrong(name, {
        en: `--${name}-file is given too: give one of them`,
        ja: `--${name}-file と同時には指定できません`,
      });
  return {
    prefix,
    verbosity: Number(verbosity),
    channel: channel ? channelOf(channel) : undefined,
    macAddress: ipaddr ? macOf(ipaddr) : undefined,
  };
}

function channelOf(text: string): number {
  const channel = /^(0x)?[0-9a-f]{2}$/i.test(text) ? Number.parseInt(text, 16) : 0;
  if (channel < 0x21 || channel > 0x3c)
    throw wrong('channel', {
      en: 'must be hexadecimal, 21 to 3C, as --scan prints it',
      ja: '--scan が表示する16進数（21～3C）で指定してください',
    });
  return channel;
}

/** A link-local address holds the EUI-64 with bit 1 of its first byte inverted. */
function macOf(address: string): string {
  const match = /^fe80:(?::|(?:0{1,4}:){3})((?:[0-9a-f]{1,4}:){3}[0-9a-f]{1,4})$/i.exec(address);
  if (!match?.[1])
    throw wrong('ipaddr', {
      en: 'must be the address FE80:… that --scan prints after SKLL64',
      ja: '--scan がSKLL64の後に表示するアドレス（FE80:…）を指定してください',
    });
  const digits = match[1]
    .split(':')
    .map((group) => group.padStart(4, '0'))
    .join('');
  return interfaceId(digits);
}

/** Command lines of `mackerel` are in Go's syntax; all others stay as they are. */
export function understood(args: readonly string[]): readonly string[] {
  const before = args[0] === '--config' ? 2 : args[0]?.startsWith('--config=') ? 1 : 0;
  if (args[before] !== 'mackerel') return args;
  return [...args.slice(0, before + 1), ...fromGoFlags(args.slice(before + 1))];
}

const allFlags = [...MACKEREL_OPTIONS.map(([flags]) => flags), '--config <FILE>'].map((flags) =>
  flags.slice(2).split(' '),
);
const WITH_VALUE = new Set(allFlags.filter(([, value]) => value).map(([name]) => name));
const SWITCHES = new Set(allFlags.filter(([, value]) => !value).map(([name]) => name));

/** What Go's strconv.ParseBool takes. */
const TRUTHS: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSEHOODS: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/**
 * A line in Go's flag syntax (`-name X`, `--name X`, `-name=X`, `-switch=false`) as commander takes it. What is unknown is
 * left for commander to refuse. @throws BridgeError USAGE, without any value.
 */
function fromGoFlags(args: readonly string[]): string[] {
  const result: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === '--') return [...result, ...args.slice(i)];
    const [, name, value] = /^--?([A-Za-z][\w-]*)(?:=([^]*))?$/.exec(arg) ?? [];
    if (name === undefined) result.push(arg);
    else if (SWITCHES.has(name)) result.push(...(isOn(name, value) ? [`--${name}`] : []));
    else if (!WITH_VALUE.has(name)) result.push(name === 'h' ? '--help' : `--${name}`);
    else if (value !== undefined) result.push(`--${name}=${value}`);
    else if (i + 1 < args.length) result.push(`--${name}=${args[++i]}`);
    else result.push(`--${name}`);
  }
  return result;
}

function isOn(name: string, value: string | undefined): boolean {
  if (value === undefined || TRUTHS.has(value)) return true;
  if (FALSEHOODS.has(value)) return false;
  throw wrong(name, { en: 'must be true or false', ja: 'true か false で指定してください' });
}
