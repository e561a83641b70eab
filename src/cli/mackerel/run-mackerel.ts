import process from 'node:process';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { MeterSettings, Settings } from '../../model/settings.ts';
import { mackerelGraphs, mackerelLines, mackerelPrefix } from '../../mackerel/mackerel-metrics.ts';
import { chooseMeters, loadOrStop } from '../../app/load-settings.ts';
import { say } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { exitCodes, Stop, tellError } from '../../app/exit-codes.ts';
import { settingsOf } from './mackerel-options.ts';
import type { MackerelFlags, PluginOptions } from './mackerel-options.ts';
import type { Obtained } from '../../app/read/obtain-readings.ts';
import type { SearchHints, ShortSearch } from './short-search.ts';

/** The agent ends a plugin after 30 s: start, reading and closing the port together stay below. */
const LIMIT_MS = 24_000;
const LEAST_MS = 2000;

/** @param configFile undefined when none was named. */
export async function runMackerel(
  options: MackerelFlags,
  configFile: string | undefined,
  context: CliContext,
): Promise<void> {
  for (const secret of [options.id, options.password]) context.redactor.add(secret ?? '');
  const plugin = settingsOf(options);
  if (context.env['MACKEREL_AGENT_PLUGIN_META']) return await printGraphs(options, plugin, configFile, context);
  if (options.password) hidePassword(plugin, context);
  if (options.scan) return await scan(options, configFile, context);
  const obtained = await obtain(options, plugin, configFile, context);
  const lines = obtained.map((one) => {
    if (!one.ok) return '';
    const prefix = mackerelPrefix(plugin.prefix, one.meter, options.meter === undefined ? obtained.length : 1);
    return mackerelLines([one.answer, ...one.besides], prefix);
  });
  context.stdout.write(lines.join(''));
  for (const one of obtained) if (!one.ok) tellError(one.error, context);
  if (!obtained.some(({ ok }) => ok)) throw new Stop(exitCodes.linkDown);
}

/** Nothing but the configuration is looked at: the agent asks this once, at its start. */
async function printGraphs(
  options: MackerelFlags,
  { prefix }: PluginOptions,
  configFile: string | undefined,
  context: CliContext,
): Promise<void> {
  const named = configFile === undefined ? undefined : await settingsOfFile(configFile, context);
  const settings = options.device ? undefined : (named ?? (await usualSettings(context)));
  const meters = settings ? chooseMeters(settings.meters, options.meter) : [{ id: '' }];
  const graphs = meters.map(({ id }) => mackerelGraphs(mackerelPrefix(prefix, id, meters.length)));
  const json = JSON.stringify({ graphs: Object.assign({}, ...graphs) as unknown });
  context.stdout.write(`# mackerel-agent-plugin\n${json}\n`);
}

/** The process list shows it until then; and it stands in the agent's configuration for good. */
function hidePassword({ verbosity }: PluginOptions, context: CliContext): void {
  process.title = 'mackerel-plugin-smartmeter';
  if (verbosity === 0) return;
  say(context.stderr, context, {
    en: 'warning: the password of --password stands in the process list. Use --password-file FILE, or --config FILE of the bridge.',
    ja: '警告: --password のパスワードはプロセス一覧に表示されます。--password-file FILE か、ブリッジの --config FILE を使ってください。',
  });
}

async function obtain(
  options: MackerelFlags,
  plugin: PluginOptions,
  configFile: string | undefined,
  context: CliContext,
): Promise<readonly Obtained[]> {
  if (configFile !== undefined)
    return await fromSettings(await settingsOfFile(configFile, context), options, plugin, context);
  const { askHolder, usualBridge } = await import('../../app/ask/find-bridge.ts');
  if (options.device) {
    const asked = await askHolder(options.device, context);
    if (asked) return [asked];
    return await fromSettings(await settingsOfStick(options, context), { meter: 'home' }, plugin, context, plugin);
  }
  const settings = await usualSettings(context);
  if (settings) return await fromSettings(settings, options, plugin, context);
  const status = await usualBridge(context);
  if (!status) throw nothingNamed();
  const { fromBridge } = await import('../../app/read/obtain-readings.ts');
  const ids = options.meter === undefined ? status.meters.map(({ id }) => id) : [options.meter];
  return ids.map((id) => fromBridge(status, id));
}

const nothingNamed = (): BridgeError =>
  new BridgeError('USAGE', 'no running bridge and no configuration was found', {
    hint: {
      en: 'Name the configuration of the bridge with --config, or the stick with --device, --id and --password-file.',
      ja: 'ブリッジの設定ファイルを --config で指定するか、--device・--id・--password-file でスティックを指定してください。',
    },
  });

/**
 * From the running bridge, else from the port, within what the agent allows.
 * @param hints only where the state is the plugin's own: the network a bridge remembers is not forgotten for them.
 */
async function fromSettings(
  settings: Settings,
  { meter, device }: MackerelFlags,
  { verbosity }: PluginOptions,
  context: CliContext,
  hints: SearchHints = { channel: undefined, macAddress: undefined },
): Promise<readonly Obtained[]> {
  const [{ obtainReadings, quietLog }, { ShortSearch: Search }] = await Promise.all([
    import('../../app/read/obtain-readings.ts'),
    import('./short-search.ts'),
  ]);
  const log = await quietLog(context);
  const wanted = meter ?? settings.meters.find((one) => device !== undefined && one.device === device)?.id;
  const searches = new Map<string, ShortSearch>();
  for (const { id, stateDir } of chooseMeters(settings.meters, wanted))
    searches.set(id, await Search.open(stateDir, hints, log));
  const { phaseTeller } = await import('../../app/phase-words.ts');
  const obtained = await obtainReadings(settings, wanted, context, {
    timeoutMs: Math.max(LEAST_MS, Math.floor((LIMIT_MS - systemClock.monotonicMs()) / 1000) * 1000),
    lateHint,
    wrap: (module, { id }) => searches.get(id)?.wrap(module) ?? module,
    ...(verbosity > 1 && { onStatus: phaseTeller(context, true) }),
  });
  for (const one of obtained) await searches.get(one.meter)?.end(one.ok);
  return obtained;
}

const lateHint = {
  en: 'The next run goes on from here. The first search for the meter can take some minutes; --channel of --scan makes it short.',
  ja: '次回の実行で続きから再開します。最初の探索には数分かかることがあります。--scan で調べた --channel を指定すると短くなります。',
};

async function scan(options: MackerelFlags, configFile: string | undefined, context: CliContext): Promise<void> {
  const settings =
    configFile !== undefined
      ? await settingsOfFile(configFile, context)
      : await (options.device ? settingsOfStick(options, context) : usualSettings(context));
  if (!settings) throw nothingNamed();
  const { printScan } = await import('./mackerel-scan.ts');
  await printScan(chooseMeters(settings.meters, options.meter)[0] as MeterSettings, context);
}

const settingsOfFile = async (path: string, context: CliContext): Promise<Settings> =>
  (await loadOrStop({ path, pathGiven: true }, context)).settings;

const settingsOfStick = async (options: MackerelFlags, context: CliContext): Promise<Settings> =>
  await (await import('./mackerel-config.ts')).settingsOfOptions(options, context);

const usualSettings = async (context: CliContext): Promise<Settings | undefined> =>
  await (await import('../../app/ask/find-bridge.ts')).usualSettings(context);
