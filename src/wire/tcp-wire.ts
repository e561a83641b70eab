import type { Duplex } from 'node:stream';
import { connect } from 'node:net';
import type { Clock } from '../kernel/clock.ts';
import { within } from '../kernel/async.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { Wire } from './wire.ts';

const CONNECT_LIMIT_MS = 5000;

/** A raw TCP serial server (ser2net, a stick simulator): `tcp://host:port`. */
export function tcpWire(url: string, clock: Clock): Wire {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    name: url,
    open: (signal) =>
      within(
        clock,
        CONNECT_LIMIT_MS,
        signal,
        (limit) => dial(url, host, Number(port), limit),
        () => new BridgeError('PORT_MISSING', late(url), { hint: HINT }),
      ),
    whenPresent: async (signal) => signal.throwIfAborted(),
  };
}

const late = (url: string): Text => ({
  en: `${url}: no connection within ${CONNECT_LIMIT_MS} ms`,
  ja: `${url}: ${CONNECT_LIMIT_MS} ms 以内に接続できません`,
});

const HINT = {
  en: 'Check host and port of the serial server (`device: tcp://…`) and that it is running.',
  ja: 'シリアルサーバー（`device: tcp://…`）のホスト・ポートと、動作していることを確認してください。',
};

function dial(url: string, host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    const onAbort = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
    socket.once('error', (cause) => {
      signal.removeEventListener('abort', onAbort);
      reject(new BridgeError('PORT_MISSING', `${url}: ${cause.message}`, { cause, hint: HINT }));
    });
  });
}
