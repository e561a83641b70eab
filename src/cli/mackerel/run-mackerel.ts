import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { hex } from '../../kernel/bytes.ts';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import { linkLocalAddress } from '../../model/pan.ts';
import { FULL_SCAN } from '../../model/scan-plan.ts';
import type { MeterSettings, Settings } from '../../model/settings.ts';
import { mackerelGraphs, mackerelLines, mackerelPrefix } from '../../mackerel/mackerel-metrics.ts';
import { chooseMeters, loadOrStop, loadVariables, writeProblems } from '../../app/load-settings.ts';
import { say, stderrLog, EXIT_CODES, Stop, tellError } from '../../app/context.ts';
import type { CliContext, ProcessEnvironment } from '../../app/context.ts';
import { settingsOf } from './mackerel-options.ts';
import type { MackerelFlags, PluginOptions } from './mackerel-options.ts';
import type { Obtained } from '../../app/read/obtain-readings.ts';
import type { SearchHints, ShortSearch } from './short-search.ts';

/** The agent ends a plugin after 30 s: start, reading and closing the port together stay below. */
const LIMIT_MS = 24_000;
const LEAST_MS = 2000;

/** Of a stick that no configuration names. */
const OWN_METER = 'home';
const METER = 'BROUTE2MQTT_METERS_0_';
/** What each option is in our own words. */
const VARIABLES = [
  ['device', `${METER}DEVICE`],
  ['id', `${METER}ROUTE_B_ID`],
  ['idFile', `${METER}ROUTE_B_ID_FILE`],
  ['password', `${METER}ROUTE_B_PASSWORD`],
  ['passwordFile', `${METER}ROUTE_B_PASSWORD_FILE`],
] as const satisfies readonly (readonly [option: keyof MackerelFlags, variable: string])[];

/** One run of the plugin: what it was told, and where it runs. */
interface PluginRun {
  readonly flags: MackerelFlags;
  readonly plugin: PluginOptions;
  /** Undefined when none was named. */
  readonly configFile: string | undefined;
  readonly context: CliContext;
}

/** @param configFile undefined when none was named. */
export async function runMackerel(
  flags: MackerelFlags,
  configFile: string | undefined,
  context: CliContext,
): Promise<void> {
  for (const secret of [flags.id, flags.password]) context.redactor.add(secret ?? '');
  const run: PluginRun = { flags, plugin: settingsOf(flags), configFile, context };
  if (context.env['MACKEREL_AGENT_PLUGIN_META']) return await printGraphs(run);
  if (flags.password) hidePassword(run);
  if (flags.scan) return await scan(run);
  const obtained = await obtain(run);
  const lines = obtained.map((one) => {
    if (!one.ok) return '';
    const prefix = mackerelPrefix(run.plugin.prefix, one.meter, flags.meter === undefined ? obtained.length : 1);
    return mackerelLines([one.answer, ...one.besides], prefix);
  });
  context.stdout.write(lines.join(''));
  for (const one of obtained) if (!one.ok) tellError(one.error, context);
  if (!obtained.some(({ ok }) => ok)) throw new Stop(EXIT_CODES.linkDown);
}

/** Nothing but the configuration is looked at: the agent asks this once, at its start. */
async function printGraphs({ flags, plugin, configFile, context }: PluginRun): Promise<void> {
  const named = configFile === undefined ? undefined : await settingsOfFile(configFile, context);
  const settings = flags.device ? undefined : (named ?? (await usualSettings(context)));
  const meters = settings ? chooseMeters(settings.meters, flags.meter) : [{ id: '' }];
  const graphs = meters.map(({ id }) => mackerelGraphs(mackerelPrefix(plugin.prefix, id, meters.length)));
  const json = JSON.stringify({ graphs: Object.assign({}, ...graphs) as unknown });
  context.stdout.write(`# mackerel-agent-plugin\n${json}\n`);
}

/** The process list shows it until then; and it stands in the agent's configuration for good. */
function hidePassword({ plugin, context }: PluginRun): void {
  process.title = 'mackerel-plugin-smartmeter';
  if (plugin.verbosity === 0) return;
  say(context.stderr, context, {
    en: 'warning: the password of --password stands in the process list. Use --password-file FILE, or --config FILE of the bridge.',
    ja: '警告: --password のパスワードはプロセス一覧に表示されます。--password-file FILE か、ブリッジの --config FILE を使ってください。',
  });
}

async function obtain(run: PluginRun): Promise<readonly Obtained[]> {
  const { flags, plugin, configFile, context } = run;
  if (configFile !== undefined) {
    const settings = await settingsOfFile(configFile, context);
    const ofDevice = settings.meters.find(({ device }) => device === flags.device)?.id;
    return await fromSettings(settings, flags.meter ?? ofDevice, run);
  }
  const { askHolder, usualBridge } = await import('../../app/ask/find-bridge.ts');
  if (flags.device) {
    const asked = await askHolder(flags.device, context);
    if (asked) return [asked];
    return await fromSettings(await settingsOfStick(flags, context), OWN_METER, run, plugin);
  }
  const settings = await usualSettings(context);
  if (settings) return await fromSettings(settings, flags.meter, run);
  const status = await usualBridge(context);
  if (!status) throw nothingNamed();
  const { fromBridge } = await import('../../app/read/obtain-readings.ts');
  const ids = flags.meter === undefined ? status.meters.map(({ id }) => id) : [flags.meter];
  return ids.map((id) => fromBridge(status, id));
}

const nothingNamed = (): BridgeError =>
  new BridgeError('USAGE', NOTHING_FOUND, {
    hint: {
      en: 'Name the configuration of the bridge with --config, or the stick with --device, --id and --password-file.',
      ja: 'ブリッジの設定ファイルを --config で指定するか、--device・--id・--password-file でスティックを指定してください。',
    },
  });

const NOTHING_FOUND: Text = {
  en: 'no running bridge and no configuration was found',
  ja: '動作中のブリッジも設定ファイルも見つかりません',
};

/**
 * From the running bridge, else from the port, within what the agent allows.
 * @param hints only where the state is the plugin's own: the network a bridge remembers is not forgotten for them.
 */
async function fromSettings(
  settings: Settings,
  wanted: string | undefined,
  { plugin, context }: PluginRun,
  hints: SearchHints = { channel: undefined, macAddress: undefined },
): Promise<readonly Obtained[]> {
  const [{ obtainReadings }, { ShortSearch: Search }, { phaseTeller }] = await Promise.all([
    import('../../app/read/obtain-readings.ts'),
    import('./short-search.ts'),
    import('../../app/phase-words.ts'),
  ]);
  const log = await stderrLog(context, 'silent');
  const searches = new Map<string, ShortSearch>();
  for (const { id, stateDir } of chooseMeters(settings.meters, wanted))
    searches.set(id, await Search.open(stateDir, hints, log));
  const obtained = await obtainReadings(settings, wanted, context, {
    timeoutMs: Math.max(LEAST_MS, Math.floor((LIMIT_MS - systemClock.monotonicMs()) / 1000) * 1000),
    lateHint: LATE_HINT,
    wrap: (module, { id }) => searches.get(id)?.wrap(module) ?? module,
    ...(plugin.verbosity > 1 && { onStatus: phaseTeller(context, true) }),
  });
  for (const one of obtained) await searches.get(one.meter)?.end(one.ok);
  return obtained;
}

const LATE_HINT = {
  en: 'The next run goes on from here. The first search for the meter can take some minutes; --channel of --scan makes it short.',
  ja: '次回の実行で続きから再開します。最初の探索には数分かかることがあります。--scan で調べた --channel を指定すると短くなります。',
};

async function scan({ flags, configFile, context }: PluginRun): Promise<void> {
  const settings =
    configFile !== undefined
      ? await settingsOfFile(configFile, context)
      : await (flags.device ? settingsOfStick(flags, context) : usualSettings(context));
  if (!settings) throw nothingNamed();
  await printScan(chooseMeters(settings.meters, flags.meter)[0] as MeterSettings, context);
}

/**
 * `--scan`: the dialogue in the words in which users read it, with what is of use in it. `Channel:` is for --channel, what
 * follows `SKLL64` for --ipaddr. Made from what was found, so that it looks the same whatever the stick speaks.
 * @throws BridgeError PAN_NOT_FOUND
 */
async function printScan(meter: MeterSettings, context: CliContext): Promise<void> {
  const [{ openModule }, { wireOf }] = await Promise.all([
    import('../../module/open-module.ts'),
    import('../../app/device.ts'),
  ]);
  const clock = systemClock;
  const log = await stderrLog(context, 'silent');
  const print = (text: string): void => void context.stdout.write(context.redactor.redact(`${text}\n`));
  const sent = (text: string): void => print(`>> "${text}"`);
  const received = (text: string): void => print(`<< "${text}"`);
  await using module = await openModule(await wireOf(meter, clock), meter, { clock, log }, context.signal);
  const side = module.info.edition === 'DSE' ? ' 0' : '';
  for (const request of FULL_SCAN) {
    sent(`SKSCAN 2 ${hex(request.mask, 8)} ${request.duration}${side}`);
    const found = await module.scan(request, context.signal);
    received('OK');
    for (const { channel, panId, macAddress, lqi } of found) {
      received('EPANDESC');
      received(`  Channel:${hex(channel, 2)}`);
      received(`  Pan ID:${hex(panId, 4)}`);
      received(`  Addr:${macAddress}`);
      if (lqi !== undefined) received(`  LQI:${hex(lqi, 2)}`);
      sent(`SKLL64 ${macAddress}`);
      received(linkLocalAddress(macAddress));
    }
    if (found.length > 0) return;
  }
  throw new BridgeError('PAN_NOT_FOUND', { en: 'no meter answered', ja: 'メーターの応答がありません' });
}

const settingsOfFile = async (path: string, context: CliContext): Promise<Settings> =>
  (await loadOrStop({ path, pathGiven: true }, context)).settings;

const usualSettings = async (context: CliContext): Promise<Settings | undefined> =>
  await (await import('../../app/ask/find-bridge.ts')).usualSettings(context);

/** Where what is remembered between two runs lies, one folder for each stick; no secret is in it. */
function stateDirOf(device: string, env: ProcessEnvironment): string {
  const home = env['HOME'] || homedir();
  const base =
    env['BROUTE2MQTT_STATE_DIR'] ||
    env['MACKEREL_PLUGIN_WORKDIR'] ||
    join(env['XDG_STATE_HOME'] || join(home, '.local/state'), 'broute2mqtt');
  return resolve(base, `mackerel-${device.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}`);
}

/** A configuration of one meter, from the options alone. Every problem is told by the option's name. @throws Stop */
async function settingsOfStick(flags: MackerelFlags, context: CliContext): Promise<Settings> {
  const { env, stderr, language } = context;
  const ours = Object.entries(env).filter(([name]) => !/^BROUTE2MQTT_(METERS|MQTT|HTTP|MACKEREL)_/.test(name));
  const given = VARIABLES.flatMap(([option, variable]) => (flags[option] ? [[variable, flags[option]]] : []));
  const variables = {
    ...Object.fromEntries([...ours, ...given]),
    [`${METER}ID`]: OWN_METER,
    BROUTE2MQTT_HTTP_LISTEN: '127.0.0.1:0', // some output has to be named; nobody serves it here
    BROUTE2MQTT_STATE_DIR: stateDirOf(flags.device ?? '', env),
  };
  const result = await loadVariables(variables, context);
  const missing = (['id', 'password'] as const).filter((name) => !flags[name] && !flags[`${name}File`]);
  for (const name of missing) stderr.write(`--${name}: ${missingText(name)[language]}\n`);
  if (result.ok) return result.settings;
  const problems = result.problems.flatMap(({ where, text }) => {
    const [option] = VARIABLES.find(([, variable]) => variable === where) ?? [];
    if (option !== undefined) return [{ where: `--${option.replace('File', '-file')}`, text }];
    return missing.length > 0 ? [] : [{ where, text }]; // the gap, which is told
  });
  await writeProblems(problems, context);
  throw new Stop(EXIT_CODES.usage);
}

const missingText = (name: string): Text => ({
  en: `is missing: no running bridge holds this stick, so the meter has to be asked (or --${name}-file FILE)`,
  ja: `指定されていません。スティックを使用中のブリッジがないため必要です（--${name}-file FILE でも指定できます）`,
});
