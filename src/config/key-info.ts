import * as z from 'zod';
import type { Text } from '../kernel/language.ts';
import { isPlainTopic } from './addresses.ts';

/** What is said about a key in the JSON schema, and how it may be given. */
export interface KeyInfo {
  readonly text: Text;
  /** May come from a file (`<key>_file`). */
  readonly fromFile?: boolean;
  /** For editors; the check itself stands in the schema. */
  readonly pattern?: string;
  /** Keeps others out: an empty variable is a mistake, and must not mean that there is none. */
  readonly guards?: boolean;
}
export const keyInfo = z.registry<KeyInfo>();

export const key = <S extends z.ZodType>(schema: S, en: string, ja: string, more?: Omit<KeyInfo, 'text'>): S => {
  keyInfo.add(schema, { text: { en, ja }, ...more });
  return schema;
};

/** A string that passes `test`; what is wrong else is said in both languages, never with the value. */
export const text = (test: (value: string) => boolean, en: string, ja: string): z.ZodString =>
  z.string().refine(test, { params: { text: { en, ja } } });

export const matches =
  (pattern: RegExp) =>
  (value: string): boolean =>
    pattern.test(value);

export const topic = (): z.ZodString =>
  text(
    isPlainTopic,
    'must be an MQTT topic without wildcards (+ #) and without a slash at either end',
    'MQTTトピックを指定してください（ワイルドカード + # は不可、先頭と末尾の / も不可）',
  );
export const filePath = (): z.ZodString => z.string().min(1);
