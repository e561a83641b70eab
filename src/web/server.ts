import { formatHostPort, reachable } from '../kernel/host-port.ts';
import type { HostPort } from '../kernel/host-port.ts';
import { isOpenToAll } from './access.ts';
import { createHttp, listenHttp } from './http-server.ts';
import { readAssets } from './page.ts';
import { addRoutes } from './routes.ts';
import type { RouteOptions } from './routes.ts';

export interface WebOptions extends RouteOptions {
  /** Port 0 takes a free one. */
  readonly listen: HostPort;
}

export interface WebServer {
  /** Of the page: `http://127.0.0.1:8080/`. */
  readonly address: string;
  /** Ends within 500 ms, whoever is still connected. */
  close(): Promise<void>;
}

const BODY_LIMIT_BYTES = 1024;

/** Status page, its data, the metrics and the probes. @throws BridgeError HTTP_LISTEN_FAILED */
export async function startWeb(options: WebOptions): Promise<WebServer> {
  const { listen, log, metricsOnly, onlyFrom } = options;
  const [app, assets] = await Promise.all([
    createHttp({ bodyBytes: BODY_LIMIT_BYTES }),
    metricsOnly ? [] : readAssets(),
  ]);
  addRoutes(app, assets, options);
  const server = await listenHttp(app, listen, options.clock);
  const address = `http://${formatHostPort(reachable({ ...listen, port: server.port }))}/`;
  if (metricsOnly) log.info({ metrics: `${address}metrics` }, 'metrics listening');
  else log.info({ page: address }, 'status page listening');
  if (!metricsOnly && onlyFrom === undefined && isOpenToAll(options))
    log.warn(
      { listen: formatHostPort(listen) },
      'everybody in the network can read the page: set http.token; until then it gives no commands',
    );
  return { address, close: () => server.close() };
}
