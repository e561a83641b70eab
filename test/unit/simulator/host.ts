import type { Duplex } from 'node:stream';
import { Simulator } from '../../../src/simulator/sim.ts';
import type { Answered } from '../../../src/simulator/sim.ts';
import type { SimulatorOptions } from '../../../src/simulator/options.ts';
import { latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { encodeCommand } from '../../../src/skstack/commands.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

export const ID = '00112233445566778899AABBCCDDEEFF';
export const PASSWORD = '0123456789AB';
export const METER = 'FE80:0000:0000:0000:021C:6400:030C:12A4';

/** A terminal on the simulator's wire, in virtual time: what came is text, a byte a character. */
export class Host implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly answers: Answered[] = [];
  readonly options: SimulatorOptions;
  wire: Duplex;
  heard = '';

  constructor(options: SimulatorOptions = {}, startMs?: number) {
    this.options = options;
    this.clock = new VirtualClock(startMs);
    this.simulator = new Simulator(options, { clock: this.clock, onAnswer: (answer) => this.answers.push(answer) });
    this.wire = this.connect();
  }

  connect(): Duplex {
    this.wire = this.simulator.connect();
    this.wire.on('data', (chunk: Uint8Array) => (this.heard += latin1OfBytes(chunk)));
    return this.wire;
  }

  /** Writes and gives the time an answer needs. @returns what came since. */
  async say(text: string, ms = 1000): Promise<string> {
    this.heard = '';
    this.wire.write(Buffer.from(text, 'latin1'));
    await this.clock.advance(ms);
    return this.heard;
  }

  line(text: string, ms?: number): Promise<string> {
    return this.say(`${text}\r\n`, ms);
  }

  /** Up to a session, echo off. */
  async join(): Promise<void> {
    for (const command of [
      'SKSREG SFE 0',
      `SKSETPWD C ${PASSWORD}`,
      `SKSETRBID ${ID}`,
      'SKSREG S2 33',
      'SKSREG S3 12A4',
    ]) {
      await this.line(command);
    }
    await this.line(`SKJOIN ${METER}`, 10_000);
  }

  /** One ECHONET frame, hex. @returns what came in `ms`. */
  async send(frame: string, ms = 5000): Promise<string> {
    this.heard = '';
    const data = Uint8Array.from(Buffer.from(frame, 'hex'));
    const edition = this.options.edition === 'SE' ? 'SE' : 'DSE';
    this.wire.write(
      encodeCommand({ name: 'SKSENDTO', handle: 1, address: METER, port: 0x0e1a, security: 1, data }, edition),
    );
    await this.clock.advance(ms);
    return this.heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.simulator[Symbol.asyncDispose]();
  }
}
