import { BridgeError } from '../../kernel/errors.ts';
import type { ModuleInfo } from '../../model/status.ts';
import type { Edition } from '../../skstack/commands.ts';
import { dataThenOk, failText, okOrFail } from '../../skstack/exchanges.ts';
import type { Exchange } from '../../skstack/exchanges.ts';
import type { SkChannel } from './sk-channel.ts';

/** A simple command is answered within some 12 ms, SKLL64 in 100 ms; this is for a busy USB bus. */
export const LINE_LIMIT_MS = 3000;

/** What is behind the wire. */
export interface ModuleIdentity {
  readonly info: ModuleInfo;
  /** Channel and PAN ID the module is set to: 0x21 and 0xFFFF when fresh, the session's when it still holds one. */
  readonly configured: { readonly channel: number; readonly panId: number };
}

/**
 * Finds out edition and print mode of a module whose version is known, without resetting anything: it may hold a session
 * worth keeping. @throws BridgeError MODULE_SILENT, MODULE_UNKNOWN
 */
export async function identify(link: SkChannel, stackVersion: string, signal: AbortSignal): Promise<ModuleIdentity> {
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
export async function quieten(link: SkChannel, signal: AbortSignal, withQuality = true): Promise<void> {
  const answer = await link.ask({ name: 'SKSREG', register: 'SFE', value: '0' }, okOrFail(), {
    timeoutMs: LINE_LIMIT_MS,
    signal,
  });
  if (!answer.ok)
    throw new BridgeError('COMMAND_REFUSED', `${link.name}: SKSREG SFE 0 was refused (${failText(answer.failCode)})`);
  link.echoesWhenQuiet = link.echoes;
  if (withQuality) await showLinkQuality(link, signal);
}

/** Register SA2 exists on DSE only; a firmware that refuses it just tells no link quality. */
async function showLinkQuality(link: SkChannel, signal: AbortSignal): Promise<void> {
  if (link.edition !== 'DSE') return;
  await link.ask({ name: 'SKSREG', register: 'SA2', value: '1' }, okOrFail(), { timeoutMs: LINE_LIMIT_MS, signal });
}

/**
 * Ends whatever a dead predecessor left on the line and asks for the version.
 * @param burst enough line ends before it to fill a half-sent SKSENDTO
 * @returns SKVER's version; undefined when there was no answer in time.
 */
export async function askVersion(
  link: SkChannel,
  timeoutMs: number,
  burst: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  await link.flush(burst, signal);
  try {
    const answer = await link.ask({ name: 'SKVER' }, versionThenOk(), { timeoutMs, signal });
    return answer.ok ? answer.value : undefined;
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== 'MODULE_SILENT') throw error;
    return undefined;
  }
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
