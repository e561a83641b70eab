import { scope } from '../kernel/async.ts';
import type { Language } from '../kernel/language.ts';
import type { Pulse } from '../kernel/deadlines.ts';
import type { HttpSettings, MeterSettings, Settings } from '../model/settings.ts';
import type { Sink } from '../model/status.ts';
import type { MetricsOptions } from '../web/metrics.ts';
import type { WebServer } from '../web/server.ts';
import type { StatusBoard, StatusBoardOptions } from '../web/status-board.ts';
import { socketPath } from './ask/socket-path.ts';
import type { BridgeDeps } from './bridge-deps.ts';

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
  broker: StatusBoardOptions['brokerHealth'],
  signal: AbortSignal,
): Promise<StatusService> {
  if (!http && stateDir === undefined) return { sinks: [], page: undefined, close: () => Promise.resolve() };
  const { clock, version, log, redactor, pulse } = deps;
  const { StatusBoard } = await import('../web/status-board.ts');
  const board = new StatusBoard({ meters, clock, brokerHealth: broker, version, language });
  const web = http && (await serveWeb({ http, meters, board, broker, language }, deps, signal));
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

const RETRY_MS = 30_000;

interface WebParts {
  readonly http: HttpSettings;
  readonly meters: readonly Pick<MeterSettings, 'id' | 'contractAmpere'>[];
  readonly board: StatusBoard;
  readonly broker: MetricsOptions['broker'];
  readonly language: Language;
}

async function serveWeb(
  { http, meters, board, broker, language }: WebParts,
  { clock, log, redactor, version, asExporter: metricsOnly = false, pulse }: BridgeDeps & { readonly pulse: Pulse },
  signal: AbortSignal,
): Promise<KeptServer & { readonly sink: Sink }> {
  const [{ Metrics }, { startWeb }] = await Promise.all([import('../web/metrics.ts'), import('../web/server.ts')]);
  const metrics = new Metrics({ meters, board, broker, version, redactor, exporterNames: metricsOnly });
  const late = (): readonly string[] => pulse.late();
  const options = { ...http, language, board, metrics, metricsOnly, late, redactor, log, clock };
  return { sink: metrics, ...(await keepTrying(() => startWeb(options), { clock, log }, signal)) };
}

interface KeptServer {
  /** `http://…/`; undefined when it does not listen yet. */
  readonly address: string | undefined;
  close(): Promise<void>;
}

/** An address that is taken is tried again: it never keeps the rest from running. */
async function keepTrying(
  start: () => Promise<WebServer>,
  { clock, log }: Pick<BridgeDeps, 'clock' | 'log'>,
  signal: AbortSignal,
): Promise<KeptServer> {
  let server = await start().catch((error: unknown) => {
    log.error({ err: error, retryS: RETRY_MS / 1000 }, 'status page not available');
    return undefined;
  });
  const retries = scope(signal);
  const retrying = (async () => {
    while (!server) {
      await clock.sleep(RETRY_MS, retries.signal);
      server = await start().catch(() => undefined);
      if (server) log.info({ page: server.address }, 'status page available');
    }
  })().catch(() => undefined); // only the end of the program interrupts the sleep
  return {
    address: server?.address,
    async close() {
      retries.abort();
      retries[Symbol.dispose]();
      await retrying;
      await server?.close();
    },
  };
}
