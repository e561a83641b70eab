import type { Duplex } from 'node:stream';
import { encodeCommand } from '../../../src/j11/commands.ts';
import type { J11Command } from '../../../src/j11/commands.ts';
import { FrameReader } from '../../../src/j11/frame.ts';
import type { SimulatorOptions } from '../../../src/simulator/options.ts';
import { Simulator } from '../../../src/simulator/sim.ts';
import type { Answered } from '../../../src/simulator/sim.ts';
import { hex, hexOfBytes } from '../../../src/kernel/bytes.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { ID, METER, PASSWORD } from './host.ts';

/** Something that speaks J11 to the simulator, in virtual time: what came is `code data`, in hex. */
export class J11Host implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly simulator: Simulator;
  readonly answers: Answered[] = [];
  readonly #reader = new FrameReader('module');
  readonly #wire: Duplex;
  frames: string[] = [];

  constructor(options: SimulatorOptions = {}) {
    const onAnswer = (answer: Answered): void => void this.answers.push(answer);
    this.simulator = new Simulator({ edition: 'J11', halfHour: 'off', ...options }, { clock: this.clock, onAnswer });
    this.#wire = this.simulator.connect();
    this.#wire.on('data', (chunk: Uint8Array) => {
      for (const input of this.#reader.push(chunk))
        if (input.kind === 'frame') this.frames.push(`${hex(input.code, 4)} ${hexOfBytes(input.data)}`.trimEnd());
    });
  }

  /** 005F and 0054 done, on the meter's channel. */
  static async configured(options: SimulatorOptions = {}): Promise<J11Host> {
    const host = new J11Host(options);
    await host.ask({ name: 'configure', mode: 5, hanSleep: 0, channel: 13, power: 0 });
    await host.ask({ name: 'setCredentials', id: ID, password: PASSWORD });
    host.frames = [];
    return host;
  }

  /** In a session, the port open. */
  static async joined(options: SimulatorOptions = {}): Promise<J11Host> {
    const host = await J11Host.configured(options);
    await host.ask({ name: 'startRouteB' }, 3000);
    await host.ask({ name: 'openPort', port: 0x0e1a });
    await host.ask({ name: 'startPana' }, 10_000);
    host.frames = [];
    return host;
  }

  /** @returns what came within `ms`. */
  ask(command: J11Command, ms = 1000): Promise<string[]> {
    return this.say(encodeCommand(command), ms);
  }

  async say(bytes: Uint8Array, ms = 1000): Promise<string[]> {
    this.frames = [];
    this.#wire.write(bytes);
    await this.clock.advance(ms);
    return this.frames;
  }

  send(payload: string, ms = 5000, destination = METER): Promise<string[]> {
    const ports = { sourcePort: 0x0e1a, destinationPort: 0x0e1a };
    return this.ask({ name: 'send', destination, ...ports, payload: Uint8Array.from(Buffer.from(payload, 'hex')) }, ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.simulator[Symbol.asyncDispose]();
  }
}
