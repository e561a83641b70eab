import type { AddressInfo } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, failureOf, systemCode } from '../kernel/errors.ts';
import { formatHostPort } from '../kernel/host-port.ts';
import type { HostPort } from '../kernel/host-port.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import { SECURITY_HEADERS } from './access.ts';
import { limitConnections } from './household-limits.ts';

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Ends within 500 ms, whoever is still connected. */
  close(): Promise<void>;
}

/** Answers that are under way at the end have this long. */
const CLOSE_GRACE_MS = 300;
const HEADER_LIMIT_BYTES = 8192;
const REQUEST_TIMEOUT_MS = 5000;
const IDLE_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 100;
/** Of one address: a browser opens six, and behind a proxy or Docker's NAT a whole household has one address. */
const MAX_OF_ONE_ADDRESS = 30;

/** What the system's codes mean here. */
const LISTEN_FAILURES: Readonly<Record<string, { readonly reason: Text; readonly hint?: Text }>> = {
  EADDRINUSE: {
    reason: { en: 'another program uses that port', ja: 'そのポートは別のプログラムが使用中です' },
  },
  EACCES: {
    reason: { en: 'no permission for that port', ja: 'そのポートを開く権限がありません' },
    hint: {
      en: 'Ports below 1024 belong to root: choose another one in http.listen, such as 8080.',
      ja: '1024未満のポートにはroot権限が必要です。http.listen に8080など別のポートを指定してください。',
    },
  },
  EADDRNOTAVAIL: {
    reason: { en: 'this machine has no such address', ja: 'このマシンにそのアドレスはありません' },
    hint: {
      en: 'Give http.listen an address of this machine: 127.0.0.1 for itself only, 0.0.0.0 for the whole network.',
      ja: 'http.listen にはこのマシンのアドレスを指定してください（自機のみは127.0.0.1、ネットワーク全体は0.0.0.0）。',
    },
  },
  ENOTFOUND: {
    reason: { en: 'this host name is unknown', ja: 'そのホスト名は見つかりません' },
  },
};

/** A server within a household's bounds, without routes. Loaded when wanted. */
export async function createHttp(bounds: {
  readonly bodyBytes: number;
  /** How long an answer may take; default 5 s. */
  readonly answerMs?: number;
}): Promise<FastifyInstance> {
  const { bodyBytes, answerMs = REQUEST_TIMEOUT_MS } = bounds;
  const { default: fastify } = await import('fastify');
  const app = fastify({
    bodyLimit: bodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: answerMs,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    http: {
      maxHeaderSize: HEADER_LIMIT_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1000, // Node looks for late requests only this often
    },
    frameworkErrors: (_error, _request, reply: unknown) => void refuseAddress(reply as FastifyReply),
  });
  limitConnections(app.server, { each: MAX_OF_ONE_ADDRESS, all: MAX_CONNECTIONS });
  return app;
}

/** @param listen port 0 takes a free one. @throws BridgeError HTTP_LISTEN_FAILED */
export async function listenHttp(app: FastifyInstance, listen: HostPort, clock: Clock): Promise<Listening> {
  try {
    await app.listen(listen);
  } catch (error) {
    await app.close();
    throw listenFailed(listen, error);
  }
  return {
    port: (app.server.address() as AddressInfo).port,
    async close() {
      const closed = new AbortController();
      const cut = clock.sleep(CLOSE_GRACE_MS, closed.signal).then(
        () => app.server.closeAllConnections(),
        () => undefined, // all ended by themselves
      );
      await app.close();
      closed.abort();
      await cut;
    },
  };
}

/** An address that is no URL never reaches a route. */
const refuseAddress = (reply: FastifyReply): FastifyReply =>
  reply
    .headers(SECURITY_HEADERS)
    .code(400)
    .type('text/plain; charset=utf-8')
    .send('This address could not be understood.\n');

/** In words, with what to do. */
export function listenFailed(listen: HostPort, error: unknown): BridgeError {
  const code = systemCode(error) ?? '';
  const { reason, hint } = LISTEN_FAILURES[code] ?? { reason: inBoth((language) => failureOf(error).text(language)) };
  const address = formatHostPort(listen);
  return new BridgeError(
    'HTTP_LISTEN_FAILED',
    {
      en: `cannot listen on ${address}: ${reason.en}${code && ` (${code})`}`,
      ja: `${address} で待ち受けできません: ${reason.ja}${code && `（${code}）`}`,
    },
    { cause: error, ...(hint && { hint }) },
  );
}
