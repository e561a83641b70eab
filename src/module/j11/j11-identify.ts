import { BridgeError } from '../../kernel/errors.ts';
import type { ModuleInfo } from '../../model/status.ts';
import { decodeStatus, decodeVersion, result, resultText } from '../../j11/responses.ts';
import type { J11Response, ModuleStatus } from '../../j11/responses.ts';
import { ECHONET_PORT } from '../../skstack/commands.ts';
import { isSilence } from '../command-channel.ts';
import type { J11Channel } from './j11-channel.ts';

/** A join of the program before us takes 4 s, most of its scans less than this. */
const BUSY_LIMIT_MS = 30_000;

export interface J11Identity {
  readonly info: ModuleInfo;
  /** The module may still hold a session of an earlier run: B-route runs and our port is open already. */
  readonly isWarm: boolean;
}

/**
 * What is known of a J11 module that answered, without resetting anything, unless it is busy and stays so: only a reset
 * may interrupt. @param first its answer to the status request @throws BridgeError MODULE_SILENT, MODULE_UNKNOWN
 */
export async function identifyJ11(commands: J11Channel, first: J11Response, signal: AbortSignal): Promise<J11Identity> {
  let status = first;
  if (status.result === result.busy) status = await commands.ask({ name: 'status' }, signal, undefined, BUSY_LIMIT_MS);
  if (status.result === result.busy) await interrupt(commands, signal);
  const answer = await commands.ask({ name: 'version' }, signal);
  if (answer.result === result.busy) throw stillBusy(commands);
  const version = answer.result === result.ok ? decodeVersion(answer.data) : undefined;
  if (!version) {
    const { en, ja } = resultText(answer.result);
    throw new BridgeError('MODULE_UNKNOWN', {
      en: `${commands.name}: no version from a J11 module (${en})`,
      ja: `${commands.name}: J11モジュールからバージョンを取得できません（${ja}）`,
    });
  }
  const { major, minor, revision } = version;
  return {
    info: { stackVersion: `${major}.${minor}.${revision}`, edition: 'J11' },
    isWarm: isUp(statusOf(status)) && (await openEchonetPort(commands, signal)) === result.portOpen,
  };
}

async function interrupt(commands: J11Channel, signal: AbortSignal): Promise<void> {
  try {
    await commands.reset(signal);
  } catch (error) {
    throw isSilence(error) ? stillBusy(commands) : error;
  }
}

const stillBusy = ({ name }: J11Channel): BridgeError =>
  new BridgeError(
    'MODULE_SILENT',
    {
      en: `${name}: the J11 module is busy with something else and does not let go of it`,
      ja: `${name}: J11モジュールが別の処理を続けていて、応答しません`,
    },
    {
      hint: {
        en: 'The stick is at work on what an earlier program asked for; it is asked again by itself. If this stays, replug it.',
        ja: 'スティックは前のプログラムの処理を続けています。自動で問い合わせ直します。続く場合は挿し直してください。',
      },
    },
  );

export const statusOf = (response: J11Response): ModuleStatus | undefined =>
  response.result === result.ok ? decodeStatus(response.data) : undefined;

const isUp = (status: ModuleStatus | undefined): boolean => status?.started === true && status.routeB !== 'none';

/** Without it nothing is received. @returns the result: opened now, or open already. */
export async function openEchonetPort(commands: J11Channel, signal: AbortSignal): Promise<number> {
  return (await commands.ask({ name: 'openPort', port: ECHONET_PORT }, signal)).result;
}
