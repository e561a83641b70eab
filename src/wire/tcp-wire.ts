import { once } from 'node:events';
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

async function dial(url: string, host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    throw new BridgeError('PORT_MISSING', `${url}: ${(cause as Error).message}`, { cause, hint: HINT });
  }
}
