import type { Log } from '../kernel/log.ts';
import { networkOf } from '../model/pan.ts';
import type { Pan } from '../model/pan.ts';
import { StateFile } from '../store/state-file.ts';

/** The PAN that last answered, kept over restarts so that the next start need not scan. */
export const panMemory = (dir: string | undefined, log: Log): StateFile<Pan> =>
  new StateFile(dir, 'pan.json', parsePan, log);

function parsePan(value: unknown): Pan {
  const { channel, panId, macAddress } = value as Record<string, unknown>;
  const inRange = (x: unknown, min: number, max: number): x is number =>
    Number.isInteger(x) && (x as number) >= min && (x as number) <= max;
  if (!inRange(channel, 33, 60)) throw new TypeError('channel is not 33–60');
  if (!inRange(panId, 0, 0xffff)) throw new TypeError('panId is not 0–65535');
  if (typeof macAddress !== 'string' || !/^[0-9A-F]{16}$/.test(macAddress))
    throw new TypeError('macAddress is no EUI-64');
  return networkOf({ channel, panId, macAddress });
}
