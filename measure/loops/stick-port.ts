import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Notifications } from '../bench/support/notifications.ts';
import { Pty } from '../bench/support/pty.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { Simulator } from '../../src/simulator/sim.ts';
import { tapWrites } from '../../test/support/wires.ts';

/** Scans, joins and radio take a thousandth of their time. */
const TIME_FACTOR = 1000;

/** A stick on a pty, in this process: pulled out and plugged in again within milliseconds. */
export class StickPort implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  #notifications = new Notifications();
  #simulator: Simulator | undefined;
  #pty: Pty | undefined;
  #told = 0;
  /** The meter has answered a question. */
  answered = false;
  /** When its first byte came, monotonic ms. */
  firstByteMs: number | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'stick');
  }

  static async plugged(): Promise<StickPort> {
    const stick = new StickPort(await mkdtemp(join(tmpdir(), 'loop-')));
    await stick.plug();
    return stick;
  }

  /** Module and meter start anew. */
  async plug(): Promise<void> {
    this.firstByteMs = undefined;
    this.answered = false;
    this.#notifications = new Notifications();
    const pty = await Pty.open(this.path);
    const simulator = new Simulator(
      { seed: 1, timeFactor: TIME_FACTOR, halfHour: 'off' },
      { clock: systemClock, onAnswer: () => (this.answered = true) },
    );
    const wire = tapWrites(pty.stream(), (chunk) => this.#notifications.tap(chunk));
    wire.on('data', () => (this.firstByteMs ??= performance.now()));
    simulator.attach(wire);
    [this.#pty, this.#simulator] = [pty, simulator];
  }

  /** The port vanishes. */
  async unplug(): Promise<void> {
    await this.#simulator?.[Symbol.asyncDispose]();
    await this.#pty?.[Symbol.asyncDispose]();
    this.#pty = this.#simulator = undefined;
    await rm(this.path, { force: true });
  }

  /** The session stands, and it has said something. */
  get ready(): boolean {
    return this.#notifications.ready;
  }

  /** The meter tells its power unasked: a reading. */
  tell(): void {
    this.#pty?.write(this.#notifications.line(this.#told, 500 + (this.#told++ % 3000)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unplug();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
