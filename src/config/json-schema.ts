import * as z from 'zod';
import { unwrap } from './keys.ts';
import { keyInfo } from './key-info.ts';
import { configSchema } from './schema.ts';

type Json = z.core.JSONSchema.BaseSchema;

/** At least one of them. */
const OUTPUTS = ['mqtt', 'http', 'mackerel'];

/** The schema for editors: titles in English, descriptions in Japanese, every secret also as `<key>_file`. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    target: 'draft-2020-12',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const source = zodSchema as unknown as z.ZodType;
      const info = keyInfo.get(source);
      if (info) {
        jsonSchema.title = info.text.en;
        jsonSchema.description = info.text.ja;
        if (info.pattern) jsonSchema.pattern = info.pattern;
      }
      if (jsonSchema.type === 'integer' && jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (source.def.type === 'object') allowFiles(jsonSchema, unwrap(source).shape ?? {});
    },
  });
  const { $schema, ...rest } = schema;
  return { $schema, title: 'broute2mqtt', ...rest, anyOf: OUTPUTS.map((name) => ({ required: [name] })) };
}

/** One of value and file for a required secret, at most one for the others. */
function allowFiles(schema: Json, shape: Record<string, z.ZodType>): void {
  const rules: Json[] = [];
  for (const [name, property] of Object.entries(shape)) {
    const info = keyInfo.get(property);
    if (!info?.fromFile) continue;
    const file = `${name}_file`;
    const required = schema.required?.includes(name) === true;
    schema.properties = {
      ...schema.properties,
      [file]: {
        type: 'string',
        minLength: 1,
        title: `${info.text.en} (file)`,
        description: `${info.text.ja}（ファイル）`,
      },
    };
    schema.required = schema.required?.filter((key) => key !== name) ?? [];
    rules.push(
      required ? { oneOf: [{ required: [name] }, { required: [file] }] } : { not: { required: [name, file] } },
    );
  }
  if (rules.length > 0) schema.allOf = rules;
}
