import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What the broker does with a CONNECT, by the protocol level it asks for: bytes to answer, and whether to hang up. */
export interface Answer {
  readonly bytes?: readonly number[];
  readonly close?: boolean;
}
export const accept4: Answer = { bytes: [0x20, 2, 0, 0] };
export const accept5: Answer = { bytes: [0x20, 3, 0, 0, 0] };
export const refuse = (code: number): Answer => ({ bytes: [0x20, 3, 0, code, 0], close: true });

/** A broker that only shakes hands, and badly where told to: it acknowledges nothing and forwards nothing. */
export class FakeBroker {
  readonly levels: number[] = [];
  readonly sockets = new Set<Socket>();
  answer: (level: number) => Answer;
  readonly #server: Server;

  private constructor(answer: (level: number) => Answer) {
    this.answer = answer;
    this.#server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.once('data', (data) => this.#connect(socket, data));
    });
  }

  static async start(answer: (level: number) => Answer): Promise<FakeBroker> {
    const broker = new FakeBroker(answer);
    await new Promise<void>((resolve) => broker.#server.listen(0, '127.0.0.1', resolve));
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #connect(socket: Socket, data: Buffer): void {
    const level = data[data.indexOf('MQTT') + 4] ?? 0;
    this.levels.push(level);
    const { bytes, close } = this.answer(level);
    if (bytes) socket.write(Buffer.from(bytes));
    if (close) socket.end();
  }

  /** Bytes to every client. */
  send(...bytes: readonly number[]): void {
    for (const socket of this.sockets) socket.write(Buffer.from(bytes));
  }

  /** The header of a PUBLISH, and then this many bytes, as fast as they are taken. @returns bytes that were taken. */
  async flood(bytes: number): Promise<number> {
    const length = [0, 7, 14, 21].map((shift) => ((bytes >> shift) & 0x7f) | (shift < 21 ? 0x80 : 0));
    const chunk = Buffer.alloc(65_536);
    const [socket] = this.sockets;
    if (!socket) throw new Error('nobody is connected');
    socket.write(Buffer.from([0x30, ...length]));
    for (let sent = 0; sent < bytes && !socket.destroyed; sent += chunk.length)
      if (!socket.write(chunk))
        await new Promise<void>((resolve) => {
          socket.once('drain', resolve);
          socket.once('close', resolve);
        });
    return socket.bytesWritten;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
