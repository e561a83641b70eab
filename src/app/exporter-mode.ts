import { access } from 'node:fs/promises';
import type { Problem } from '../config/problems.ts';
import { systemCode } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { LogLevel } from '../kernel/log.ts';
import { say, EXIT_CODES, Stop } from './context.ts';
import type { CliContext, ProcessEnvironment } from './context.ts';
import { loadSettings, writeProblems } from './load-settings.ts';
import type { Loaded } from './load-settings.ts';

const PREFIX = 'BROUTE2MQTT_METERS_';
/** Its variables and ours; `SMARTMETER_LOGLEVEL` and `PORT` mean something else than ours and are translated. */
const SAME_MEANING = {
  SMARTMETER_ID: `${PREFIX}0_ROUTE_B_ID`,
  SMARTMETER_PASSWORD: `${PREFIX}0_ROUTE_B_PASSWORD`,
  SMARTMETER_DEVICE: `${PREFIX}0_DEVICE`,
  SMARTMETER_GET_INTERVAL: `${PREFIX}0_INTERVAL_S`,
} as const;
const NAMES: readonly string[] = [...Object.keys(SAME_MEANING), 'SMARTMETER_LOGLEVEL'];
const REQUIRED = ['SMARTMETER_ID', 'SMARTMETER_PASSWORD'] as const;
/** Bounds of `interval_s`, in s. */
const INTERVAL = { least: 2, most: 3600 } as const;

/** Python's names and numbers; ours has nothing above error. */
const LEVELS: readonly (readonly [upTo: number, name: RegExp, level: LogLevel])[] = [
  [10, /^debug$/i, 'debug'],
  [20, /^info$/i, 'info'],
  [30, /^warn(ing)?$/i, 'warn'],
  [50, /^(error|critical|fatal)$/i, 'error'],
];

/** Docker's --env-file keeps quotes around a value and a comment behind it; a shell would not. */
export function plainValue(text: string | undefined): string {
  const value = (text ?? '').trim();
  const quoted = /^(["'])(.*?)\1\s*(#.*)?$/s.exec(value);
  return quoted?.[2] ?? value.replace(/(^|\s+)#.*$/s, '');
}

/** One of its variables is there, and nothing of a meter in our own words. */
const isMeant = (env: ProcessEnvironment): boolean =>
  NAMES.some((name) => env[name]) && !Object.entries(env).some(([name, value]) => name.startsWith(PREFIX) && value);

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    (error: unknown) => systemCode(error) !== 'ENOENT',
  );

/**
 * The configuration in the place of smartmeter-exporter, from its environment alone: a meter, no broker, its port on every
 * address. @returns undefined where a configuration file or our own variables name the meters. @throws Stop
 */
export async function exporterConfig(
  config: { readonly path: string; readonly pathGiven: boolean },
  context: CliContext,
): Promise<Loaded | undefined> {
  const { env } = context;
  if (config.pathGiven || !isMeant(env) || (await exists(config.path))) return undefined;
  const { variables, problems, raisedFrom } = translate(env);
  const result = await loadSettings(config, { ...context, env: { ...env, ...variables } });
  const found = result.ok ? [] : result.problems.map(inItsWords);
  const missing = new Set(problems.map(({ where }) => where));
  const all = [...problems, ...found.filter(({ where }) => !missing.has(where))];
  if (!result.ok || all.length > 0) {
    await writeProblems(all, context);
    throw new Stop(EXIT_CODES.configuration);
  }
  if (raisedFrom !== undefined) say(context.stderr, context, intervalText(result.settings.meters[0]?.intervalS));
  return result;
}

interface Translation {
  readonly variables: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
  /** The interval was none of ours. */
  readonly raisedFrom: number | undefined;
}

function translate(env: ProcessEnvironment): Translation {
  const variables: Record<string, string> = {
    [`${PREFIX}0_ID`]: 'home',
    [SAME_MEANING.SMARTMETER_DEVICE]: '/dev/ttyUSB0',
  };
  const problems: Problem[] = [];
  for (const [theirs, ours] of Object.entries(SAME_MEANING)) {
    const value = plainValue(env[theirs]);
    if (value !== '') variables[ours] = value;
  }
  for (const where of REQUIRED)
    if (plainValue(env[where]) === '') {
      problems.push({ where, text: MISSING });
      variables[SAME_MEANING[where]] = where === 'SMARTMETER_ID' ? '0'.repeat(32) : '0'.repeat(12); // told once, here
    }
  const interval = plainValue(env['SMARTMETER_GET_INTERVAL']);
  const seconds = /^\d+(\.\d+)?$/.test(interval) ? Number(interval) : undefined;
  const ours =
    seconds === undefined ? undefined : Math.min(INTERVAL.most, Math.max(INTERVAL.least, Math.ceil(seconds)));
  if (ours !== undefined) variables[SAME_MEANING.SMARTMETER_GET_INTERVAL] = String(ours);
  problems.push(...translatePort(env, variables), ...translateLevel(env, variables));
  return { variables, problems, raisedFrom: ours === seconds ? undefined : seconds };
}

function translatePort(env: ProcessEnvironment, variables: Record<string, string>): Problem[] {
  if (env['BROUTE2MQTT_HTTP_LISTEN']) return [];
  const text = plainValue(env['PORT']) || '8000';
  const isPort = /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
  variables['BROUTE2MQTT_HTTP_LISTEN'] = `0.0.0.0:${isPort ? Number(text) : 8000}`;
  return isPort ? [] : [{ where: 'PORT', text: WRONG_PORT }];
}

function translateLevel(env: ProcessEnvironment, variables: Record<string, string>): Problem[] {
  const text = plainValue(env['SMARTMETER_LOGLEVEL']);
  if (text === '' || env['BROUTE2MQTT_LOG_LEVEL']) return [];
  const number = /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  const found = LEVELS.find(([upTo, name]) => (number === undefined ? name.test(text) : number <= upTo));
  if (!found) return [{ where: 'SMARTMETER_LOGLEVEL', text: WRONG_LEVEL }];
  variables['BROUTE2MQTT_LOG_LEVEL'] = found[2];
  return [];
}

/** Tells a problem by the name the user gave. */
function inItsWords(problem: Problem): Problem {
  const theirs = Object.entries(SAME_MEANING).find(([, ours]) => ours === problem.where)?.[0];
  return theirs === undefined ? problem : { ...problem, where: theirs };
}

const MISSING: Text = {
  en: 'is missing: it comes from the letter of your utility about Route B',
  ja: '指定されていません。Bルートサービスの通知に記載された値を指定してください',
};
const WRONG_PORT: Text = { en: 'must be a number from 1 to 65535', ja: '1〜65535の数値を指定してください' };
const WRONG_LEVEL: Text = {
  en: 'must be 10 (debug), 20 (info), 30 (warning), 40 (error) or 50 (critical)',
  ja: '10（debug）、20（info）、30（warning）、40（error）、50（critical）のいずれかを指定してください',
};
const intervalText = (seconds = 0): Text => ({
  en: `SMARTMETER_GET_INTERVAL: whole seconds from ${INTERVAL.least} to ${INTERVAL.most} are possible; asking every ${seconds} s`,
  ja: `SMARTMETER_GET_INTERVAL: ${INTERVAL.least}〜${INTERVAL.most}の整数（秒）のみ有効です。${seconds}秒ごとに取得します`,
});
