import type { Config } from '../config/schema.ts';
import { parseHostPort } from '../config/addresses.ts';
import { scope } from '../kernel/async.ts';
import type { Sink } from '../model/sink.ts';
import type { BrokerFigures } from '../web/metrics.ts';
import type { BrokerHealth } from '../web/status-board.ts';
import type { BridgeDeps } from './bridge.ts';

const RETRY_MS = 30_000;

export interface WebService {
  readonly sinks: readonly Sink[];
  /** `http://…/`, once it listens; undefined when not wanted or not yet possible. */
  readonly address: string | undefined;
  close(): Promise<void>;
}

/** The web server, if wanted. An address that is taken is tried again: it never keeps the rest from running. */
export async function serveWeb(
  config: Config,
  { clock, log, redactor, version, asExporter = false }: BridgeDeps,
  brokerHealth: (meter: string) => (BrokerHealth & BrokerFigures) | undefined,
  signal: AbortSignal,
): Promise<WebService> {
  if (!config.http) return { sinks: [], address: undefined, close: () => Promise.resolve() };
  const { listen, token } = config.http;
  const [{ StatusBoard }, { Metrics }, { startWeb }] = await Promise.all([
    import('../web/status-board.ts'),
    import('../web/metrics.ts'),
    import('../web/server.ts'),
  ]);
  const address = parseHostPort(listen);
  if (!address) throw new RangeError(`http.listen passed the schema without being an address: ${listen}`);
  const meters = config.meters.map((meter) => ({
    id: meter.id,
    name: meter.name,
    intervalS: meter.interval_s,
    energyIntervalS: meter.energy_interval_s,
    contractAmpere: meter.contract_ampere,
  }));
  const board = new StatusBoard({ meters, clock, brokerHealth, version, language: config.language });
  const metrics = new Metrics({ meters, board, broker: brokerHealth, version, redactor, exporterNames: asExporter });
  const start = (): ReturnType<typeof startWeb> =>
    startWeb({
      listen: address,
      ...(token === undefined ? {} : { token }),
      language: config.language,
      board,
      metrics,
      metricsOnly: asExporter,
      live: () => true,
      redactor,
      log,
      clock,
    });
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
    sinks: [board, metrics],
    address: server?.address,
    async close() {
      retries.abort();
      retries[Symbol.dispose]();
      await retrying;
      await server?.close();
    },
  };
}
