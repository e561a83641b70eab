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
