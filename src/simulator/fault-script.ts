import { parse } from 'yaml';
import * as z from 'zod';
import { BridgeError } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
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

type Issue = z.core.$ZodIssue;

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
  const problems: Text[] = [];
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim().replace(/^- /, '');
    if (line === '' || line.startsWith('#')) continue;
    const entry = parseEntry(line);
    if ('fault' in entry) entries.push(entry);
    else problems.push({ en: `line ${i + 1}: ${entry.en}`, ja: `${i + 1} 行目: ${entry.ja}` });
  }
  if (problems.length === 0) return entries;
  const list = inBoth((language) =>
    problems.map((problem) => problem[language]).join({ en: '; ', ja: '。' }[language]),
  );
  throw new BridgeError(
    'USAGE',
    { en: `fault script: ${list.en}`, ja: `障害スクリプト: ${list.ja}` },
    {
      hint: {
        en: 'One fault a line, such as {"at_s": 30, "fault": "session-lost"}.',
        ja: '1行に1つ、{"at_s": 30, "fault": "session-lost"} の形で書いてください。',
      },
    },
  );
}

function parseEntry(line: string): ScriptEntry | Text {
  let value: unknown;
  try {
    value = parse(line, { prettyErrors: false });
  } catch {
    return { en: 'neither JSON nor YAML', ja: 'JSONでもYAMLでもありません' };
  }
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    const prefix = ({ path }: Issue): string => (path.length > 0 ? `${path.join('.')}: ` : '');
    return inBoth((language) =>
      parsed.error.issues.map((it) => prefix(it) + reasonOf(it)[language]).join({ en: ', ', ja: '、' }[language]),
    );
  }
  const { at_s, every_s, ...fault } = parsed.data;
  return { fault, atS: at_s ?? every_s ?? 0, ...(every_s === undefined ? {} : { everyS: every_s }) };
}

function reasonOf(issue: Issue): Text {
  const en = issue.message;
  switch (issue.code) {
    case 'unrecognized_keys':
      return { en, ja: `不明なキーです: ${issue.keys.join('、')}` };
    case 'invalid_value':
      return { en, ja: `次のいずれかを指定してください: ${issue.values.join('、')}` };
    case 'too_small':
      return { en, ja: `${issue.minimum} ${issue.inclusive ? '以上の値' : 'より大きい値'}を指定してください` };
    default:
      return { en, ja: '値の形式が正しくありません' };
  }
}
