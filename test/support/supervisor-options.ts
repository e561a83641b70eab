/** Imports nothing: the stand-in runs in a container too. */
export type Options = Readonly<Record<string, unknown>>;

/** What the Supervisor knows of an installed app. */
export interface InstalledApp {
  readonly schema: Readonly<Record<string, string>>;
  /** `options` of config.yaml. */
  readonly options: Options;
  /** The ports it knows of. */
  devices: readonly string[];
}

const OF = 'in broute2mqtt (local_broute2mqtt)';

/**
 * As home-assistant/supervisor, supervisor/apps/options.py (commit 1ee90b7) takes options: what it does not know it drops,
 * anything wrong refuses all. @returns what it keeps, or what it says, which quotes what is wrong or, where that has no
 * place of its own, all of it (alecthomas/voluptuous, voluptuous/humanize.py, 1df2161).
 */
export function acceptOptions(
  { schema, devices }: InstalledApp,
  options: Options,
): { readonly kept: Options } | { readonly refused: string } {
  const kept: Record<string, unknown> = {};
  const refusal = (why: string, got: unknown): { readonly refused: string } => ({
    refused: `App local_broute2mqtt has invalid options: ${why}. Got ${JSON.stringify(got).slice(0, 500)}`,
  });
  for (const [name, value] of Object.entries(options)) {
    const type = schema[name];
    if (type === undefined) continue;
    if (value === null) return refusal(`Missing required option '${name}' ${OF}`, options);
    const why = wrongValue(type.replace(/\?$/, ''), value, devices);
    if (why !== undefined) return refusal(why, options);
    kept[name] = value;
  }
  const missing = Object.keys(schema).find((name) => !(name in kept) && schema[name]?.endsWith('?') === false);
  return missing === undefined ? { kept } : refusal(`Missing option '${missing}' in root ${OF}`, options);
}

function wrongValue(type: string, value: unknown, devices: readonly string[]): string | undefined {
  const [, kind = '', inner = ''] = /^(\w+)(?:\((.*)\))?$/.exec(type) ?? [];
  const [least = '', most = ''] = inner.split(',');
  switch (kind) {
    case 'str':
    case 'password':
      return typeof value === 'string' ? undefined : 'not a valid value';
    case 'url':
      return URL.canParse(String(value)) ? undefined : 'expected a URL';
    case 'int':
    case 'float':
      if (!Number.isFinite(Number(value))) return `expected ${kind}`;
      if (least !== '' && Number(value) < Number(least)) return `value must be at least ${least}.0`;
      return most !== '' && Number(value) > Number(most) ? `value must be at most ${most}.0` : undefined;
    case 'match':
      return new RegExp(inner).test(String(value)) ? undefined : `does not match regular expression ${inner}`;
    case 'list':
      return inner.split('|').includes(String(value)) ? undefined : `value must be one of [${inner}]`;
    case 'device':
      return devices.includes(String(value)) ? undefined : `Device '${String(value)}' does not exist ${OF}`;
    default:
      return `Unknown type '${type}' ${OF}`;
  }
}
