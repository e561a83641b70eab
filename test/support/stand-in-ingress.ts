import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where the Supervisor would stand; any loopback address will do. */
export const INGRESS_ADDRESS = '127.0.0.2';
const PREFIX = '/api/hassio_ingress/t0ken';

/**
 * Home Assistant's page and, below a path of it, an app's, as supervisor/api/ingress.py passes it on: the path without the
 * prefix, which `X-Ingress-Path` tells; the browser's headers as they are, `Host` among them; from an address of its own.
 */
export class StandInIngress implements AsyncDisposable {
  readonly #server: Server;

  private constructor(port: number) {
    this.#server = createServer((asked, answer) => pass(asked, answer, port));
  }

  static async before(port: number): Promise<StandInIngress> {
    const ingress = new StandInIngress(port);
    await new Promise<void>((resolve) => ingress.#server.listen(0, '127.0.0.1', resolve));
    return ingress;
  }

  /** A page with the app's in a frame. */
  get panel(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function pass(asked: IncomingMessage, answer: ServerResponse, port: number): void {
  const { method, url = '/', headers } = asked;
  if (url === '/') {
    answer
      .setHeader('content-type', 'text/html')
      .end(`<link rel="icon" href="data:,"><iframe title="app" src="${PREFIX}/"></iframe>`);
    return;
  }
  if (!url.startsWith(`${PREFIX}/`)) return void answer.writeHead(404).end();
  const sent = request(
    {
      host: '127.0.0.1',
      port,
      method,
      localAddress: INGRESS_ADDRESS,
      path: url.slice(PREFIX.length),
      headers: { ...headers, host: 'ha.example.com', 'x-ingress-path': PREFIX },
    },
    (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    },
  );
  sent.once('error', () => answer.writeHead(502).end());
  asked.pipe(sent);
}
