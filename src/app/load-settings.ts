import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { LoadOptions, LoadResult } from '../config/load.ts';
import type { Problem } from '../config/problems.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Language } from '../kernel/language.ts';
import { pairingIdOf } from '../model/pan.ts';
import type { MeterSettings } from '../model/settings.ts';
import { EXIT_CODES, Stop } from './context.ts';
import type { CliContext } from './context.ts';

/** What came of loading: for who tells the problems in their own way. */
export type LoadOutcome = LoadResult;
export type Loaded = Extract<LoadResult, { readonly ok: true }>;

/** File and environment. From then on the context's redactor knows what is secret in them, and it speaks their language. */
export async function loadSettings(
  options: Omit<LoadOptions, 'env'>,
  context: Pick<CliContext, 'env' | 'redactor'> & Partial<Pick<CliContext, 'language'>>,
): Promise<LoadResult> {
  const { loadConfig } = await import('../config/load.ts');
  const result = await loadConfig({ ...options, env: context.env });
  if (!result.ok) return result;
  const pairingIds = result.settings.meters.map(({ routeBId }) => pairingIdOf(routeBId)); // modules print them
  for (const secret of [...result.secrets, ...pairingIds]) context.redactor.add(secret);
  if (result.namesLanguage) context.language = result.settings.language;
  return result;
}

/** These variables alone, and no file; relative paths in them start at the working directory. */
export async function loadVariables(env: CliContext['env'], context: CliContext): Promise<LoadResult> {
  const { readFileFromDisk } = await import('../config/files.ts');
  const nothing = resolve('config.yaml');
  const readFile = (path: string): Promise<Uint8Array> =>
    path === nothing ? Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' })) : readFileFromDisk(path);
  return await loadSettings({ path: nothing, pathGiven: false, readFile }, { ...context, env });
}

/** The settings; when something is wrong with them, all of it is told and the command ends. @throws Stop */
export async function loadOrStop(
  file: { readonly path: string; readonly pathGiven: boolean },
  context: CliContext,
): Promise<Loaded> {
  const result = await loadSettings(file, context);
  if (result.ok) return result;
  await writeProblems(result.problems, context);
  throw new Stop(EXIT_CODES.configuration);
}

export async function writeProblems(problems: readonly Problem[], { stderr, language }: CliContext): Promise<void> {
  if (problems.length > 0) stderr.write(`${await problemText(problems, language)}\n`);
}

/** One line each. */
export async function problemText(problems: readonly Problem[], language: Language): Promise<string> {
  const { formatProblem } = await import('../config/problems.ts');
  return problems.map((problem) => formatProblem(problem, language)).join('\n');
}

/** The meter with this id, or all of them when none is named. @throws BridgeError USAGE */
export function chooseMeters(meters: readonly MeterSettings[], id: string | undefined): readonly MeterSettings[] {
  const chosen = id === undefined ? meters : meters.filter((meter) => meter.id === id);
  if (chosen.length > 0) return chosen;
  const known = meters.map((meter) => meter.id);
  throw new BridgeError('USAGE', {
    en: `--meter: no meter of that id is configured; there are: ${known.join(', ')}`,
    ja: `--meter: そのidのメーターは設定されていません（設定済み: ${known.join('、')}）`,
  });
}

/** Those of these files that group or others can read, write or execute. */
export async function openToOthers(paths: readonly string[]): Promise<string[]> {
  if (process.platform === 'win32') return [];
  const open: string[] = [];
  for (const path of new Set(paths)) {
    const info = await stat(path).catch(() => undefined); // read a moment ago; what became of it is no question of modes
    if (info?.isFile() && (info.mode & 0o077) !== 0) open.push(path);
  }
  return open;
}
