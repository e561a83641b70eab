import { BridgeError } from '../kernel/errors.ts';
import type { ModuleInfo } from '../model/status.ts';
import type { Edition } from '../skstack/dialect.ts';
import { dataThenOk, failText, okOrFail } from '../skstack/exchanges.ts';
import type { Exchange } from '../skstack/exchanges.ts';
import type { SkLink } from './sk-link.ts';

/** A simple command is answered within some 12 ms, SKLL64 in 100 ms; this is for a busy USB bus. */
export const LINE_LIMIT_MS = 3000;
/** How long each try of the first question waits. The second comes after enough line ends to fill a half-sent SKSENDTO. */
const FIRST_WORD_LIMITS_MS = [1000, 1000, 2000];

/** What is behind the wire. */
export interface Identity {
  readonly info: ModuleInfo;
  /** Channel and PAN ID the module is set to: 0x21 and 0xFFFF when fresh, the session's when it still holds one. */
  readonly configured: { readonly channel: number; readonly panId: number };
}

/**
 * Finds out version, edition and print mode without resetting anything: the module may hold a session worth keeping.
 * @throws BridgeError MODULE_SILENT (not one byte), MODULE_UNKNOWN (bytes, but not SKSTACK-IP)
 */
export async function identify(link: SkLink, signal: AbortSignal): Promise<Identity> {
  const stackVersion = await firstWord(link, signal);
  await quieten(link, signal, false);
  const limits = { timeoutMs: LINE_LIMIT_MS, signal };
  const info = await link.ask({ name: 'SKINFO' }, dataThenOk('info'), limits);
  if (!info.ok)
    throw new BridgeError('MODULE_UNKNOWN', `${link.name}: SKINFO was refused (${failText(info.failCode)})`);
  link.edition = info.value.edition ?? editionOfVersion(stackVersion);
  const app = await link.ask({ name: 'SKAPPVER' }, dataThenOk('appVersion'), limits);
  const print = await link.ask({ name: 'ROPT' }, okOrFail(), limits);
  await showLinkQuality(link, signal);
  const printMode = print.ok ? (print.value === '01' ? 'ascii' : 'binary') : undefined;
  return {
    info: {
      stackVersion,
      edition: link.edition,
      ...(app.ok ? { appVersion: app.value.value } : {}),
      ...(printMode === undefined ? {} : { printMode }),
    },
    configured: { channel: info.value.channel, panId: info.value.panId },
  };
}

/** Echo off, and (DSE) link quality with each datagram: both are lost at a reset. */
export async function quieten(link: SkLink, signal: AbortSignal, withQuality = true): Promise<void> {
  const answer = await link.ask({ name: 'SKSREG', register: 'SFE', value: '0' }, okOrFail(), {
    timeoutMs: LINE_LIMIT_MS,
    signal,
  });
  if (!answer.ok)
    throw new BridgeError('COMMAND_REFUSED', `${link.name}: SKSREG SFE 0 was refused (${failText(answer.failCode)})`);
  link.echoesWhenQuiet = link.counts.echoes;
  if (withQuality) await showLinkQuality(link, signal);
}

/** Register SA2 exists on DSE only; a firmware that refuses it just tells no link quality. */
async function showLinkQuality(link: SkLink, signal: AbortSignal): Promise<void> {
  if (link.edition !== 'DSE') return;
  await link.ask({ name: 'SKSREG', register: 'SA2', value: '1' }, okOrFail(), { timeoutMs: LINE_LIMIT_MS, signal });
}

/** Ends whatever a dead predecessor left on the line and gets the first answer. @returns SKVER's version. */
async function firstWord(link: SkLink, signal: AbortSignal): Promise<string> {
  for (const [attempt, timeoutMs] of FIRST_WORD_LIMITS_MS.entries()) {
    await link.flush(attempt > 0, signal);
    try {
      const answer = await link.ask({ name: 'SKVER' }, versionThenOk(), { timeoutMs, signal });
      if (answer.ok) return answer.value;
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'MODULE_SILENT') throw error;
    }
  }
  const { bytes, lines } = link.counts;
  if (bytes === 0) throw new BridgeError('MODULE_SILENT', `${link.name}: not one byte came back`);
  throw new BridgeError(
    'MODULE_UNKNOWN',
    `${link.name}: ${bytes} bytes in ${lines} lines came back, but no answer to SKVER`,
  );
}

/** SKVER on a line with a past: the FAIL of a half line before it and late OKs pass by. */
function versionThenOk(): Exchange<string> {
  const inner = dataThenOk('version');
  return (line) => {
    if (line.kind === 'fail') return undefined;
    const answer = inner(line);
    return answer?.ok ? { ok: true, value: answer.value.value } : undefined;
  };
}

/** 1.2.x was only seen on SE, 1.5.x only on DSE: a guess, corrected by the first SKSCAN that is refused. */
const editionOfVersion = (version: string): Edition => (version.startsWith('1.5') ? 'DSE' : 'SE');
