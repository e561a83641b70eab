import type * as z from 'zod';
import { keyInfo } from './key-info.ts';
import { configSchema } from './schema.ts';

/** A place in the configuration: keys and list positions. */
export type Path = readonly (string | number)[];
export type Tree = Record<string, unknown>;

/** `meters[0].interval_s` */
export const formatPath = (path: Path): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const has = (value: unknown, part: string | number): value is Record<string | number, unknown> =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, part);

/** The value at `path`; undefined where there is none. */
export const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, part) => (has(value, part) ? value[part] : undefined), root);

/** Sets the value at `path`, making what is missing on the way. Leaves alone what is no container: the schema says so. */
export function setAt(root: Tree, path: Path, value: unknown): void {
  let at: unknown = root;
  path.forEach((part, i) => {
    if (typeof at !== 'object' || at === null) return;
    const container = at as Record<string | number, unknown>;
    if (i === path.length - 1) {
      container[part] = value;
      return;
    }
    if (!has(container, part) || container[part] === null) container[part] = typeof path[i + 1] === 'number' ? [] : {};
    at = container[part];
  });
}

export function removeAt(root: Tree, path: Path): void {
  const parent = valueAt(root, path.slice(0, -1));
  const last = path.at(-1);
  if (isTree(parent) && last !== undefined) delete parent[last];
}

/** The meters as they were written, whatever stands there. */
export const metersIn = ({ meters }: Tree): readonly unknown[] => (Array.isArray(meters) ? meters : []);

/** One value of the configuration, derived from the schema so that nothing has to be listed twice. */
export interface Leaf {
  /** `['meters', '*', 'interval_s']`: `*` stands for a position in a list. */
  readonly pattern: readonly string[];
  readonly kind: 'text' | 'number' | 'boolean';
  /** May be given as `<key>_file` instead. */
  readonly fromFile: boolean;
  /** Keeps others out, so an empty variable is a mistake. */
  readonly guards: boolean;
}

interface Def {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly shape?: Record<string, z.ZodType>;
}

/** Without default, optional and the like. */
export function unwrap(schema: z.ZodType): Def {
  const def = schema.def as unknown as Def;
  return def.innerType ? unwrap(def.innerType) : def;
}

const KINDS: Readonly<Record<string, Leaf['kind']>> = { number: 'number', int: 'number', boolean: 'boolean' };

function leavesOf(schema: z.ZodType, pattern: readonly string[]): Leaf[] {
  const def = unwrap(schema);
  if (def.shape) return Object.entries(def.shape).flatMap(([name, inner]) => leavesOf(inner, [...pattern, name]));
  if (def.element) return leavesOf(def.element, [...pattern, '*']);
  const { fromFile = false, guards = false } = keyInfo.get(schema) ?? {};
  return [{ pattern, kind: KINDS[def.type] ?? 'text', fromFile, guards }];
}

export const leaves: readonly Leaf[] = leavesOf(configSchema, []);

/** The keys that may stand in the map at `path`. */
export function keysAt(path: Path): readonly string[] {
  const names = leaves
    .filter(({ pattern }) => pattern.length > path.length && fitsStart(pattern, path))
    .flatMap((leaf) => {
      const name = leaf.pattern[path.length] ?? '';
      return leaf.fromFile && leaf.pattern.length === path.length + 1 ? [name, `${name}_file`] : [name];
    });
  return [...new Set(names)];
}

const fitsStart = (pattern: readonly string[], path: Path): boolean =>
  path.every((part, i) => (pattern[i] === '*' ? typeof part === 'number' : pattern[i] === part));

const PREFIX = 'BROUTE2MQTT_';

/** `BROUTE2MQTT_METERS_0_ROUTE_B_ID` */
export const variableOf = (path: Path): string => PREFIX + path.join('_').toUpperCase();

/** The path a variable's name means, for the leaf it belongs to; undefined when it is another one's. */
export function pathOfVariable(leaf: Leaf, name: string): Path | undefined {
  const parts = leaf.pattern.map((part) => (part === '*' ? '(\\d+)' : part.toUpperCase()));
  const [, ...indexes] = new RegExp(`^${PREFIX}${parts.join('_')}$`).exec(name) ?? [];
  const path = leaf.pattern.map((part) => (part === '*' ? Number(indexes.shift()) : part));
  return name === variableOf(path) ? path : undefined; // `00` is no position
}
