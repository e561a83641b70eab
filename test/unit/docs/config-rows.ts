import { configJsonSchema } from '../../../src/config/json-schema.ts';
import { variableOf } from '../../../src/config/keys.ts';
import type { Leaf } from '../../../src/config/keys.ts';

interface Schema {
  readonly type?: string;
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

export interface DocumentedRow {
  /** `meters[].interval_s` */
  readonly key: string;
  /** The first cells of the key's row in docs/config.md: key, type, range, default, variable. */
  readonly cells: readonly string[];
}

const root = configJsonSchema() as Schema;

/** What the schema says about one key, as docs/config.md has to say it. */
export function documentedRow({ pattern, fromFile }: Leaf): DocumentedRow {
  let parent: Schema = root;
  let schema: Schema = root;
  for (const part of pattern) {
    parent = schema;
    schema = (part === '*' ? schema.items : schema.properties?.[part]) ?? {};
  }
  const name = pattern.at(-1) ?? '';
  const key = pattern.join('.').replaceAll('.*', '[]');
  // A secret that may come from a file is required as one of two keys.
  const required =
    parent.required?.includes(name) === true || ['route_b_id', 'route_b_password', 'api_key'].includes(name);
  const variable = variableOf(pattern.map((part) => (part === '*' ? 0 : part)));
  return {
    key,
    cells: [
      `\`${key}\`${fromFile ? ' †' : ''}`,
      schema.type === 'string' ? 'text' : (schema.type ?? '?'),
      rangeOf(schema),
      required ? '**required**' : schema.default === undefined ? '–' : `\`${schema.default}\``,
      `\`${variable}\``,
    ],
  };
}

function rangeOf({ enum: choices, minimum, maximum }: Schema): string {
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ');
  return minimum === undefined ? '–' : `${minimum}–${maximum}`;
}
