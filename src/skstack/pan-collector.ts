import type { Pan } from '../model/pan.ts';
import { FIRST_CHANNEL, LAST_CHANNEL } from '../model/scan-plan.ts';
import type { SkLine } from './events.ts';

/** A PAN as EPANDESC describes it. */
export interface ScannedPan extends Pan {
  readonly lqi: number;
  /** Last 8 characters of the B-route ID of the meter's owner; only with scan mode 2. */
  readonly pairId?: string;
}

/**
 * Collects EPANDESC blocks by address. Blocks can come twice, after EVENT 22, or with lines of others in between; a block
 * ends with the first line that is not one of its fields, and is taken as soon as its fields suffice.
 */
export class PanCollector {
  #fields: Map<string, string> | undefined;
  readonly #pans = new Map<string, ScannedPan>();

  feed(line: SkLine): void {
    if (line.kind === 'pan') this.#fields = new Map();
    else if (line.kind === 'panField') this.#field(line.name, line.value);
    else this.#fields = undefined;
  }

  get pans(): readonly ScannedPan[] {
    return [...this.#pans.values()];
  }

  #field(name: string, value: string): void {
    if (!this.#fields) return;
    this.#fields.set(name, value.toUpperCase());
    const pan = panOf(this.#fields);
    if (pan) this.#pans.set(pan.macAddress, pan);
  }
}

function panOf(fields: ReadonlyMap<string, string>): ScannedPan | undefined {
  const channel = hexField(fields, 'Channel', 2);
  const panId = hexField(fields, 'Pan ID', 4);
  const lqi = hexField(fields, 'LQI', 2);
  const macAddress = fields.get('Addr') ?? '';
  if (channel === undefined || channel < FIRST_CHANNEL || channel > LAST_CHANNEL) return undefined;
  if (panId === undefined || lqi === undefined || !/^[0-9A-F]{16}$/.test(macAddress)) return undefined;
  const pairId = fields.get('PairID');
  return { channel, panId, macAddress, lqi, ...(pairId === undefined ? {} : { pairId }) };
}

function hexField(fields: ReadonlyMap<string, string>, name: string, digits: number): number | undefined {
  const value = fields.get(name) ?? '';
  return new RegExp(`^[0-9A-F]{1,${digits}}$`).test(value) ? Number.parseInt(value, 16) : undefined;
}

/** The PANs that may be ours, strongest first: those of our PairID, or of none where the module does not print it. */
export function ownPans(pans: readonly ScannedPan[], pairId: string): ScannedPan[] {
  return pans
    .filter((pan) => pan.pairId === undefined || pan.pairId === pairId.toUpperCase())
    .sort((a, b) => b.lqi - a.lqi);
}
