import type { Language, Text } from '../kernel/language.ts';
import { variableOf, keysAt, leaves, formatPath, isTree, valueAt } from './keys.ts';
import type { Path } from './keys.ts';
import type * as z from 'zod';
import { suggestion, withSuggestion } from '../kernel/suggestion.ts';

/** One thing that is wrong with the configuration. Never holds a value: it may be a secret. */
export interface Problem {
  /** The file as it was named, or an environment variable. */
  readonly where: string;
  readonly line?: number;
  /** `meters[0].interval_s` */
  readonly key?: string;
  readonly text: Text;
}

/** `config.yaml:7: meters[0].interval_s: must be at least 2` */
export function formatProblem({ where, line, key, text }: Problem, language: Language): string {
  const place = line === undefined ? where : `${where}:${line}`;
  return [place, key, text[language]].filter((part) => part !== undefined && part !== '').join(': ');
}

/** Where a value came from. */
export type Origin = Omit<Problem, 'text'>;

/** Finds lines in a file; `exact` is false when only something around `path` is there. */
export interface Locator {
  locate(path: Path): { readonly line: number; readonly exact: boolean } | undefined;
}

/** Remembers for each value whether file, environment or a secret's file gave it. */
export class Origins {
  readonly #given = new Map<string, Origin>();
  readonly #inEnvironment = new Set<string>();
  readonly #file: string;
  readonly #locator: Locator | undefined;

  /** @param locator undefined when there is no file. */
  constructor(file: string, locator: Locator | undefined) {
    this.#file = file;
    this.#locator = locator;
  }

  fromEnvironment(path: Path, variable: string): void {
    this.#given.set(formatPath(path), { where: variable });
    path.forEach((_, i) => this.#inEnvironment.add(formatPath(path.slice(0, i))));
  }

  fromKey(path: Path, keyPath: Path): void {
    this.#given.set(formatPath(path), this.inFile(keyPath));
  }

  inFile(path: Path): Origin {
    const found = this.#locator?.locate(path);
    const key = formatPath(path);
    return { where: this.#file, ...(found && { line: found.line }), ...(key && { key }) };
  }

  /** Of a value, or of one that is missing: then the file, unless its surroundings stand in the environment only. */
  of(path: Path): Origin {
    const given = this.#given.get(formatPath(path));
    if (given) return given;
    const parent = path.slice(0, -1);
    const parentInFile = this.#locator !== undefined && (this.#locator.locate(parent)?.exact ?? parent.length === 0);
    const inFile = this.#locator?.locate(path)?.exact === true;
    if (
      !inFile &&
      path.length > 0 &&
      !parentInFile &&
      (!this.#locator || this.#inEnvironment.has(formatPath(parent)))
    ) {
      return { where: variableOf(path) };
    }
    return this.inFile(path);
  }
}

/** In the order of the file, the environment's after it. */
export const inOrder = (problems: readonly Problem[]): Problem[] =>
  problems
    .map((problem, i) => ({ problem, line: problem.line ?? (problem.key ? 0 : Infinity), i }))
    .sort((a, b) => (a.line === b.line ? a.i - b.i : a.line - b.line))
    .map(({ problem }) => problem);

/** What the schema found wrong, as sentences without any value. */
export interface Finding {
  readonly path: Path;
  readonly text: Text;
  /** A value that is not there, as opposed to a wrong one. */
  readonly missing?: boolean;
}

type Issue = z.core.$ZodIssue;

const REQUIRED: Text = { en: 'is required', ja: '必須です' };
/** `BROUTE2MQTT_METERS_2_…` beside a single meter. */
const GAP: Text = {
  en: 'is missing: meters are numbered from 0 without gaps',
  ja: 'がありません。メーターの番号は0から順に付けてください',
};
const NO_VALUE: Text = {
  en: 'has no value: give one or remove the line',
  ja: '値がありません。値を書くか行を削除してください',
};
export const QUOTE: Text = {
  en: 'must be text: put it in quotes',
  ja: '文字列として読めません。引用符（"…"）で囲んでください',
};

export function findings(issues: readonly Issue[], root: unknown): Finding[] {
  let gapReported = false;
  return issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownKey(path, name));
    const value = valueAt(root, path);
    if (value === undefined && typeof path.at(-1) === 'number') {
      if (gapReported) return [];
      gapReported = true;
      return [{ path, text: GAP }];
    }
    return [{ path, text: textOf(issue, value), missing: value === undefined }];
  });
}

function textOf(issue: Issue, value: unknown): Text {
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return REQUIRED;
      return value === null ? NO_VALUE : typeText(issue.expected, value);
    case 'too_small':
      return tooSmall(issue);
    case 'too_big':
      return tooBig(issue);
    case 'invalid_value': {
      if (value === undefined) return REQUIRED;
      if (value === null) return NO_VALUE;
      const values = issue.values.map(String).join(', ');
      return { en: `must be one of ${values}`, ja: `次のいずれかを指定してください：${values}` };
    }
    case 'custom': {
      const text: unknown = issue.params?.['text'];
      return isText(text) ? text : WRONG;
    }
    default:
      return WRONG;
  }
}

const WRONG: Text = { en: 'is not valid', ja: '正しくありません' };
const isText = (value: unknown): value is Text =>
  isTree(value) && typeof value['en'] === 'string' && typeof value['ja'] === 'string';

function typeText(expected: string, value: unknown): Text {
  if (expected === 'string') {
    return typeof value === 'object'
      ? { en: 'must be text, not a list or map', ja: '文字列を指定してください' }
      : QUOTE;
  }
  return TYPE_TEXTS[expected] ?? WRONG;
}

const TYPE_TEXTS: Readonly<Record<string, Text>> = {
  number: {
    en: 'must be a number, without quotes or unit',
    ja: '数値を指定してください（引用符や単位は付けません）',
  },
  int: { en: 'must be a whole number', ja: '整数を指定してください' },
  boolean: { en: 'must be true or false', ja: 'true か false を指定してください' },
  object: {
    en: 'must hold keys and values, one `key: value` a line (is the space after a colon missing?)',
    ja: '「キー: 値」を1行ずつ書いてください（コロンの後の空白が抜けていませんか？）',
  },
  array: { en: 'must be a list: begin each item with `- `', ja: 'リストです。各項目を「- 」で始めてください' },
};

function tooSmall(issue: z.core.$ZodIssueTooSmall): Text {
  if (issue.origin === 'array') return { en: 'must have at least one item', ja: '1つ以上必要です' };
  if (issue.origin === 'string') return { en: 'must not be empty', ja: '空にはできません' };
  return { en: `must be at least ${issue.minimum}`, ja: `${issue.minimum} 以上にしてください` };
}

function tooBig(issue: z.core.$ZodIssueTooBig): Text {
  if (issue.origin === 'string') {
    return { en: `must have at most ${issue.maximum} characters`, ja: `${issue.maximum} 文字以内にしてください` };
  }
  return { en: `must be at most ${issue.maximum}`, ja: `${issue.maximum} 以下にしてください` };
}

/** A key that is no word, or looks like an ID or a password, is not repeated: a slip of the indentation makes one of a value. */
const isPrintable = (name: string): boolean =>
  /^[A-Za-z][A-Za-z0-9_-]{0,39}$/.test(name) && !/^([0-9A-Fa-f]{32}|[0-9A-Z]{12})$/.test(name);

function unknownKey(path: Path, name: string): Finding {
  const meant =
    suggestion(name, keysAt(path)) ?? keysAt(path).find((key) => key.endsWith(`_${name}`)) ?? elsewhere(name);
  const known = isPrintable(name);
  return {
    path: [...path, name],
    text: withSuggestion(
      known
        ? { en: 'unknown key', ja: '不明なキーです' }
        : { en: 'unknown key (not shown)', ja: '不明なキーです（表示しません）' },
      meant,
    ),
  };
}

/** A known key in the wrong place: `interval_s` beside `meters`. */
function elsewhere(name: string): string | undefined {
  const found = leaves.find(({ pattern }) => pattern.at(-1) === name);
  return found && found.pattern.join('.').replace('.*', '[]');
}

/** The key as it may be shown. */
export const shownPath = (path: Path): string =>
  formatPath(path.map((part) => (typeof part === 'number' || isPrintable(part) ? part : '…')));
