import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Problem } from '../../config/problems.ts';
import { systemClock } from '../../kernel/clock.ts';
import { systemCode } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import { EXIT_CODES, staysOnMistake, Stop } from '../context.ts';
import type { CliContext } from '../context.ts';
import { loadSettings, writeProblems } from '../load-settings.ts';
import type { Loaded, LoadOutcome } from '../load-settings.ts';

/** Whether a page may stand in for the service: where somebody starts it who cannot see it end. */
function mayServeSetUp(context: CliContext, isMissing: boolean): boolean {
  const { env, stderr } = context;
  const isTerminal = stderr.isTTY === true;
  const isSupervised = env['NOTIFY_SOCKET'] || (env['INVOCATION_ID'] && !isTerminal); // systemd: told by 78
  if (isSupervised) return false;
  return staysOnMistake(context) || (isTerminal && isMissing);
}

/** A configuration, or set-up in its place until there is one. @throws Stop */
export async function settingsOrSetUp(
  file: { readonly path: string; readonly pathGiven: boolean },
  context: CliContext,
): Promise<Loaded> {
  const again = (): Promise<LoadOutcome> => loadAll(file, context);
  const found = await patiently(again, context);
  if (found.ok) return found;
  const { problems } = found;
  const isMissing = (await isFree(file.path)) && wrongBeside(file.path, problems).length === 0;
  if (!mayServeSetUp(context, isMissing)) {
    await writeProblems(problems, context);
    throw new Stop(EXIT_CODES.configuration);
  }
  const { serveTrouble } = await import('./serve-set-up.ts');
  const { fileDestination } = await import('./file-destination.ts');
  const setUp = isMissing ? { setUp: fileDestination(resolve(file.path), context) } : {};
  return await serveTrouble({ problems, again, ...setUp, whereTo: CORRECT }, context);
}

/** A file that was named and is not there hides what is wrong with the environment: set-up cannot mend that. */
async function loadAll(
  file: { readonly path: string; readonly pathGiven: boolean },
  context: CliContext,
): Promise<LoadOutcome> {
  const found = await loadSettings(file, context);
  if (found.ok || !(await isFree(file.path))) return found;
  const beside = await loadSettings({ ...file, pathGiven: false }, context);
  const more = beside.ok ? [] : beside.problems.filter(({ where }) => where !== file.path);
  return { ok: false, problems: [...found.problems.filter(({ where }) => where === file.path), ...more] };
}

/** What the environment says wrongly, before set-up asks for the rest and writes it to this file. */
export async function wrongEnvironment(path: string, context: CliContext): Promise<readonly Problem[]> {
  const found = await loadAll({ path, pathGiven: true }, context);
  return found.ok ? [] : wrongBeside(path, found.problems);
}

/** A file that a variable names may come yet. */
const wrongBeside = (path: string, problems: readonly Problem[]): readonly Problem[] =>
  problems.filter(({ where }) => where !== path && !where.endsWith('_FILE'));

/** Whether nothing stands there, not even a file that is empty or cannot be read: set-up writes over nothing. */
const isFree = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => false,
    (error: unknown) => systemCode(error) === 'ENOENT',
  );

/** Of what another container writes at its first start, such as the broker's login. */
const PATIENCE_TRIES = 10;
const PATIENCE_MS = 500;

/** Where a file that a variable names is not there yet, it may come. */
async function patiently(load: () => Promise<LoadOutcome>, context: CliContext): Promise<LoadOutcome> {
  for (let tries = 1; ; tries++) {
    const found = await load();
    const waits = !found.ok && found.problems.some(({ where }) => where.endsWith('_FILE'));
    if (!waits || !staysOnMistake(context) || tries >= PATIENCE_TRIES) return found;
    await systemClock.sleep(PATIENCE_MS, context.signal);
  }
}

const CORRECT: Text = {
  en: 'Waiting: correct this, then press “check again” on the page, or start anew.',
  ja: '待機しています。修正してページの「もう一度確認」を押すか、起動し直してください。',
};
