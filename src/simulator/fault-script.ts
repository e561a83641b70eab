import { parse } from 'yaml';
import * as z from 'zod';
import { BridgeError } from '../kernel/errors.ts';
import { faultSchema } from './faults.ts';
import type { Fault } from './faults.ts';

/** One line of a script: a fault and when. Without a time it is there from the start. */
export interface ScriptEntry {
  readonly fault: Fault;
  /** Seconds after the start, divided by the time factor. */
  readonly atS: number;
  /** And again every so many seconds. */
  readonly everyS?: number;
}

const entrySchema = z.strictObject({
  ...faultSchema.shape,
  at_s: z.number().nonnegative().optional(),
  every_s: z.number().positive().optional(),
});

/**
 * A script has one fault a line, JSON or YAML's flow form: `{"at_s": 30, "fault": "session-lost"}`. Empty lines and lines
 * beginning with # are skipped; a leading "- " is allowed. @throws BridgeError USAGE naming every bad line.
 */
export function parseFaultScript(text: string): ScriptEntry[] {
  const entries: ScriptEntry[] = [];
  const problems: string[] = [];
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim().replace(/^- /, '');
    if (line === '' || line.startsWith('#')) continue;
    const entry = parseEntry(line);
    if (typeof entry === 'string') problems.push(`line ${i + 1}: ${entry}`);
    else entries.push(entry);
  }
  if (problems.length === 0) return entries;
  throw new BridgeError('USAGE', `fault script: ${problems.join('; ')}`, {
    hint: {
      en: 'One fault a line, such as {"at_s": 30, "fault": "session-lost"}.',
      ja: '1行に1つ、{"at_s": 30, "fault": "session-lost"} の形で書いてください。',
    },
  });
}

function parseEntry(line: string): ScriptEntry | string {
  let value: unknown;
  try {
    value = parse(line, { prettyErrors: false });
  } catch {
    return 'neither JSON nor YAML';
  }
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    return parsed.error.issues
      .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
      .join(', ');
  }
  const { at_s, every_s, ...fault } = parsed.data;
  return { fault, atS: at_s ?? every_s ?? 0, ...(every_s === undefined ? {} : { everyS: every_s }) };
}
