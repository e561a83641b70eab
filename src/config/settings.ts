import { join } from 'node:path';
import { parseHostPort } from '../kernel/host-port.ts';
import type { HostPort } from '../kernel/host-port.ts';
import type { Settings } from '../model/settings.ts';
import type { Config } from './schema.ts';

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;
type CamelKeys<T> = T extends readonly (infer Item)[]
  ? readonly CamelKeys<Item>[]
  : T extends object
    ? { readonly [Key in keyof T as Camel<Key & string>]: CamelKeys<T[Key]> }
    : T;

/** `interval_s` in the file is `intervalS` in the program. The type says that nothing else changes. */
function camelKeys<T>(value: T): CamelKeys<T>;
function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => camelKeys(item));
  if (typeof value !== 'object' || value === null) return value;
  const camel = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [camel(name), camelKeys(inner as unknown)]));
}

/** What the program works with, from what the file and the environment say. */
export function settingsOf(config: Config): Settings {
  const { meters, http, ...rest } = camelKeys(config);
  const { stateDir } = rest;
  return {
    ...rest,
    meters: stateDir === undefined ? meters : meters.map((meter) => ({ ...meter, stateDir: join(stateDir, meter.id) })),
    ...(http && { http: { ...http, listen: parseHostPort(http.listen) as HostPort } }), // the schema has checked it
  };
}
