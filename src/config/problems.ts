import type { Language, Text } from '../kernel/language.ts';
import { variableOf } from './keys.ts';
import { formatPath } from './tree.ts';
import type { Path } from './tree.ts';

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
