import { parseHostPort } from '../kernel/host-port.ts';
import { scope } from '../kernel/async.ts';
import type { Language } from '../kernel/language.ts';
import type { Pulse } from '../kernel/pulse.ts';
import type { HttpSettings, MeterSettings } from '../model/settings.ts';
import type { Sink } from '../model/sink.ts';
import type { BrokerFigures } from '../web/metrics.ts';
import type { StatusBoard } from '../web/status-board.ts';
import type { BridgeDeps } from './bridge-deps.ts';

const RETRY_MS = 30_000;

export interface WebService {
  /** Hears everything besides the board. */
  readonly sink: Sink;
  /** `http://…/`, once it listens; undefined when not yet possible. */
  readonly address: string | undefined;
  close(): Promise<void>;
}

export interface WebParts {
  readonly http: HttpSettings;
  readonly meters: readonly Pick<MeterSettings, 'id' | 'contractAmpere'>[];
  readonly board: StatusBoard;
  readonly broker: (meter: string) => BrokerFigures | undefined;
  readonly language: Language;
}

/** The web server. An address that is taken is tried again: it never keeps the rest from running. */
export async function serveWeb(
  { http: { listen, token, hosts }, meters, board, broker, language }: WebParts,
  { clock, log, redactor, version, asExporter = false, pulse }: BridgeDeps & { readonly pulse: Pulse },
  signal: AbortSignal,
): Promise<WebService> {
  const [{ Metrics }, { startWeb }] = await Promise.all([import('../web/metrics.ts'), import('../web/server.ts')]);
  const address = parseHostPort(listen);
  if (!address) throw new RangeError(`http.listen passed the schema without being an address: ${listen}`);
  const metrics = new Metrics({ meters, board, broker, version, redactor, exporterNames: asExporter });
  const start = (): ReturnType<typeof startWeb> =>
    startWeb({
      listen: address,
      hosts,
      ...(token === undefined ? {} : { token }),
      language,
      board,
      metrics,
      metricsOnly: asExporter,
      late: () => pulse.late(),
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
    sink: metrics,
    address: server?.address,
    async close() {
      retries.abort();
      retries[Symbol.dispose]();
      await retrying;
      await server?.close();
    },
  };
}
