import { overlay, readEnvironment } from './overlay.ts';
import { createFileFinder, readFileFromDisk, tryRead, unreadable } from './files.ts';
import type { Environment, FileFinder, ReadFile } from './files.ts';
import { findings, shownPath, inOrder, Origins } from './problems.ts';
import type { Finding, Problem } from './problems.ts';
import type { Settings } from '../model/settings.ts';
import { CERTIFICATE_KEYS, relations } from './relations.ts';
import { howToMake } from './make-file.ts';
import { pricesOf } from './prices-schema.ts';
import { configSchema } from './schema.ts';
import type { Config, ParsedConfig } from './schema.ts';
import { formatPath, isTree, leaves, metersIn, setAt, valueAt, variableOf } from './keys.ts';
import type { Path, Tree } from './keys.ts';
import { readYaml } from './yaml-source.ts';
import type { YamlSource } from './yaml-source.ts';
import { join } from 'node:path';
import { parseHostPort } from '../kernel/host-port.ts';
import type { HostPort } from '../kernel/host-port.ts';

export interface LoadOptions {
  readonly path: string;
  /** The user named the file, so it has to be there. */
  readonly pathGiven: boolean;
  readonly env: Environment;
  /** Another than the disk's, in tests. */
  readonly readFile?: ReadFile;
}

export type LoadResult =
  | {
      readonly ok: true;
      readonly settings: Settings;
      /** The same with the keys of the file, to be shown. */
      readonly config: Config;
      /** Whether somebody chose `language`: else it is only the default. */
      readonly namesLanguage: boolean;
      /** To be registered with the redactor. */
      readonly secrets: readonly string[];
      /** Undefined when everything came from the environment. */
      readonly file: string | undefined;
      /** Files with secrets in them whose modes the user answers for. */
      readonly secretFiles: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads file, environment and secrets' files, and tells every problem at once. Never throws on bad input. */
export async function loadConfig(options: LoadOptions): Promise<LoadResult> {
  const { path, pathGiven, env, readFile = readFileFromDisk } = options;
  const read = await tryRead(readFile, path);
  if (!read.ok && (pathGiven || read.code !== 'ENOENT')) {
    const text = unreadable(read.code);
    const how = howToMake(path, false);
    const more = { en: `${text.en}. ${how.en}`, ja: `${text.ja}。${how.ja}` };
    return { ok: false, problems: [{ where: path, text: read.code === 'ENOENT' ? more : text }] };
  }
  const yaml = read.ok ? readYaml(path, read.bytes) : undefined;
  const { assignments, problems: envProblems } = readEnvironment(env);
  const problems: Problem[] = [...(yaml?.problems ?? []), ...envProblems];
  const value = yaml?.value ?? undefined;
  if (yaml?.broken) return { ok: false, problems: inOrder(problems) };
  if (value !== undefined && !isTree(value))
    return { ok: false, problems: inOrder([...problems, ...notAMap(path, value)]) };

  const tree: Tree = value ?? {};
  const origins = new Origins(path, yaml && value !== undefined ? yaml : undefined);
  const secretsInFile = inlineSecrets(tree).length > 0;
  const finder = createFileFinder(path, env, readFile);
  const { problems: overlayProblems, failed, files } = await overlay(tree, assignments, origins, finder);
  const certificates = await readCertificates(tree, finder);
  problems.push(...overlayProblems);

  const parsed = configSchema.safeParse(tree);
  const found = [...(parsed.success ? [] : findings(parsed.error.issues, tree)), ...relations(tree), ...certificates];
  const open = found.filter((finding) => !failed.has(formatPath(finding.path)));
  const envBegun = assignments.some(({ path: [key] }) => key !== 'language'); // by an image, say, with its state_dir
  if (value === undefined) problems.push(...withoutFile(path, yaml, open, origins, envBegun));
  else problems.push(...open.map((finding) => problemOf(finding, origins)));
  if (problems.length > 0 || !parsed.success) return { ok: false, problems: inOrder(problems) };
  const config = finish(parsed.data, finder);
  return {
    ok: true,
    settings: settingsOf(config),
    namesLanguage: 'language' in tree,
    config,
    secrets: secretsOf(parsed.data),
    file: value === undefined ? undefined : path,
    secretFiles: [...(secretsInFile ? [path] : []), ...files.filter((file) => !finder.isManaged(file))],
  };
}

const notAMap = (path: string, value: unknown): Problem[] => {
  const result = configSchema.safeParse(value);
  return result.success ? [] : findings(result.error.issues, value).map(({ text }) => ({ where: path, line: 1, text }));
};

function problemOf({ path, text }: Finding, origins: Origins): Problem {
  const origin = origins.of(path);
  return {
    ...origin,
    ...(origin.key !== undefined && !origin.key.endsWith('_file') && { key: shownPath(path) }),
    text,
  };
}

/** Nothing but the environment: what is missing there is told once, with the way to a file; the rest one by one. */
function withoutFile(
  path: string,
  yaml: YamlSource | undefined,
  found: readonly Finding[],
  origins: Origins,
  envBegun: boolean,
): Problem[] {
  const missing = found.filter((finding) => finding.missing === true);
  const wrong = found.filter((finding) => finding.missing !== true).map((finding) => problemOf(finding, origins));
  if (missing.length === 0) return wrong;
  const names = missing.flatMap((finding) => variablesFor(finding.path)).join(', ');
  const what = yaml ? { en: 'is empty', ja: '中身がありません' } : { en: 'does not exist', ja: 'ファイルがありません' };
  const how = howToMake(path, yaml !== undefined);
  const text = {
    en: `${what.en}${envBegun ? `, and the environment lacks ${names}` : ''}. ${how.en}`,
    ja: `${what.ja}${envBegun ? `（環境変数 ${names} もありません）` : ''}。${how.ja}`,
  };
  return [{ where: path, text }, ...wrong];
}

/** The variables that would fill a gap. */
function variablesFor(path: Path): string[] {
  if (path.length > 1) return [variableOf(path)];
  if (path[0] === 'mqtt') return [variableOf(['mqtt', 'url'])];
  return ['id', 'device', 'route_b_id', 'route_b_password'].map((key) => variableOf(['meters', 0, key]));
}

/** Makes the certificates' paths absolute, and says which cannot be read. */
async function readCertificates(tree: Tree, finder: FileFinder): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const key of CERTIFICATE_KEYS) {
    const path = ['mqtt', 'tls', key];
    const file = valueAt(tree, path);
    if (typeof file !== 'string' || file === '') continue;
    const read = await finder.read(file);
    if (read.ok) setAt(tree, path, read.path);
    else found.push({ path, text: unreadable(read.code, read.path) });
  }
  return found;
}

function finish(parsed: ParsedConfig, finder: FileFinder): Config {
  const name = parsed.language === 'ja' ? 'スマートメーター' : 'Smart meter';
  const meters = parsed.meters.map((meter) => ({
    ...meter,
    name: meter.name ?? (parsed.meters.length > 1 ? `${name} ${meter.id}` : name),
  }));
  const stateDir = parsed.state_dir === undefined ? {} : { state_dir: finder.resolve(parsed.state_dir) };
  return { ...parsed, meters, ...stateDir };
}

/** Not the user name: it is often an ordinary word, which would blacken innocent text. */
const SECRETS = leaves.filter(({ pattern, fromFile }) => fromFile && pattern.at(-1) !== 'username');

const inlineSecrets = (tree: Tree): unknown[] =>
  SECRETS.flatMap(({ pattern }) => {
    const [list, , name = ''] = pattern;
    return list === 'meters' ? metersIn(tree).map((meter) => valueAt(meter, [name])) : [valueAt(tree, pattern)];
  }).filter((value) => value !== undefined);

const secretsOf = (config: ParsedConfig): string[] =>
  inlineSecrets(config).filter((value) => typeof value === 'string');

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
  const { prices, ...others } = config;
  const { meters, http, ...rest } = camelKeys(others);
  const { stateDir } = rest;
  return {
    ...rest,
    meters: stateDir === undefined ? meters : meters.map((meter) => ({ ...meter, stateDir: join(stateDir, meter.id) })),
    ...(prices && { prices: pricesOf(prices) }),
    ...(http && { http: { ...http, listen: parseHostPort(http.listen) as HostPort } }), // the schema has checked it
  };
}
