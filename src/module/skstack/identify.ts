import { BridgeError } from '../../kernel/errors.ts';
import type { ErrorCode } from '../../kernel/errors.ts';
import type { ModuleInfo } from '../../model/status.ts';
import type { Edition } from '../../skstack/commands.ts';
import { dataThenOk, failText, okOrFail } from '../../skstack/exchanges.ts';
import type { Exchange } from '../../skstack/exchanges.ts';
import { unlessSilent } from '../command-channel.ts';
import type { SkChannel } from './sk-channel.ts';

/** What is behind the wire. */
export interface SkIdentity {
  readonly info: ModuleInfo;
  /** Channel and PAN ID the module is set to: 0x21 and 0xFFFF when fresh, the session's when it still holds one. */
  readonly configured: { readonly channel: number; readonly panId: number };
}

/**
 * Finds out edition and print mode of a module whose version is known, without resetting anything: it may hold a session
 * worth keeping. @throws BridgeError MODULE_SILENT, MODULE_UNKNOWN
 */
export async function identify(commands: SkChannel, stackVersion: string, signal: AbortSignal): Promise<SkIdentity> {
  await echoOff(commands, signal);
  const info = await commands.ask({ name: 'SKINFO' }, dataThenOk('info'), signal);
  if (!info.ok) throw refusedBy(commands, 'MODULE_UNKNOWN', 'SKINFO', info.failCode);
  commands.edition = info.value.edition ?? editionOfVersion(stackVersion);
  const app = await commands.ask({ name: 'SKAPPVER' }, dataThenOk('appVersion'), signal);
  const print = await commands.ask({ name: 'ROPT' }, okOrFail(), signal);
  await showLinkQuality(commands, signal);
  return {
    info: {
      stackVersion,
      edition: commands.edition,
      ...(app.ok ? { appVersion: app.value.value } : {}),
      ...(print.ok ? { printMode: print.value === '01' ? 'ascii' : 'binary' } : {}),
    },
    configured: { channel: info.value.channel, panId: info.value.panId },
  };
}

/** Echo off, and (DSE) link quality with each datagram: both are lost at a reset. */
export async function quieten(commands: SkChannel, signal: AbortSignal): Promise<void> {
  await echoOff(commands, signal);
  await showLinkQuality(commands, signal);
}

async function echoOff(commands: SkChannel, signal: AbortSignal): Promise<void> {
  const answer = await commands.ask({ name: 'SKSREG', register: 'SFE', value: '0' }, okOrFail(), signal);
  if (!answer.ok) throw refusedBy(commands, 'COMMAND_REFUSED', 'SKSREG SFE 0', answer.failCode);
  commands.echoesWhenQuiet = commands.echoes;
}

function refusedBy({ name }: SkChannel, code: ErrorCode, command: string, failCode: number): BridgeError {
  const { en, ja } = failText(failCode);
  return new BridgeError(code, {
    en: `${name}: ${command} was refused (${en})`,
    ja: `${name}: ${command} が拒否されました（${ja}）`,
  });
}

/** Register SA2 exists on DSE only; a firmware that refuses it just tells no link quality. */
async function showLinkQuality(commands: SkChannel, signal: AbortSignal): Promise<void> {
  if (commands.edition !== 'DSE') return;
  await commands.ask({ name: 'SKSREG', register: 'SA2', value: '1' }, okOrFail(), signal);
}

/**
 * Ends whatever a dead predecessor left on the line and asks for the version.
 * @param burst enough line ends before it to fill a half-sent SKSENDTO
 * @returns SKVER's version; undefined when there was no answer in time.
 */
export async function askVersion(
  commands: SkChannel,
  timeoutMs: number,
  burst: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  await commands.flush(burst, signal);
  const answer = await unlessSilent(commands.ask({ name: 'SKVER' }, versionThenOk(), signal, timeoutMs));
  return answer?.ok ? answer.value : undefined;
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
