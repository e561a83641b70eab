import { secretText, unreadable } from './files.ts';
import type { Environment, FileFinder } from './files.ts';
import { keysAt, formatPath, isTree, removeAt, setAt, leaves, pathOfVariable, variableOf } from './keys.ts';
import { QUOTE } from './problems.ts';
import type { Origin, Origins, Problem } from './problems.ts';
import type { Path, Tree, Leaf } from './keys.ts';
import type { Text } from '../kernel/language.ts';
import { suggestion, withSuggestion } from '../kernel/suggestion.ts';

/** One variable that sets a value, or names the file that holds it. */
interface Assignment {
  readonly variable: string;
  readonly path: Path;
  readonly value: unknown;
  readonly isFile: boolean;
  /** Keeps others out. */
  readonly guards: boolean;
}

const MAX_METERS = 1000;
/** Of the process (docs/containers.md) and of the Home Assistant app, and what Kubernetes puts into every pod beside a service named broute2mqtt. */
const NOT_OURS =
  /^BROUTE2MQTT_(STAY_ON_MISTAKE|APP_(OPTIONS|SUPERVISOR|INGRESS_FROM)|SERVICE_(HOST|PORT(_.*)?)|PORT(_.*)?)$/;

/** Every `BROUTE2MQTT_…` variable. An empty one counts as not set (compose files pass them on so), unless it would open a door. */
export function readEnvironment(env: Environment): { assignments: Assignment[]; problems: Problem[] } {
  const assignments: Assignment[] = [];
  const problems: Problem[] = [];
  for (const [variable, value] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!variable.startsWith('BROUTE2MQTT_') || NOT_OURS.test(variable)) continue;
    const assignment = assign(variable, value ?? '');
    if (!value) {
      if (value === '' && assignment?.guards) problems.push({ where: variable, text: EMPTY });
    } else if (assignment) assignments.push(assignment);
    else problems.push({ where: shownName(variable), text: withSuggestion(UNKNOWN, meant(variable)) });
  }
  for (const { variable, path, isFile } of assignments) {
    if (isFile && assignments.some((other) => !other.isFile && `${other.variable}_FILE` === variable)) {
      problems.push({ where: variable, text: both(variableOf(path)) });
    }
  }
  return { assignments, problems };
}

const EMPTY: Text = {
  en: 'is empty, and nobody would be kept out: give it a value, or unset the variable',
  ja: '空のままでは誰でも閲覧できてしまいます。値を設定するか、変数自体を削除してください',
};
/** An unknown name as far as it looks like one: what was pasted behind it is not repeated. */
function shownName(variable: string): string {
  const [name = ''] = /^\w{0,100}/.exec(variable) ?? [];
  return name === variable ? name : `${name}…`;
}

const UNKNOWN: Text = { en: 'unknown variable', ja: '不明な環境変数です' };
const both = (other: string): Text => ({
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
  path?.some((part) => typeof part === 'number' && part >= MAX_METERS) ? undefined : path;

const BOOLEANS: Readonly<Record<string, boolean>> = {
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
  if (leaf.kind === 'boolean') return BOOLEANS[trimmed.toLowerCase()] ?? value;
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

/** A value that is to be read from a file. */
interface PendingFile {
  readonly path: Path;
  readonly file: string;
  readonly origin: Origin;
}

/** What came of reading the secrets. */
interface Overlaid {
  readonly problems: Problem[];
  /** Paths whose value could not be had; nothing more is said about them. */
  readonly failed: Set<string>;
  /** The files that were read, absolute. */
  readonly files: string[];
}

/**
 * Lays the environment over what the file says, and puts in place what secrets' files hold. A variable replaces the file's
 * value and the file's `_file` alike.
 */
export async function overlay(
  tree: Tree,
  assignments: readonly Assignment[],
  origins: Origins,
  finder: FileFinder,
): Promise<Overlaid> {
  const result: Overlaid = { problems: [], failed: new Set(), files: [] };
  const overruled = new Set(assignments.map(({ path }) => formatPath(path)));
  const pending = extractFileKeys(tree, origins, result).filter(({ path }) => !overruled.has(formatPath(path)));
  for (const { path, variable, value, isFile } of assignments) {
    if (isFile) {
      removeAt(tree, path);
      pending.push({ path, file: String(value), origin: { where: variable } });
    } else setAt(tree, path, value);
    origins.fromEnvironment(path, variable);
  }
  for (const one of pending) await readSecret(one, tree, finder, result);
  return result;
}

/** Takes the `<key>_file` entries out of what the configuration file says. */
function extractFileKeys(tree: Tree, origins: Origins, result: Overlaid): PendingFile[] {
  const pending: PendingFile[] = [];
  const extract = (parent: Tree, path: Path, name: string): void => {
    const filePath = [...path, `${name}_file`];
    const file = parent[`${name}_file`];
    const target = [...path, name];
    const origin = origins.inFile(filePath);
    removeAt(tree, filePath);
    if (Object.hasOwn(parent, name)) result.problems.push({ ...origin, text: both(formatPath(target)) });
    else if (typeof file === 'string' && file !== '') {
      origins.fromKey(target, filePath);
      pending.push({ path: target, file, origin });
    } else fail(target, { ...origin, text: QUOTE }, tree, result);
  };
  const visit = (value: unknown, path: Path): void => {
    if (Array.isArray(value)) value.forEach((item, i) => visit(item, [...path, i]));
    if (!isTree(value)) return;
    const keys = keysAt(path);
    for (const name of keys) {
      if (Object.hasOwn(value, `${name}_file`) && keys.includes(`${name}_file`)) extract(value, path, name);
    }
    for (const [name, inner] of Object.entries(value)) visit(inner, [...path, name]);
  };
  visit(tree, []);
  return pending;
}

async function readSecret(
  { path, file, origin }: PendingFile,
  tree: Tree,
  finder: FileFinder,
  result: Overlaid,
): Promise<void> {
  const found = await finder.read(file);
  const text = found.ok ? secretText(found.bytes) : undefined;
  if (text !== undefined) {
    setAt(tree, path, text);
    result.files.push(found.path);
    return;
  }
  const shown = looksLikeName(file) ? found.path : '…';
  const why = found.ok
    ? { en: `file ${shown} is no UTF-8 text`, ja: `ファイル ${shown} がUTF-8ではありません` }
    : unreadable(found.code, shown);
  fail(path, { ...origin, text: why }, tree, result);
}

/** The value is there, only wrong or out of reach: an empty one stands for it. */
function fail(path: Path, problem: Problem, tree: Tree, { problems, failed }: Overlaid): void {
  problems.push(problem);
  failed.add(formatPath(path));
  setAt(tree, path, '');
}
