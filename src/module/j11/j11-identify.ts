import { BridgeError } from '../../kernel/errors.ts';
import type { ModuleInfo } from '../../model/status.ts';
import { decodeStatus, decodeVersion, result, resultText } from '../../j11/responses.ts';
import type { J11Response, ModuleStatus } from '../../j11/responses.ts';
import { ECHONET_PORT } from '../../skstack/commands.ts';
import type { J11Channel } from './j11-channel.ts';

/** A simple command is answered at once; this is for a busy USB bus, and a module at work. */
export const COMMAND_LIMIT_MS = 5000;

/** A join of the program before us takes 4 s, most of its scans less than this. */
const BUSY_LIMIT_MS = 30_000;
const RESET_LIMIT_MS = 15_000;

export interface J11Identity {
  readonly info: ModuleInfo;
  /** The module may still hold a session of an earlier run: B-route runs and our port is open already. */
  readonly isWarm: boolean;
}

/** The first question: it changes nothing, and every state has an answer. @returns undefined when there was none in time. */
export async function askStatus(
  link: J11Channel,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<J11Response | undefined> {
  try {
    return await link.ask({ name: 'status' }, { timeoutMs, signal });
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== 'MODULE_SILENT') throw error;
    return undefined;
  }
}

/**
 * What is known of a J11 module that answered, without resetting anything, unless it is busy and stays so: only a reset
 * may interrupt. @throws BridgeError MODULE_SILENT, MODULE_UNKNOWN
 */
export async function identifyJ11(link: J11Channel, first: J11Response, signal: AbortSignal): Promise<J11Identity> {
  const limits = { timeoutMs: COMMAND_LIMIT_MS, signal };
  let status = first;
  if (status.result === result.busy) status = await link.ask({ name: 'status' }, limits, BUSY_LIMIT_MS);
  if (status.result === result.busy) await interrupt(link, signal);
  const answer = await link.ask({ name: 'version' }, limits);
  if (answer.result === result.busy) throw stillBusy(link);
  const version = answer.result === result.ok ? decodeVersion(answer.data) : undefined;
  if (!version)
    throw new BridgeError(
      'MODULE_UNKNOWN',
      `${link.name}: no version from a J11 module (${resultText(answer.result)})`,
    );
  const { major, minor, revision } = version;
  return {
    info: { stackVersion: `${major}.${minor}.${revision}`, edition: 'J11' },
    isWarm: isUp(statusOf(status)) && (await openEchonetPort(link, signal)) === result.portOpen,
  };
}

async function interrupt(link: J11Channel, signal: AbortSignal): Promise<void> {
  try {
    await link.reset({ timeoutMs: RESET_LIMIT_MS, signal });
  } catch (error) {
    throw error instanceof BridgeError && error.code === 'MODULE_SILENT' ? stillBusy(link) : error;
  }
}

const stillBusy = ({ name }: J11Channel): BridgeError =>
  new BridgeError('MODULE_SILENT', `${name}: the J11 module is busy with something else and does not let go of it`, {
    hint: {
      en: 'The stick is at work on what an earlier program asked for; it is asked again by itself. If this stays, replug it.',
      ja: 'スティックは前のプログラムの処理を続けています。自動で問い合わせ直します。続く場合は挿し直してください。',
    },
  });

export const statusOf = (response: J11Response): ModuleStatus | undefined =>
  response.result === result.ok ? decodeStatus(response.data) : undefined;

const isUp = (status: ModuleStatus | undefined): boolean => status?.started === true && status.routeB !== 'none';

/** Without it nothing is received. @returns the result: opened now, or open already. */
export async function openEchonetPort(link: J11Channel, signal: AbortSignal): Promise<number> {
  const limits = { timeoutMs: COMMAND_LIMIT_MS, signal };
  return (await link.ask({ name: 'openPort', port: ECHONET_PORT }, limits)).result;
}
