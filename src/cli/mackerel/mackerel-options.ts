import { BridgeError } from '../../kernel/errors.ts';
import { interfaceId } from '../../model/pan.ts';

const theirs = ['device', 'id', 'password', 'channel', 'ipaddr', 'metric-key-prefix', 'tempfile', 'verbosity'];
const ours = ['config', 'meter', 'id-file', 'password-file'];
const flags: GoFlags = { texts: [...theirs, ...ours], switches: ['dse', 'scan'] };

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

/** Command lines of `mackerel` are in Go's syntax; all others stay as they are. */
export function understood(args: readonly string[]): readonly string[] {
  const before = args[0] === '--config' ? 2 : args[0]?.startsWith('--config=') ? 1 : 0;
  if (args[before] !== 'mackerel') return args;
  return [...args.slice(0, before + 1), ...fromGoFlags(args.slice(before + 1), flags)];
}

const wrong = (option: string, what: string): BridgeError => new BridgeError('USAGE', `--${option}: ${what}`);

/** @throws BridgeError USAGE, without any value. */
export function settingsOf(options: MackerelFlags): PluginOptions {
  const { metricKeyPrefix: prefix = 'smartmeter', verbosity = '1', channel, ipaddr } = options;
  if (!/^(?=.{1,100}$)[\w-]+(\.[\w-]+)*$/.test(prefix))
    throw wrong('metric-key-prefix', 'letters, digits, _ and -, with dots between');
  if (!/^[0-3]$/.test(verbosity)) throw wrong('verbosity', 'must be 0, 1, 2 or 3');
  for (const name of ['id', 'password'] as const)
    if (options[name] && options[`${name}File`]) throw wrong(name, `--${name}-file is given too: give one of them`);
  return {
    prefix,
    verbosity: Number(verbosity),
    channel: channel ? channelOf(channel) : undefined,
    macAddress: ipaddr ? macOf(ipaddr) : undefined,
  };
}

function channelOf(text: string): number {
  const channel = /^(0x)?[0-9a-f]{2}$/i.test(text) ? Number.parseInt(text, 16) : 0;
  if (channel < 0x21 || channel > 0x3c) throw wrong('channel', 'must be hexadecimal, 21 to 3C, as --scan prints it');
  return channel;
}

/** A link-local address holds the EUI-64 with bit 1 of its first byte inverted. */
function macOf(address: string): string {
  const match = /^fe80:(?::|(?:0{1,4}:){3})((?:[0-9a-f]{1,4}:){3}[0-9a-f]{1,4})$/i.exec(address);
  if (!match?.[1]) throw wrong('ipaddr', 'must be the address FE80:… that --scan prints after SKLL64');
  const digits = match[1]
    .split(':')
    .map((group) => group.padStart(4, '0'))
    .join('');
  return interfaceId(digits);
}

export interface GoFlags {
  /** Flags with a value. */
  readonly texts: readonly string[];
  /** Flags that stand for themselves, or say `=true` or `=false`. */
  readonly switches: readonly string[];
}

/** What Go's strconv.ParseBool takes. */
const truths: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const falsehoods: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/**
 * A line in Go's flag syntax (`-name X`, `--name X`, `-name=X`, `-switch=false`) as commander takes it. What is unknown is
 * left for commander to refuse. @throws BridgeError USAGE, without any value.
 */
export function fromGoFlags(args: readonly string[], { texts, switches }: GoFlags): string[] {
  const result: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === '--') return [...result, ...args.slice(i)];
    const [, name, value] = /^--?([A-Za-z][\w-]*)(?:=([^]*))?$/.exec(arg) ?? [];
    if (name === undefined) result.push(arg);
    else if (switches.includes(name)) result.push(...(isOn(name, value) ? [`--${name}`] : []));
    else if (!texts.includes(name)) result.push(name === 'h' ? '--help' : `--${name}`);
    else if (value !== undefined) result.push(`--${name}=${value}`);
    else if (i + 1 < args.length) result.push(`--${name}=${args[++i]}`);
    else result.push(`--${name}`);
  }
  return result;
}

function isOn(name: string, value: string | undefined): boolean {
  if (value === undefined || truths.has(value)) return true;
  if (falsehoods.has(value)) return false;
  throw new BridgeError('USAGE', `--${name}: must be true or false`);
}
