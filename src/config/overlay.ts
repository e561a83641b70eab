import { secretText, unreadable } from './files.ts';
import type { Environment, FileFinder } from './files.ts';
import { keysAt, formatPath, isTree, removeAt, setAt, leaves, pathOfVariable, variableOf } from './keys.ts';
import { quote } from './problems.ts';
import type { Origin, Origins, Problem } from './problems.ts';
import type { Path, Tree, Leaf } from './keys.ts';
import type { Text } from '../kernel/language.ts';
import { suggestion, withSuggestion } from '../kernel/suggestion.ts';

/** One variable that sets a value, or names the file that holds it. */
export interface Assignment {
  readonly variable: string;
  readonly path: Path;
  readonly value: unknown;
  readonly isFile: boolean;
  /** Keeps others out. */
  readonly guards: boolean;
}

const maxMeters = 1000;
/** Of the process (docs/containers.md), and what Kubernetes puts into every pod beside a service named broute2mqtt. */
const notOurs = /^BROUTE2MQTT_(STAY_ON_MISTAKE|SERVICE_(HOST|PORT(_.*)?)|PORT(_.*)?)$/;

/** Every `BROUTE2MQTT_…` variable. An empty one counts as not set (compose files pass them on so), unless it would open a door. */
export function readEnvironment(env: Environment): { assignments: Assignment[]; problems: Problem[] } {
  const assignments: Assignment[] = [];
  const problems: Problem[] = [];
  for (const [variable, value] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!variable.startsWith('BROUTE2MQTT_') || notOurs.test(variable)) continue;
    const assignment = assign(variable, value ?? '');
    if (!value) {
      if (value === '' && assignment?.guards) problems.push({ where: variable, text: empty });
    } else if (assignment) assignments.push(assignment);
    else problems.push({ where: variable, text: withSuggestion(unknown, meant(variable)) });
  }
  for (const { variable, path, isFile } of assignments) {
    if (isFile && assignments.some((other) => !other.isFile && `${other.variable}_FILE` === variable)) {
      problems.push({ where: variable, text: both(variableOf(path)) });
    }
  }
  return { assignments, problems };
}

const empty: Text = {
  en: 'is empty, and nobody would be kept out: give it a value, or unset the variable',
  ja: '空のままでは誰でも閲覧できてしまいます。値を設定するか、変数自体を削除してください',
};
const unknown: Text = { en: 'unknown variable', ja: '不明な環境変数です' };
export const both = (other: string): Text => ({
  en: `${other} is given too: give one of them`,
  ja: `${other} も指定されています。どちらか一方にしてください`,
});

function assign(variable: string, value: string): Assignment | undefined {
  for (const leaf of leaves) {
    const { guards } = leaf;
    const path = bounded(pathOfVariable(leaf, variable));
    if (path) return { variable, path, value: typed(leaf, value), isFile: false, guards };
    if (!leaf.fromFile || !variable.endsWith('_FILE')) continue;
    const filePath = bounded(pathOfVariable(leaf, variable.slice(0, -'_FILE'.length)));
    if (filePath) return { variable, path: filePath, value, isFile: true, guards };
  }
  return undefined;
}

const bounded = (path: Path | undefined): Path | undefined =>
  path?.some((part) => typeof part === 'number' && part >= maxMeters) ? undefined : path;

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  1: true,
  0: false,
  yes: true,
  no: false,
};

/** The value as the schema wants it; what does not look like it stays text, and the schema says so. */
function typed(leaf: Leaf, value: string): unknown {
  const trimmed = value.trim();
  if (leaf.kind === 'number') return /^-?\d{1,15}(\.\d{1,15})?$/.test(trimmed) ? Number(trimmed) : value;
  if (leaf.kind === 'boolean') return booleans[trimmed.toLowerCase()] ?? value;
  return value;
}

function meant(variable: string): string | undefined {
  const index = Number(/_(\d{1,3})_/.exec(variable)?.[1] ?? 0);
  const names = leaves.flatMap((leaf) => {
    const name = variableOf(leaf.pattern.map((part) => (part === '*' ? index : part)));
    return leaf.fromFile ? [name, `${name}_FILE`] : [name];
  });
  return suggestion(variable, names);
}

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
