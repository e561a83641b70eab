import { scope } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Pulse } from '../kernel/deadlines.ts';
import type { Redactor } from '../kernel/redactor.ts';
import type { HttpSettings, Settings } from '../model/settings.ts';
import type { Sink } from '../model/status.ts';
import type { ApiOptions, DemoControls } from '../web/api/api-routes.ts';
import type { Order } from '../web/command-routes.ts';
import type { WebServer } from '../web/server.ts';
import type { StatusBoard, StatusBoardOptions } from '../web/status-board.ts';
import { socketPath } from './ask/bridge-status.ts';

export interface StatusDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly version: string;
  readonly pulse: Pulse;
  /** In the place of smartmeter-exporter: its metrics beside ours, and no page. */
  readonly asExporter?: boolean;
  /** The page answers this address alone, and asks it for no token. */
  readonly onlyFrom?: string;
  /** In the demo only. */
  readonly demo?: DemoControls;
  /** Where a meter's half hours are. */
  readonly archiveOf?: NonNullable<ApiOptions['archiveOf']>;
}

export interface ServeStatusDeps extends StatusDeps {
  /** Gives a meter a command of the page. */
  readonly order: Order;
}

interface StatusService {
  /** Hear everything besides the board. */
  readonly sinks: readonly Sink[];
  /** The status page's address, once it listens; undefined when not yet possible. */
  readonly page?: string | undefined;
  close(): Promise<void>;
}

type BrokerOf = StatusBoardOptions['brokerHealth'];

const RETRY_MS = 30_000;

/** What answers questions about how we are: the web server with `http`, the socket with `state_dir`; one board for both. */
export async function serveStatus(
  settings: Pick<Settings, 'meters' | 'http' | 'stateDir' | 'language' | 'prices'>,
  board: StatusBoard,
  broker: BrokerOf,
  deps: ServeStatusDeps,
  signal: AbortSignal,
): Promise<StatusService> {
  const { http, stateDir } = settings;
  const web = http && (await serveWeb(http, settings, board, broker, deps, signal));
  const socket = stateDir === undefined ? undefined : openSocket(stateDir, board, deps);
  return {
    sinks: [],
    ...web,
    async close() {
      await Promise.all([web?.close(), socket?.then((open) => open?.[Symbol.asyncDispose]())]);
    },
  };
}

async function openSocket(
  stateDir: string,
  board: StatusBoard,
  { pulse, clock, log, redactor }: StatusDeps,
): Promise<AsyncDisposable | undefined> {
  const { openStatusSocket } = await import('../web/status-socket.ts');
  const late = (): readonly string[] => pulse.late();
  return await openStatusSocket({ path: socketPath(stateDir), board, pid: process.pid, late, clock, log, redactor });
}

async function serveWeb(
  http: HttpSettings,
  { meters, language, prices }: Pick<Settings, 'meters' | 'language' | 'prices'>,
  board: StatusBoard,
  broker: BrokerOf,
  {
    clock,
    log,
    redactor,
    version,
    asExporter: metricsOnly = false,
    onlyFrom,
    pulse,
    demo,
    archiveOf,
    order,
  }: ServeStatusDeps,
  signal: AbortSignal,
): Promise<StatusService> {
  const [{ Metrics }, { startWeb }] = await Promise.all([import('../web/metrics.ts'), import('../web/server.ts')]);
  const metrics = new Metrics({ meters, board, broker, version, redactor, exporterNames: metricsOnly });
  const late = (): readonly string[] => pulse.late();
  const given = {
    ...(onlyFrom === undefined ? {} : { onlyFrom }),
    ...(demo && { demo }),
    ...(archiveOf && { archiveOf }),
    ...(prices && { prices }),
  };
  const options = { ...http, ...given, language, board, metrics, metricsOnly, late, redactor, log, clock, order };
  return { sinks: [metrics], ...(await keepTrying(() => startWeb(options), { clock, log }, signal)) };
}

/** An address that is taken is tried again: it never keeps the rest from running. */
async function keepTrying(
  start: () => Promise<WebServer>,
  { clock, log }: Pick<StatusDeps, 'clock' | 'log'>,
  signal: AbortSignal,
): Promise<Omit<StatusService, 'sinks'>> {
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
    page: server?.address,
    async close() {
      retries.abort();
      retries[Symbol.dispose]();
      await retrying;
      await server?.close();
    },
  };
}
