import { readdir } from 'node:fs/promises';
import type { MeterConfig } from '../config/schema.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Wire } from '../module/wire.ts';
import { serialWire } from '../module/serial-wire.ts';
import { tcpWire } from '../module/tcp-wire.ts';

/** The wire a meter's `device` names. @throws BridgeError CONFIG_INVALID for `auto`, which is not there yet. */
export async function wireOf(meter: Pick<MeterConfig, 'id' | 'device'>, clock: Clock): Promise<Wire> {
  if (meter.device.startsWith('tcp://')) return tcpWire(meter.device, clock);
  if (meter.device !== 'auto') return serialWire(meter.device, clock);
  const found = (await readdir('/dev/serial/by-id').catch(() => [])).map((name) => `/dev/serial/by-id/${name}`);
  const list = found.length > 0 ? found.join(', ') : '—';
  throw new BridgeError('CONFIG_INVALID', `meter ${meter.id}: device: auto is not supported by this version`, {
    hint: {
      en: `Name the port. Plugged in now: ${list}`,
      ja: `ポートを指定してください。現在接続中: ${list}`,
    },
  });
}
