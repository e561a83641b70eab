import { BridgeError } from '../../kernel/errors.ts';

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
