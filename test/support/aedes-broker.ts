import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Aedes } from 'aedes';

/** A broker in this process (MQTT 3.1.1), on a port of its own. */
export class AedesBroker implements AsyncDisposable {
  readonly aedes: Aedes;
  readonly #server: Server;

  private constructor(aedes: Aedes, server: Server) {
    this.aedes = aedes;
    this.#server = server;
  }

  static async start(): Promise<AedesBroker> {
    const aedes = await Aedes.createBroker();
    const server = createServer((socket) => void aedes.handle(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new AedesBroker(aedes, server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.aedes.close(resolve));
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
