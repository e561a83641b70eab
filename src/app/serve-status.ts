import type { Settings } from '../model/settings.ts';
import type { Sink } from '../model/sink.ts';
import type { Pulse } from '../kernel/pulse.ts';
import type { BrokerFigures } from '../web/metrics.ts';
import type { BrokerHealth } from '../web/status-board.ts';
import type { BridgeDeps } from './bridge-deps.ts';
import { socketPath } from './ask/socket-path.ts';

interface StatusService {
  readonly sinks: readonly Sink[];
  /** The status page's address, once it listens. */
  readonly page: string | undefined;
  close(): Promise<void>;
}

/** All that answers questions about how we are: the web server with `http`, the socket with `state_dir`; one board for both. */
export async function serveStatus(
  { meters, http, stateDir, language }: Pick<Settings, 'meters' | 'http' | 'stateDir' | 'language'>,
  deps: BridgeDeps & { readonly pulse: Pulse },
  broker: (meter: string) => (BrokerHealth & BrokerFigures) | undefined,
  signal: AbortSignal,
): Promise<StatusService> {
  if (!http && stateDir === undefined) return { sinks: [], page: undefined, close: () => Promise.resolve() };
  const { clock, version, log, redactor, pulse } = deps;
  const { StatusBoard } = await import('../web/status-board.ts');
  const board = new StatusBoard({ meters, clock, brokerHealth: broker, version, language });
  const web =
    http && (await (await import('./serve-web.ts')).serveWeb({ http, meters, board, broker, language }, deps, signal));
  const socket = stateDir === undefined ? undefined : listen(stateDir);
  async function listen(folder: string): Promise<AsyncDisposable | undefined> {
    const { openStatusSocket } = await import('../web/status-socket.ts');
    const late = (): readonly string[] => pulse.late();
    return await openStatusSocket({ path: socketPath(folder), board, pid: process.pid, late, clock, log, redactor });
  }
  return {
    sinks: [board, ...(web ? [web.sink] : [])],
    page: web?.address,
    async close() {
      await Promise.all([web?.close(), socket?.then((open) => open?.[Symbol.asyncDispose]())]);
    },
  };
}
