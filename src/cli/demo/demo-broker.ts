import { Aedes } from 'aedes';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Text } from '../../kernel/language.ts';

interface DemoBroker {
  readonly url: string;
  close(): Promise<void>;
}

/** A broker in this process. @param say hears of each Home Assistant device that is announced. */
export async function demoBroker(port: number, say: (text: Text) => void): Promise<DemoBroker> {
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  const listening = await listenOrElse(server, '127.0.0.1', port);
  broker.on('publish', ({ topic, payload }) => {
    if (!topic.startsWith('homeassistant/device/') || payload.length === 0) return;
    const count = countIn(payload.toString());
    if (count === undefined) return;
    say({
      en: `— Home Assistant discovery: ${count} entities on ${topic}`,
      ja: `— Home Assistant 自動登録: ${count} エンティティ（${topic}）`,
    });
  });
  return {
    url: `mqtt://127.0.0.1:${listening}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}

/** Whoever finds this broker may write what they like on it, as `doctor` does to try a topic. */
function countIn(text: string): number | undefined {
  try {
    const { components } = JSON.parse(text) as { readonly components?: unknown };
    return typeof components === 'object' && components !== null ? Object.keys(components).length : undefined;
  } catch {
    return undefined; // no document of ours
  }
}

/** The wanted port, or any when somebody has it: a demo should not fail because a broker runs here already. */
export async function listenOrElse(server: Server, host: string, port: number): Promise<number> {
  const listen = (wanted: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, host, () => {
        server.removeListener('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  return await listen(port).catch(() => listen(0));
}
