import { both } from './environment.ts';
import type { Assignment } from './environment.ts';
import { secretText, unreadable } from './files.ts';
import type { FileFinder } from './files.ts';
import { keysAt } from './keys.ts';
import { quote } from './messages.ts';
import type { Origin, Origins, Problem } from './problems.ts';
import { formatPath, isTree, removeAt, setAt } from './tree.ts';
import type { Path, Tree } from './tree.ts';

/** Somebody may have written the secret itself where its file is to be named. */
const looksLikeName = (file: string): boolean =>
  !/[^\x20-\x7e]/.test(file) && (file.length < 8 || (/[/._-]/.test(file) && !/[ "'\\%&=+]/.test(file)));
const hidden = '…';

/** A value that is to be read from a file. */
export interface PendingFile {
  readonly path: Path;
  readonly file: string;
  readonly origin: Origin;
}

export interface Resolved {
  readonly problems: readonly Problem[];
  /** Paths whose value could not be had; nothing more is said about them. */
  readonly failed: ReadonlySet<string>;
  /** The files that were read, absolute. */
  readonly files: readonly string[];
}

/** Takes the `<key>_file` entries out of what the configuration file says. */
export function takeFileKeys(
  tree: Tree,
  origins: Origins,
): { pending: PendingFile[]; problems: Problem[]; failed: Set<string> } {
  const pending: PendingFile[] = [];
  const problems: Problem[] = [];
  const failed = new Set<string>();
  const visit = (value: unknown, path: Path): void => {
    if (Array.isArray(value)) value.forEach((item, i) => visit(item, [...path, i]));
    if (!isTree(value)) return;
    for (const name of keysAt(path)) {
      const fileName = `${name}_file`;
      if (!Object.hasOwn(value, fileName) || !keysAt(path).includes(fileName)) continue;
      const file = value[fileName];
      const target = [...path, name];
      const origin = origins.inFile([...path, fileName]);
      const twice = Object.hasOwn(value, name);
      removeAt(tree, [...path, fileName]);
      if (twice) problems.push({ ...origin, text: both(formatPath(target)) });
      else if (typeof file === 'string' && file !== '') {
        origins.fromKey(target, [...path, fileName]);
        pending.push({ path: target, file, origin });
      } else {
        problems.push({ ...origin, text: quote });
        failed.add(formatPath(target));
        setAt(tree, target, ''); // it is there, only wrong
      }
    }
    for (const [name, inner] of Object.entries(value)) visit(inner, [...path, name]);
  };
  visit(tree, []);
  return { pending, problems, failed };
}

/** Puts the environment over the file: a variable replaces the file's value and the file's `_file` alike. */
export function applyEnvironment(
  tree: Tree,
  fromFile: readonly PendingFile[],
  assignments: readonly Assignment[],
  origins: Origins,
): PendingFile[] {
  const overruled = new Set(assignments.map(({ path }) => formatPath(path)));
  const pending = fromFile.filter(({ path }) => !overruled.has(formatPath(path)));
  for (const { path, variable, value, isFile } of assignments) {
    if (isFile) {
      removeAt(tree, path);
      pending.push({ path, file: String(value), origin: { where: variable } });
    } else setAt(tree, path, value);
    origins.fromEnvironment(path, variable);
  }
  return pending;
}

/** Reads the files and puts what they hold into the tree. */
export async function readPending(tree: Tree, pending: readonly PendingFile[], finder: FileFinder): Promise<Resolved> {
  const problems: Problem[] = [];
  const failed = new Set<string>();
  const files: string[] = [];
  for (const { path, file, origin } of pending) {
    const found = await finder.read(file);
    const text = found.ok ? secretText(found.bytes) : undefined;
    if (text !== undefined) {
      setAt(tree, path, text);
      files.push(found.path);
      continue;
    }
    failed.add(formatPath(path));
    setAt(tree, path, ''); // it is there, only out of reach
    const shown = looksLikeName(file) ? found.path : hidden;
    problems.push({
      ...origin,
      text: found.ok
        ? { en: `file ${shown} is no UTF-8 text`, ja: `ファイル ${shown} がUTF-8ではありません` }
        : unreadable(found.code, shown),
    });
  }
  return { problems, failed, files };
}
