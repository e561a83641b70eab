import type { Log } from '../kernel/log.ts';
import type { MeterProfile } from '../model/reading.ts';
import { StateFile } from '../store/state-file.ts';
import { MINUTE_MS } from './minute-trail.ts';
import type { MinutePosition } from './minute-trail.ts';
import type { Accepted } from './energy-guard.ts';
import { MOST_PROPERTIES } from './capacity.ts';
import type { RememberedCapacity } from './capacity.ts';
import { CEILING_MS } from './round-trips.ts';
import { networkOf } from '../model/pan.ts';
import type { Pan } from '../model/pan.ts';

/** What is known of a meter over restarts. */
export interface Remembered extends RememberedCapacity {
  /** EUI-64 of the meter this belongs to. */
  readonly macAddress?: string;
  readonly profile?: MeterProfile;
  /** Last accepted registers, for the energy guard. Never published as if freshly read. */
  readonly import?: Accepted;
  readonly export?: Accepted;
  /** How far the stream of minutes has come. */
  readonly minute?: MinutePosition;
}

export const meterMemory = (dir: string | undefined, log: Log): StateFile<Remembered> =>
  new StateFile(dir, 'meter.json', parseRemembered, log);

function parseRemembered(value: unknown): Remembered {
  const remembered = object(value, 'meter');
  if (!isAbsentOrText(remembered['macAddress'], 16)) throw new TypeError('macAddress is no EUI-64');
  if (remembered['profile'] !== undefined) checkProfile(object(remembered['profile'], 'profile'));
  for (const [key, least, most] of PACE_RANGES)
    if (remembered[key] !== undefined && !isInteger(remembered[key], least, most))
      throw new TypeError(`${key} is not ${least} to ${most}`);
  for (const key of ['import', 'export']) {
    if (remembered[key] === undefined) continue;
    const register = object(remembered[key], key);
    if (!isBetween(register['kwh'], 0, MOST_KWH) || !isBetween(register['atMs'], 0, LAST_DATE_MS))
      throw new TypeError(`${key} is not a register`);
  }
  if (remembered['minute'] !== undefined) checkMinute(object(remembered['minute'], 'minute'));
  return value as Remembered;
}

function checkMinute({ meter, minuteMs, importKwh = 0, exportKwh = 0 }: Record<string, unknown>): void {
  const isMinute = isInteger(minuteMs, 0, LAST_DATE_MS) && minuteMs % MINUTE_MS === 0;
  const isText = typeof meter === 'string' && isAbsentOrText(meter, 64);
  if (!isMinute || !isText || !isBetween(importKwh, 0, MOST_KWH) || !isBetween(exportKwh, 0, MOST_KWH))
    throw new TypeError('minute is no minute with its registers');
}

function checkProfile(profile: Record<string, unknown>): void {
  const map = profile['getMap'];
  if (!Array.isArray(map) || map.length > 128 || !map.every((code) => isInteger(code, 0x80, 0xff)))
    throw new TypeError('getMap is no list of EPCs');
  if (typeof profile['hasTPhase'] !== 'boolean' || typeof profile['hasExport'] !== 'boolean')
    throw new TypeError('profile without its flags');
  for (const key of ['makerCode', 'serialNumber', 'release'])
    if (!isAbsentOrText(profile[key], 64)) throw new TypeError(`${key} is no short text`);
  if (profile['energyScale'] === undefined) return;
  const scale = object(profile['energyScale'], 'energyScale');
  for (const [key, least, most] of SCALE_RANGES)
    if (!isInteger(scale[key], least, most)) throw new TypeError(`${key} is not ${least} to ${most}`);
}

/** What the standard allows: a number beyond would throw, or fill the memory, where it is formatted. */
const SCALE_RANGES = [
  ['coefficient', 1, 999_999],
  ['exponent', -4, 4],
  ['digits', 1, 8],
] as const;
const PACE_RANGES = [
  ['requestSize', 1, MOST_PROPERTIES],
  ['roundTripMs', 0, CEILING_MS],
] as const;
/** 99,999,999 × 999,999 × 10⁴. */
const MOST_KWH = 1e18;
/** The range of `Date`. */
const LAST_DATE_MS = 8.64e15;

const isBetween = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && value >= least && value <= most;
const isInteger = (value: unknown, least: number, most: number): value is number =>
  Number.isInteger(value) && isBetween(value, least, most);

const isAbsentOrText = (value: unknown, most: number): boolean =>
  value === undefined || (typeof value === 'string' && value.length <= most);

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError(`${name} is no object`);
  return value as Record<string, unknown>;
}

/** The PAN that last answered, kept over restarts so that the next start need not scan. */
export const panMemory = (dir: string | undefined, log: Log): StateFile<Pan> =>
  new StateFile(dir, 'pan.json', parsePan, log);

function parsePan(value: unknown): Pan {
  const { channel, panId, macAddress } = value as Record<string, unknown>;
  if (!isInteger(channel, 33, 60)) throw new TypeError('channel is not 33–60');
  if (!isInteger(panId, 0, 0xffff)) throw new TypeError('panId is not 0–65535');
  if (typeof macAddress !== 'string' || !/^[0-9A-F]{16}$/.test(macAddress))
    throw new TypeError('macAddress is no EUI-64');
  return networkOf({ channel, panId, macAddress });
}
