import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Settings } from '../../model/settings.ts';
import type { CliContext, ProcessEnvironment } from '../../app/context.ts';
import { exitCodes, Stop } from '../../app/exit-codes.ts';
import { loadVariables, writeProblems } from '../../app/load-settings.ts';
import type { MackerelFlags } from './mackerel-options.ts';

const METER = 'BROUTE2MQTT_METERS_0_';
/** What each option is in our own words. */
const names = {
  device: `${METER}DEVICE`,
  id: `${METER}ROUTE_B_ID`,
  idFile: `${METER}ROUTE_B_ID_FILE`,
  password: `${METER}ROUTE_B_PASSWORD`,
  passwordFile: `${METER}ROUTE_B_PASSWORD_FILE`,
} as const satisfies Partial<Record<keyof MackerelFlags, string>>;

/** Where what is remembered between two runs lies, one folder for each stick; no secret is in it. */
export function stateDirOf(device: string, env: ProcessEnvironment): string {
  const home = env['HOME'] || homedir();
  const base =
    env['BROUTE2MQTT_STATE_DIR'] ||
    env['MACKEREL_PLUGIN_WORKDIR'] ||
    join(env['XDG_STATE_HOME'] || join(home, '.local/state'), 'broute2mqtt');
  return resolve(base, `mackerel-${device.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}`);
}

/** A configuration of one meter, from the options alone. Every problem is told by the option's name. @throws Stop */
export async function settingsOfOptions(options: MackerelFlags, context: CliContext): Promise<Settings> {
  const { env } = context;
  const { device = '' } = options;
  const ours = Object.entries(env).filter(([name]) => !/^BROUTE2MQTT_(METERS|MQTT|HTTP|MACKEREL)_/.test(name));
  const given = Object.entries(names).flatMap(([option, variable]) => {
    const value = options[option as keyof typeof names];
    return value ? [[variable, value] as const] : [];
  });
  const variables = {
    ...Object.fromEntries([...ours, ...given]),
    [`${METER}ID`]: 'home',
    BROUTE2MQTT_HTTP_LISTEN: '127.0.0.1:0', // some output has to be named; nobody serves it here
    BROUTE2MQTT_STATE_DIR: stateDirOf(device, env),
  };
  const result = await loadVariables(variables, context);
  const missing = (['id', 'password'] as const).filter((name) => !options[name] && !options[`${name}File`]);
  for (const name of missing) context.stderr.write(`--${name}: ${isMissing(name)[context.language]}\n`);
  if (result.ok) return result.settings;
  const problems = result.problems.flatMap(({ where, text }) => {
    const [option] = Object.entries(names).find(([, variable]) => variable === where) ?? [];
    if (option !== undefined) return [{ where: `--${option.replace('File', '-file')}`, text }];
    return missing.length > 0 ? [] : [{ where, text }]; // the gap, which is told
  });
  await writeProblems(problems, context);
  throw new Stop(exitCodes.usage);
}

const isMissing = (name: string) => ({
  en: `is missing: no running bridge holds this stick, so the meter has to be asked (or --${name}-file FILE)`,
  ja: `指定されていません。スティックを使用中のブリッジがないため必要です（--${name}-file FILE でも指定できます）`,
});
