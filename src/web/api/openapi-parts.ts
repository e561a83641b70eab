/** A JSON schema as OpenAPI 3.1 has them (draft 2020-12). */
export interface JsonSchema {
  readonly [key: string]: unknown;
}
type Properties = Readonly<Record<string, JsonSchema>>;

export const text = (description: string): JsonSchema => ({ type: 'string', description });
export const number = (description: string): JsonSchema => ({ type: 'number', description });
export const whole = (description: string): JsonSchema => ({ type: 'integer', description });
export const flag = (description: string): JsonSchema => ({ type: 'boolean', description });
export const time = (description: string): JsonSchema => ({ type: 'string', format: 'date-time', description });
export const day = (description: string): JsonSchema => ({ type: 'string', format: 'date', description });
export const oneOf = (values: readonly (string | number)[], description: string): JsonSchema => ({
  enum: values,
  description,
});
export const list = (items: JsonSchema, description: string): JsonSchema => ({ type: 'array', items, description });
export const schema = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** @param always what is there in every answer; the rest is absent while it is not known */
export const object = (
  description: string,
  properties: Properties,
  always: readonly string[] = Object.keys(properties),
): JsonSchema => ({
  type: 'object',
  description,
  properties,
  ...(always.length > 0 && { required: always }),
});

/** The same, of which nothing need be known. */
export const maybe = (description: string, properties: Properties): JsonSchema => object(description, properties, []);
