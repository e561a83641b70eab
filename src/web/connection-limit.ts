import type { Server, Socket } from 'node:net';
import { householdOf } from './guesses.ts';

/**
 * Lets one address (IPv6: a /64) hold so many connections and no more, so that it cannot keep everybody else out. What comes
 * beyond is closed without a word, as Node does with what is beyond `maxConnections`.
 */
export function limitEachAddress(server: Server, most: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const household = householdOf(socket.remoteAddress ?? '');
    const count = (open.get(household) ?? 0) + 1;
    if (count > most) return void socket.destroy();
    open.set(household, count);
    socket.once('close', () => {
      const left = (open.get(household) ?? 1) - 1;
      if (left > 0) open.set(household, left);
      else open.delete(household);
    });
  });
}
