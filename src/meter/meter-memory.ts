import type { Log } from '../kernel/log.ts';
import type { MeterProfile } from '../model/reading.ts';
import { StateFile } from '../store/state-file.ts';
import type { Accepted } from './energy-guard.ts';

/** What is known of a meter over restarts. */
export interface Remembered {
  /** EUI-64 of the meter this belongs to. */
  readonly macAddress?: string;
  readonly profile?: MeterProfile;
  /** Last accepted registers, for the energy guard. Never published as if freshly read. */
  readonly import?: Accepted;
  readonly export?: Accepted;
}

export const meterMemory = (dir: string | undefined, log: Log): StateFile<Remembered> =>
  new StateFile(dir, 'meter.json', parseRemembered, log);

function parseRemembered(value: unknown): Remembered {
  const remembered = object(value, 'meter');
  if (remembered['profile'] !== undefined) checkProfile(object(remembered['profile'], 'profile'));
  for (const key of ['import', 'export']) {
    if (remembered[key] === undefined) continue;
    const register = object(remembered[key], key);
    if (typeof register['kwh'] !== 'number' || typeof register['atMs'] !== 'number')
      throw new TypeError(`${key} is not a register`);
  }
  return value as Remembered;
}

function checkProfile(profile: Record<string, unknown>): void {
  const map = profile['getMap'];
  if (!Array.isArray(map) || !map.every((code) => Number.isInteger(code)))
    throw new TypeError('getMap is no list of EPCs');
  if (typeof profile['hasTPhase'] !== 'boolean' || typeof profile['hasExport'] !== 'boolean')
    throw new TypeError('profile without its flags');
  if (profile['energyScale'] === undefined) return;
  const scale = object(profile['energyScale'], 'energyScale');
  for (const key of ['coefficient', 'exponent', 'digits'])
    if (typeof scale[key] !== 'number') throw new TypeError(`${key} is no number`);
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError(`${name} is no object`);
  return value as Record<string, unknown>;
}
