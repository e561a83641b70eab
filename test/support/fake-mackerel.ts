import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: readonly Readonly<Record<string, unknown>>[];
}

/** How it answers: a status with what it says and sends along, or not at all. */
export type Reply =
  'hang' | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };

const taken: Reply = { status: 200, body: { success: true } };

/** Mackerel's API as far as we use it, on a real port of this machine. */
export class FakeMackerel implements AsyncDisposable {
  readonly posts: Posted[] = [];
  /** What it answers next, one after the other; then it takes everything. */
  readonly replies: Reply[] = [];
  /** What it refuses of what it is sent. */
  judge: (body: Posted['body']) => Reply | undefined = () => undefined;
  readonly #taken: Posted['body'][] = [];
  #port = 0;
  #server: Server | undefined;

  static async start(): Promise<FakeMackerel> {
    const api = new FakeMackerel();
    await api.up();
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Values it was sent, by name, in order; those it refused too. */
  values(name: string): unknown[] {
    return this.posts.flatMap(({ body }) => body.filter((metric) => metric['name'] === name).map(({ value }) => value));
  }

  /** Values it took, by name, in order. */
  taken(name: string): unknown[] {
    return this.#taken.flatMap((body) => body.filter((metric) => metric['name'] === name).map(({ value }) => value));
  }

  async up(): Promise<void> {
    const server = createServer((request, response) => {
      void json(request).then((body) => {
        const { url = '', headers, method } = request;
        const reply = this.replies.shift() ?? this.judge(body as Posted['body']) ?? taken;
        if (reply === taken) this.#taken.push(body as Posted['body']);
        this.posts.push({ path: `${method} ${url}`, headers, body: body as Posted['body'] });
        if (reply === 'hang') return;
        response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
        response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}));
      });
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Connections are refused until it is up again. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}
