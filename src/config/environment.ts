import type { Text } from '../kernel/language.ts';
import { leaves, pathOfVariable, variableOf } from './keys.ts';
import type { Leaf } from './keys.ts';
import type { Problem } from './problems.ts';
import { suggestion, withSuggestion } from '../kernel/suggestion.ts';
import type { Path } from './tree.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

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
