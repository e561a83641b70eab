import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import { createDeflate } from 'node:zlib';

/** Whatever came last waits for what comes next: of events each one is late by one. */
function withoutTheLast(): Transform {
  let kept: Buffer | undefined;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      const before = kept;
      kept = piece;
      done(null, before);
    },
  });
}

/** How a stream is held back, and what the browser is told of its form. */
const WAYS = {
  /** As aiohttp does, and so Home Assistant before it left streams alone: zlib keeps all until a block of many events is full. */
  compresses: { through: createDeflate, encoding: 'deflate' },
  lags: { through: withoutTheLast, encoding: 'identity' },
} as const;

/** A proxy that holds streams back; all else passes. */
export class GatheringProxy implements AsyncDisposable {
  readonly #server: Server;
  /** Streams that were opened. */
  streams = 0;

  private constructor(address: string, way: keyof typeof WAYS) {
    this.#server = createServer((asked, answer) => this.#pass(address, way, asked, answer));
  }

  static async before(address: string, way: keyof typeof WAYS): Promise<GatheringProxy> {
    const proxy = new GatheringProxy(address, way);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  #pass(address: string, way: keyof typeof WAYS, asked: IncomingMessage, answer: ServerResponse): void {
    const { method, url = '/', headers } = asked;
    const sent = request(new URL(url, address), { method, headers }, (reply) => {
      const isStream = reply.headers['content-type']?.startsWith('text/event-stream') === true;
      const { through, encoding } = WAYS[way];
      answer.writeHead(reply.statusCode ?? 502, {
        ...reply.headers,
        ...(isStream && { 'content-encoding': encoding }),
      });
      if (!isStream) return void reply.pipe(answer);
      this.streams++;
      answer.flushHeaders();
      return void reply.pipe(through()).pipe(answer);
    });
    sent.once('error', () => answer.destroy());
    asked.pipe(sent);
    answer.once('close', () => sent.destroy());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
