import { eventNumber, udpSent } from './events.ts';
import type { SkEvent, SkLine } from './events.ts';

/** How a command ended. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failCode: number };

/** A refusal as the module printed it. */
export const failText = (code: number): string => `FAIL ER${String(code).padStart(2, '0')}`;

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

/** SKJOIN and SKREJOIN: OK, then EVENT 25 (joined) or 24 (refused). The module's own PANA traffic passes by. */
export function joinOutcome(): Exchange<'joined' | 'refused'> {
  let accepted = false;
  return (line) => {
    if (line.kind === 'fail') return fail(line);
    if (line.kind === 'ok') accepted = true;
    if (line.kind !== 'event' || !accepted) return undefined;
    if (line.number === eventNumber.joined) return { ok: true, value: 'joined' };
    return line.number === eventNumber.joinFailed ? { ok: true, value: 'refused' } : undefined;
  };
}

/** SKTERM: OK, then EVENT 27 (the peer agreed) or 28 (it kept silent; the session is over all the same). */
export function terminated(): Exchange<'ended'> {
  let accepted = false;
  return (line) => {
    if (line.kind === 'fail') return fail(line);
    if (line.kind === 'ok') accepted = true;
    const over =
      line.kind === 'event' && (line.number === eventNumber.ended || line.number === eventNumber.endTimedOut);
    return accepted && over ? { ok: true, value: 'ended' } : undefined;
  };
}

/**
 * SKSENDTO: EVENT 21, then OK, in this order. OK only says the command was understood; EVENT 21 says what the radio did,
 * and counts only until the OK, because the module reports its own PANA traffic the same way. Some firmware leaves it out.
 * The answer to a command sent later stands for an OK that was lost.
 */
export function sendOutcome(): Exchange<'delivered' | 'failed' | 'resolving' | 'unknown'> {
  let sent: SkEvent | undefined;
  return (line) => {
    if (line.kind === 'fail') return fail(line);
    if (line.kind === 'event' && line.number === eventNumber.udpSent) sent = line;
    if (line.kind !== 'ok' && !(line.kind === 'version' && sent)) return undefined;
    if (!sent || sent.param === undefined) return { ok: true, value: 'unknown' };
    if (sent.param === udpSent.failed) return { ok: true, value: 'failed' };
    return { ok: true, value: sent.param === udpSent.resolving ? 'resolving' : 'delivered' };
  };
}

/** SKSCAN: OK, then EPANDESC blocks while it goes on, then EVENT 22. The blocks are collected elsewhere: some come late. */
export function scanDone(): Exchange<'done'> {
  let accepted = false;
  return (line) => {
    if (line.kind === 'fail') return fail(line);
    if (line.kind === 'ok') accepted = true;
    return accepted && line.kind === 'event' && line.number === eventNumber.scanDone
      ? { ok: true, value: 'done' }
      : undefined;
  };
}
