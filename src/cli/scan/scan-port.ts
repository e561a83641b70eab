import type { Clock } from '../../kernel/clock.ts';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import type { MeterSettings, Settings } from '../../model/settings.ts';
import type { ModuleInfo } from '../../model/status.ts';
import type { ScanRequest } from '../../model/scan-plan.ts';
import type { WiSunModule } from '../../module/module.ts';
import { openModule } from '../../module/open-module.ts';
import { ALL_CHANNELS_MASK, FULL_SCAN } from '../../model/scan-plan.ts';
import type { MeterSnapshot } from '../../web/status-snapshot.ts';
import { askBridge } from '../../app/ask/ask-bridge.ts';
import { say } from '../../app/context.ts';
import type { CliContext } from '../../app/context.ts';
import { wireOf } from '../../app/device.ts';
import { quietLog } from '../../app/read/obtain-readings.ts';
import type { HeardPan } from './scan-formats.ts';
import { withScanProgress } from './scan-progress.ts';

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
  if (asked.kind === 'answered') {
    const { status } = asked;
    throw heldByBridge(
      meter.device,
      status.pid,
      status.meters.find(({ id }) => id === meter.id),
    );
  }
  const log = await quietLog(context);
  const wire = await wireOf(meter, clock);
  await using module = await openModule(wire, meter, { clock, log }, context.signal);
  say(context.stderr, context, moduleWords(wire.name, module.info));
  return all ? await scanAll(module, clock, context) : await scanUntilFound(module, clock, context);
}

function moduleWords(port: string, { stackVersion, appVersion, edition }: ModuleInfo): Text {
  if (edition === 'J11') return { en: `${port}: J11 ${stackVersion}`, ja: `${port}: J11 ${stackVersion}` };
  return {
    en: `${port}: SKSTACK-IP ${stackVersion} (${edition}${appVersion ? `, ${appVersion}` : ''})`,
    ja: `${port}: SKSTACK-IP ${stackVersion}（${edition}${appVersion ? `、${appVersion}` : ''}）`,
  };
}

/** The bridge knows what a scan would tell, but for the neighbours. */
function heldByBridge(device: string, pid: number | undefined, meter: MeterSnapshot | undefined): BridgeError {
  const who = pid === undefined ? 'the running bridge' : `the running bridge (pid ${pid})`;
  const { pan, lqi, rssi } = meter ?? {};
  const place = pan && `${pan.channel}, PAN ID ${pan.pan_id}${lqi === undefined ? '' : `, LQI ${lqi}, ${rssi} dBm`}`;
  return new BridgeError('PORT_BUSY', `${device}: used by ${who}`, {
    hint: {
      en: `${place ? `It uses channel ${place}. ` : ''}For a scan of your own stop the bridge; the button "Rescan" (command/rescan) lets it search again.`,
      ja: `${place ? `使用中: チャネル ${place}。` : ''}自分でスキャンするにはブリッジを止めてください。「再スキャン」ボタン（command/rescan）でブリッジに探し直させることもできます。`,
    },
  });
}

async function scanUntilFound(module: WiSunModule, clock: Clock, context: CliContext): Promise<readonly HeardPan[]> {
  for (const [index, request] of FULL_SCAN.entries()) {
    const found = await scan(module, request, { at: index + 1, of: FULL_SCAN.length }, clock, context);
    if (found.length > 0) return found.map((pan) => ({ pan }));
  }
  return [];
}

/** First who answers our Pairing ID, then whoever answers; a module that cannot ask so hears our own once more. */
async function scanAll(module: WiSunModule, clock: Clock, context: CliContext): Promise<readonly HeardPan[]> {
  const request = { mask: ALL_CHANNELS_MASK, duration: ALL_DURATION };
  const ours = await scan(module, request, { at: 1, of: 2 }, clock, context);
  const anyone = await scan(module, { ...request, anyone: true }, { at: 2, of: 2 }, clock, context);
  const own = new Set(ours.map(({ macAddress }) => macAddress));
  const others = anyone.filter(({ macAddress }) => !own.has(macAddress));
  return [...ours.map((pan) => ({ pan, own: true })), ...others.map((pan) => ({ pan, own: false }))];
}

const scan = (
  module: WiSunModule,
  request: ScanRequest,
  place: { readonly at: number; readonly of: number },
  clock: Clock,
  context: CliContext,
): Promise<readonly Pan[]> =>
  withScanProgress(request, place, { clock, context }, () => module.scan(request, context.signal));
