import { realpath } from 'node:fs/promises';
import { systemClock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Settings } from '../../model/settings.ts';
import { holderOf } from '../../wire/port-holder.ts';
import { askBridge } from './ask-bridge.ts';
import type { BridgeStatus } from './bridge-status.ts';
import type { CliContext } from '../context.ts';
import { loadSettings } from '../load-settings.ts';
import { fromBridge } from '../read/obtain-readings.ts';
import type { Obtained } from '../read/obtain-readings.ts';

/** Of the systemd unit. */
const SYSTEM_STATE_DIR = '/var/lib/broute2mqtt';
const SYSTEM_CONFIG = '/etc/broute2mqtt/config.yaml';

/** Where a configuration is looked for when none is named. */
const USUAL_CONFIGS: readonly string[] = ['config.yaml', SYSTEM_CONFIG];

/** The configuration that lies where it usually does; undefined when there is none, or it has problems. */
export async function usualSettings(context: CliContext): Promise<Settings | undefined> {
  for (const path of USUAL_CONFIGS) {
    const result = await loadSettings({ path, pathGiven: false }, context);
    if (result.ok) return result.settings;
  }
  return undefined;
}

/** A bridge that can be asked without its configuration, by the socket in its usual place. */
export async function usualBridge(context: CliContext): Promise<BridgeStatus | undefined> {
  for (const stateDir of [context.env['BROUTE2MQTT_STATE_DIR'], SYSTEM_STATE_DIR]) {
    if (!stateDir) continue;
    const asked = await askBridge({ stateDir }, systemClock, context.signal);
    if (asked.kind === 'answered') return asked.status;
  }
  return undefined;
}

/** What the bridge that holds this stick says; undefined when none is known to. */
export async function askHolder(device: string, context: CliContext): Promise<Obtained | undefined> {
  const real = await realOf(device);
  const settings = await usualSettings(context);
  for (const meter of settings?.meters ?? []) {
    if (!settings || (await realOf(meter.device)) !== real) continue;
    const asked = await askBridge(settings, systemClock, context.signal);
    if (asked.kind === 'answered') return fromBridge(asked.status, meter.id);
    if (asked.kind === 'failed') return { meter: meter.id, ok: false, error: asked.error };
  }
  const status = await usualBridge(context);
  if (status?.pid === undefined || (await holderOf(real))?.pid !== status.pid) return undefined;
  const [meter, ...others] = status.meters;
  if (!meter) return undefined;
  return others.length === 0 ? fromBridge(status, meter.id) : { meter: meter.id, ok: false, error: whichMeter() };
}

const whichMeter = (): BridgeError =>
  new BridgeError(
    'PORT_BUSY',
    {
      en: 'the stick is held by a bridge of several meters',
      ja: 'スティックは、複数のメーターを扱うブリッジが使用中です',
    },
    {
      hint: {
        en: 'Name the configuration of the bridge with --config, and the meter with --meter.',
        ja: 'ブリッジの設定ファイルを --config で、メーターを --meter で指定してください。',
      },
    },
  );

const realOf = (device: string): Promise<string> => realpath(device).catch(() => device);
