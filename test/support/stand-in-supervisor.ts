import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { acceptOptions } from './supervisor-options.ts';
import type { InstalledApp, Options } from './supervisor-options.ts';

/** What a broker app tells the Supervisor of itself. */
export interface OfferedService {
  readonly host: string;
  readonly port: number;
  readonly ssl?: boolean;
  readonly username?: string;
  readonly password?: string;
}

const TOKEN = 'f00dfeedf00dfeedf00dfeedf00dfeedf00dfeedf00dfeed';

/**
 * Answers as Home Assistant's Supervisor does (supervisor/api/{services,apps}.py, api/middleware/security.py): 401 without a
 * token, 403 with a wrong one, 400 "Service not enabled" until a broker app has told of itself; options replace all options.
 */
export class StandInSupervisor implements AsyncDisposable {
  readonly token: string;
  mqtt: OfferedService | undefined;
  /** Instead of the answer it would give. */
  instead: ((response: ServerResponse) => void) | undefined;
  /** What else an app may ask without further rights. */
  readonly facts: Record<string, object> = {
    '/addons/self/info': { slug: 'local_broute2mqtt', ingress: true },
    '/info': { homeassistant: '2026.11.0', supervisor: '2026.11.1' },
  };
  /** Whose options it keeps. */
  installed: InstalledApp | undefined;
  /** What the user saved; the rest of the options are config.yaml's. */
  saved: Options = {};
  /** How often it was asked for the broker with the right token. */
  asked = 0;
  readonly #server: Server;

  private constructor(token: string) {
    this.token = token;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start({ host = '127.0.0.1', port = 0, token = TOKEN } = {}): Promise<StandInSupervisor> {
    const supervisor = new StandInSupervisor(token);
    await new Promise<void>((resolve) => supervisor.#server.listen(port, host, resolve));
    return supervisor;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What it writes for the next start. */
  get options(): Options {
    return { ...this.installed?.options, ...this.saved };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = request;
    const send = (status: number, body: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const token = headers.authorization?.split(' ').at(-1);
    if (token === undefined) return void response.writeHead(401).end('401: Unauthorized');
    if (token !== this.token) return void response.writeHead(403).end('403: Forbidden');
    if (this.instead) return this.instead(response);
    const facts = method === 'GET' ? this.facts[url ?? ''] : undefined;
    if (facts) {
      const own = url === '/addons/self/info' && this.installed ? { options: this.options } : {};
      return send(200, { result: 'ok', data: { ...facts, ...own } });
    }
    if (method === 'POST' && url === '/addons/self/options') return void this.#save(request, send);
    this.asked++;
    if (method !== 'GET' || url !== '/services/mqtt') return void response.writeHead(404).end('404: Not Found');
    if (!this.mqtt) return send(400, { result: 'error', message: 'Service not enabled' });
    send(200, {
      result: 'ok',
      data: { addon: 'core_mosquitto', ssl: false, protocol: '3.1.1', ...this.mqtt },
    });
  }

  async #save(request: IncomingMessage, send: (status: number, body: unknown) => void): Promise<void> {
    const { options } = JSON.parse((await request.setEncoding('utf8').toArray()).join('')) as { options: Options };
    const outcome = this.installed ? acceptOptions(this.installed, options) : { refused: 'App is not installed' };
    if ('refused' in outcome) return send(400, { result: 'error', message: outcome.refused });
    this.saved = outcome.kept;
    send(200, { result: 'ok', data: {} });
  }
}
