import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock } from '../kernel/clock.ts';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const MOST_GUESSES = 10;
const WINDOW_MS = 60_000;
/** Addresses remembered; the oldest give way. */
const MOST_ADDRESSES = 1000;

interface Guesser {
  readonly sinceMs: number;
  readonly tried: Set<string>;
}

/** Tells who tries token after token to wait: ten different wrong ones a minute from one address. */
export class Guesses {
  readonly #clock: Clock;
  readonly #guessers = new Map<string, Guesser>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns whole seconds until this address may try again; 0 when it may now. */
  waitS(address: string): number {
    const guesser = this.#guessers.get(householdOf(address));
    if (!guesser || guesser.tried.size < MOST_GUESSES) return 0;
    return Math.max(0, Math.ceil((guesser.sinceMs + WINDOW_MS - this.#clock.monotonicMs()) / 1000));
  }

  /** The same wrong token again, as from a page left open, is no new guess. */
  wrong(address: string, token: string): void {
    const key = householdOf(address);
    const now = this.#clock.monotonicMs();
    let guesser = this.#guessers.get(key);
    if (!guesser || now >= guesser.sinceMs + WINDOW_MS) {
      guesser = { sinceMs: now, tried: new Set() };
      this.#guessers.delete(key); // to the end of the order
      this.#guessers.set(key, guesser);
    }
    guesser.tried.add(createHash('sha256').update(token).digest('base64'));
    const [oldest] = this.#guessers.keys();
    if (this.#guessers.size > MOST_ADDRESSES && oldest !== undefined) this.#guessers.delete(oldest);
  }
}

/** Whom an address belongs to: one household has a whole /64 of IPv6. */
export const householdOf = (address: string): string => {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIPv6(plain) ? prefixOf(plain) : plain;
};

function prefixOf(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail === undefined) return groups.slice(0, 4).join(':');
  const behind = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - behind.length) }, () => '0');
  return [...groups, ...zeros, ...behind].slice(0, 4).join(':');
}

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
