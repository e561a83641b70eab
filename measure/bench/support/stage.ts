import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/kernel/clock.ts';
import { Simulator } from '../../../src/simulator/sim.ts';
import { tapWrites } from '../../../test/support/wires.ts';
import { Program } from './program.ts';
import { Pty } from './pty.ts';

/** The most the simulator allows: scans, joins and radio take a thousandth of their time. */
const TIME_FACTOR = 1000;

export interface StageOptions {
  /** Where the broker is, or should be. */
  readonly mqttUrl: string;
  readonly intervalS?: number;
  /** Where the page is, such as `127.0.0.1:8080`; without it there is none. */
  readonly listen?: string;
}

/** A folder, a pty and a simulated stick on it, for one start of the program after another. */
export class Stage implements AsyncDisposable {
  readonly #folder: string;
  readonly #options: StageOptions;
  #simulator: Simulator;
  #pty: Pty | undefined;

  private constructor(folder: string, options: StageOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#simulator = newSimulator();
  }

  static async open(options: StageOptions): Promise<Stage> {
    return new Stage(await mkdtemp(join(tmpdir(), 'bench-')), options);
  }

  /** Another stick with the same meter: what the first one held of a session is gone. */
  async freshStick(): Promise<void> {
    await this.#simulator[Symbol.asyncDispose]();
    this.#simulator = newSimulator();
  }

  /** Starts the program on a new pty with the same stick behind it. `tap` hears every byte of the stick. */
  async start(
    tap: (bytes: Buffer) => void = () => undefined,
  ): Promise<{ readonly program: Program; readonly pty: Pty }> {
    await this.#pty?.[Symbol.asyncDispose]();
    const pty = await Pty.open(join(this.#folder, 'stick'));
    this.#pty = pty;
    const wire = tapWrites(pty.stream(), tap);
    this.#simulator.attach(wire);
    const file = join(this.#folder, 'config.yaml');
    await writeFile(file, this.#config(pty.path), { mode: 0o600 });
    return { program: new Program(file), pty };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#simulator[Symbol.asyncDispose]();
    await this.#pty?.[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #config(device: string): string {
    const { mqttUrl, intervalS = 2, listen } = this.#options;
    return [
      'meters:',
      '  - id: home',
      `    device: ${device}`,
      '    route_b_id: "0123456789ABCDEF0123456789ABCDEF"',
      '    route_b_password: "ABCDEFGHIJKL"',
      `    interval_s: ${intervalS}`,
      `    energy_interval_s: ${Math.max(10, intervalS)}`,
      `mqtt: { url: "${mqttUrl}" }`,
      ...(listen === undefined ? [] : [`http: { listen: "${listen}" }`]),
      `state_dir: ${join(this.#folder, 'state')}`,
      '',
    ].join('\n');
  }
}

const newSimulator = (): Simulator =>
  new Simulator({ seed: 1, timeFactor: TIME_FACTOR, halfHour: 'off' }, { clock: systemClock });
