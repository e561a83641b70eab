import { hex } from '../../kernel/bytes.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import type { MeterSettings, Settings } from '../../model/settings.ts';
import type { ModuleInfo } from '../../model/status.ts';
import { ALL_CHANNELS_MASK, channelsOfMask, FULL_SCAN } from '../../model/scan-plan.ts';
import type { ScanRequest } from '../../model/scan-plan.ts';
import { openModule } from '../../module/open-module.ts';
import { scanDwellMs, scanTimeMs } from '../../skstack/commands.ts';
import { askBridge } from '../../app/ask/ask-bridge.ts';
import type { BridgeStatus } from '../../app/ask/bridge-status.ts';
import { say, stderrLog } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { wireOf } from '../../app/device.ts';
import { redrawWhile } from '../../app/redraw.ts';

/** A network that was heard. */
export interface HeardPan {
  readonly pan: Pan;
  /** It answered our Pairing ID; undefined when nothing else was asked for. */
  readonly own?: boolean;
}

/** Long enough for every meter of the published logs: 17.5 s for all channels. */
const ALL_DURATION = 6;

/**
 * Scans with the stick of one meter, unless a bridge holds it: until the meter is found, or everything with `all`.
 * @throws BridgeError PORT_BUSY where the bridge runs, BRIDGE_SILENT, PORT_…, MODULE_…
 */
export async function scanPort(
  settings: Settings,
  meter: MeterSettings,
  all: boolean,
  context: CliContext,
): Promise<readonly HeardPan[]> {
  const clock = systemClock;
  const asked = await askBridge(settings, clock, context.signal);
  if (asked.kind === 'failed') throw asked.error;
  if (asked.kind === 'answered') throw heldByBridge(meter, asked.status);
  const log = await stderrLog(context, 'silent');
  const wire = await wireOf(meter, clock);
  await using module = await openModule(wire, meter, { clock, log }, context.signal);
  say(context.stderr, context, moduleText(wire.name, module.info));
  const scan: Scan = (request, place) =>
    withScanProgress(request, place, { clock, context }, () => module.scan(request, context.signal));
  return all ? await scanAll(scan) : await scanUntilFound(scan);
}

function moduleText(port: string, { stackVersion, appVersion, edition }: ModuleInfo): Text {
  if (edition === 'J11') return { en: `${port}: J11 ${stackVersion}`, ja: `${port}: J11 ${stackVersion}` };
  return {
    en: `${port}: SKSTACK-IP ${stackVersion} (${edition}${appVersion ? `, ${appVersion}` : ''})`,
    ja: `${port}: SKSTACK-IP ${stackVersion}（${edition}${appVersion ? `、${appVersion}` : ''}）`,
  };
}

/** The bridge knows what a scan would tell, but for the neighbours. */
function heldByBridge({ id, device }: MeterSettings, { pid, meters }: BridgeStatus): BridgeError {
  const which = pid === undefined ? { en: '', ja: '' } : { en: ` (pid ${pid})`, ja: `（pid ${pid}）` };
  const { pan, lqi, rssi } = meters.find((meter) => meter.id === id) ?? {};
  const place = pan && [
    pan.channel,
    `PAN ID ${pan.pan_id}`,
    ...(lqi === undefined ? [] : [`LQI ${lqi}`, `${rssi} dBm`]),
  ];
  const what = {
    en: `${device}: used by the running bridge${which.en}`,
    ja: `${device}: 動作中のブリッジ${which.ja}が使用中です`,
  };
  return new BridgeError('PORT_BUSY', what, {
    hint: {
      en: `${place ? `It uses channel ${place.join(', ')}. ` : ''}For a scan of your own stop the bridge; the button "Rescan" (command/rescan) lets it search again.`,
      ja: `${place ? `使用中: チャネル ${place.join('、')}。` : ''}自分でスキャンするにはブリッジを止めてください。「再スキャン」ボタン（command/rescan）でブリッジに探し直させることもできます。`,
    },
  });
}

/** One scan, its progress shown. */
type Scan = (request: ScanRequest, place: ScanPlace) => Promise<readonly Pan[]>;

async function scanUntilFound(scan: Scan): Promise<readonly HeardPan[]> {
  for (const [index, request] of FULL_SCAN.entries()) {
    const found = await scan(request, { at: index + 1, of: FULL_SCAN.length });
    if (found.length > 0) return found.map((pan) => ({ pan }));
  }
  return [];
}

/** First who answers our Pairing ID, then whoever answers; a module that cannot ask so hears our own once more. */
async function scanAll(scan: Scan): Promise<readonly HeardPan[]> {
  const request = { mask: ALL_CHANNELS_MASK, duration: ALL_DURATION };
  const ours = await scan(request, { at: 1, of: 2 });
  const anyone = await scan({ ...request, anyone: true }, { at: 2, of: 2 });
  const own = new Set(ours.map(({ macAddress }) => macAddress));
  const others = anyone.filter(({ macAddress }) => !own.has(macAddress));
  return [...ours.map((pan) => ({ pan, own: true })), ...others.map((pan) => ({ pan, own: false }))];
}

const BAR_WIDTH = 24;

/** Which of how many scans this is. */
interface ScanPlace {
  readonly at: number;
  readonly of: number;
}

/**
 * Shows how far a scan is while `task` runs: a bar with channel and time left on a terminal, else one line at its begin. The
 * module tells nothing on the way, so both follow from the time.
 */
export async function withScanProgress<T>(
  request: ScanRequest,
  place: ScanPlace,
  { clock, context }: { readonly clock: Clock; readonly context: CliContext },
  task: () => Promise<T>,
): Promise<T> {
  const { stderr, signal, language } = context;
  if (stderr.isTTY !== true) {
    say(stderr, context, beginText(request, place));
    return await task();
  }
  const startedMs = clock.monotonicMs();
  const bar = (): string => scanBar(request, place, clock.monotonicMs() - startedMs)[language];
  return await redrawWhile(bar, { output: stderr, clock, signal }, task);
}

function beginText({ mask, duration }: ScanRequest, { at, of }: ScanPlace): Text {
  const channels = channelsOfMask(mask);
  const seconds = Math.ceil(scanTimeMs(mask, duration) / 1000);
  const range = `${channels[0]}–${channels.at(-1)}`;
  return {
    en: `scanning ${channels.length} channels (${range}), duration ${duration}: ${seconds} s … (scan ${at} of ${of})`,
    ja: `${channels.length} チャネル（${range}）をスキャン中（duration ${duration}、約 ${seconds} 秒）…（${at}/${of} 回目）`,
  };
}

/** The bar as it stands after `elapsedMs`. */
export function scanBar({ mask, duration }: ScanRequest, { at, of }: ScanPlace, elapsedMs: number): Text {
  const channels = channelsOfMask(mask);
  const share = Math.min(1, elapsedMs / scanTimeMs(mask, duration));
  const filled = Math.round(share * BAR_WIDTH);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`;
  const seconds = Math.ceil(((1 - share) * scanTimeMs(mask, duration)) / 1000);
  const channel = channels[Math.floor(elapsedMs / scanDwellMs(duration))];
  if (channel === undefined)
    return {
      en: `${bar} waiting for the stick (scan ${at} of ${of})`,
      ja: `${bar} スティックの応答待ち（${at}/${of} 回目）`,
    };
  return {
    en: `${bar} channel ${channel} (${hex(channel, 2)}), ${seconds} s left (scan ${at} of ${of})`,
    ja: `${bar} チャネル ${channel} (${hex(channel, 2)})、残り約 ${seconds} 秒（${at}/${of} 回目）`,
  };
}
