import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import type { Pan } from '../model/pan.ts';
import { FIRST_CHANNEL, LAST_CHANNEL } from '../model/scan-plan.ts';
import { EVENT_NUMBER, UDP_SENT } from './events.ts';
import type { SkEvent, SkLine } from './events.ts';

/** How a command ended. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failCode: number };

/** A refusal as the module printed it. */
export const failText = (code: number): Text => inBoth(() => `FAIL ER${String(code).padStart(2, '0')}`);

/** Fed every line after its command until it answers. Echo, noise and what belongs to others pass by. */
export type Exchange<T> = (line: SkLine) => Answer<T> | undefined;

const fail = (line: { readonly code: number }): Answer<never> => ({ ok: false, failCode: line.code });

/** OK or FAIL. @returns what follows the OK (`ROPT` → `01`), or the empty string. */
export const okOrFail = (): Exchange<string> => (line) =>
  line.kind === 'ok' ? { ok: true, value: line.value ?? '' } : line.kind === 'fail' ? fail(line) : undefined;

/**
 * A data line, then OK. An OK without the data line is a late one of an earlier command and passes by, so this exchange
 * also serves to find one's place on a line with a past.
 */
export function dataThenOk<K extends 'version' | 'appVersion' | 'info' | 'register'>(
  kind: K,
): Exchange<Extract<SkLine, { readonly kind: K }>> {
  let data: Extract<SkLine, { readonly kind: K }> | undefined;
  return (line) => {
    if (line.kind === kind) data = line as Extract<SkLine, { readonly kind: K }>;
    if (line.kind === 'fail') return fail(line);
    return line.kind === 'ok' && data ? { ok: true, value: data } : undefined;
  };
}

/** SKSREG without a value. @returns what ESREG prints; undefined from a firmware that says OK and nothing else. */
export function registerValue(): Exchange<string | undefined> {
  let value: string | undefined;
  return (line) => {
    if (line.kind === 'register') ({ value } = line);
    return line.kind === 'ok' ? { ok: true, value } : line.kind === 'fail' ? fail(line) : undefined;
  };
}

/** SKLL64: the bare address line, without OK. */
export const addressLine = (): Exchange<string> => (line) =>
  line.kind === 'address' ? { ok: true, value: line.address } : line.kind === 'fail' ? fail(line) : undefined;

/** OK, then one of these events. What the module sends on its own account meanwhile passes by. */
function okThenEvent<T>(outcomes: ReadonlyMap<number, T>): Exchange<T> {
  let accepted = false;
  return (line) => {
    if (line.kind === 'fail') return fail(line);
    if (line.kind === 'ok') accepted = true;
    if (line.kind !== 'event' || !accepted) return undefined;
    const value = outcomes.get(line.number);
    return value === undefined ? undefined : { ok: true, value };
  };
}

/** SKJOIN and SKREJOIN: EVENT 25 (joined) or 24 (refused). */
export const joinOutcome = (): Exchange<'joined' | 'refused'> => okThenEvent(JOIN_OUTCOMES);
const JOIN_OUTCOMES = new Map([
  [EVENT_NUMBER.joined, 'joined'],
  [EVENT_NUMBER.joinFailed, 'refused'],
] as const);

/** SKTERM: EVENT 27 (the peer agreed) or 28 (it kept silent; the session is over all the same). */
export const terminated = (): Exchange<'ended'> => okThenEvent(ENDS);
const ENDS = new Map([
  [EVENT_NUMBER.ended, 'ended'],
  [EVENT_NUMBER.endTimedOut, 'ended'],
] as const);

/** SKSCAN: EPANDESC blocks while it goes on, then EVENT 22. The blocks are collected elsewhere: some come late. */
export const scanDone = (): Exchange<'done'> => okThenEvent(SCAN_END);
const SCAN_END = new Map([[EVENT_NUMBER.scanDone, 'done']] as const);

/**
 * SKSENDTO: EVENT 21, then OK, in this order. OK only says the command was understood; EVENT 21 says what the radio did,
 * and counts only until the OK, because the module reports its own PANA traffic the same way. Some firmware leaves it out.
 * The answer to a command sent later stands for an OK that was lost.
 */
export function sendOutcome(): Exchange<'delivered' | 'failed' | 'resolving' | 'unknown'> {
  let sent: SkEvent | undefined;
  return (line) => {
    if (line.kind === 'fail') return fail(line);
    if (line.kind === 'event' && line.number === EVENT_NUMBER.udpSent) sent = line;
    if (line.kind !== 'ok' && !(line.kind === 'version' && sent)) return undefined;
    if (!sent || sent.param === undefined) return { ok: true, value: 'unknown' };
    if (sent.param === UDP_SENT.failed) return { ok: true, value: 'failed' };
    return { ok: true, value: sent.param === UDP_SENT.resolving ? 'resolving' : 'delivered' };
  };
}

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
export function ownPans(pans: readonly ScannedPan[], pairId: string): Pan[] {
  return pans
    .filter((pan) => pan.pairId === undefined || pan.pairId === pairId.toUpperCase())
    .sort((a, b) => b.lqi - a.lqi)
    .map(({ channel, panId, macAddress, lqi }) => ({ channel, panId, macAddress, lqi }));
}
