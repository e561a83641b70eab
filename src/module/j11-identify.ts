import { BridgeError } from '../kernel/errors.ts';
import type { ModuleInfo } from '../model/status.ts';
import { decodeStatus, decodeVersion } from '../j11/responses.ts';
import type { J11Response, ModuleStatus } from '../j11/responses.ts';
import { result, resultText } from '../j11/results.ts';
import { ECHONET_PORT } from '../skstack/dialect.ts';
import type { J11Link } from './j11-link.ts';

/** A simple command is answered at once; this is for a busy USB bus, and a module at work. */
export const COMMAND_LIMIT_MS = 5000;

export interface J11Identity {
  readonly info: ModuleInfo;
  /** The module may still hold a session of an earlier run: B-route runs and our port is open already. */
  readonly isWarm: boolean;
}

/** The first question: it changes nothing, and every state has an answer. @returns undefined when there was none in time. */
export async function askStatus(
  link: J11Link,
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

/** What is known of a J11 module that answered, without resetting anything. @throws BridgeError MODULE_SILENT, MODULE_UNKNOWN */
export async function identifyJ11(link: J11Link, status: J11Response, signal: AbortSignal): Promise<J11Identity> {
  const limits = { timeoutMs: COMMAND_LIMIT_MS, signal };
  const answer = await link.ask({ name: 'version' }, limits);
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

export const statusOf = (response: J11Response): ModuleStatus | undefined =>
  response.result === result.ok ? decodeStatus(response.data) : undefined;

const isUp = (status: ModuleStatus | undefined): boolean => status?.started === true && status.routeB !== 'none';

/** Without it nothing is received. @returns the result: opened now, or open already. */
export async function openEchonetPort(link: J11Link, signal: AbortSignal): Promise<number> {
  const limits = { timeoutMs: COMMAND_LIMIT_MS, signal };
  return (await link.ask({ name: 'openPort', port: ECHONET_PORT }, limits)).result;
}
