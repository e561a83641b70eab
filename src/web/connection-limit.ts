import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { householdOf } from './guesses.ts';

export interface ConnectionLimits {
  /** Of one address (IPv6: a /64). */
  readonly each: number;
  readonly all: number;
}

interface Connection {
  readonly socket: Socket;
  readonly household: string;
  /** Requests under way. */
  requests: number;
}

/**
 * Lets one address hold so many connections and no more, so that it cannot keep everybody else out. Only requests count:
 * when there are too many, the oldest connection without one gives way to the new one. What comes beyond is closed without
 * a word, as Node does with what is beyond `maxConnections`.
 */
export function limitConnections(server: Server, { each, all }: ConnectionLimits): void {
  const open = new Map<Socket, Connection>(); // the oldest first
  const giveWay = (among: readonly Connection[], most: number): boolean => {
    if (among.length < most) return true;
    const idle = among.find(({ requests }) => requests === 0);
    if (!idle) return false;
    open.delete(idle.socket);
    idle.socket.destroy();
    return true;
  };
  server.on('connection', (socket: Socket) => {
    const household = householdOf(socket.remoteAddress ?? '');
    const theirs = [...open.values()].filter((one) => one.household === household);
    if (!giveWay(theirs, each) || !giveWay([...open.values()], all)) return void socket.destroy();
    open.set(socket, { socket, household, requests: 0 });
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', (request: IncomingMessage, reply: ServerResponse) => {
    const connection = open.get(request.socket);
    if (!connection) return;
    connection.requests++;
    reply.once('close', () => connection.requests--);
  });
}
