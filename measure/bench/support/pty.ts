import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Duplex } from 'node:stream';
import type { Readable, Writable } from 'node:stream';
import { eventually } from '../../../test/support/eventually.ts';

/** A real pty whose far end is in this process: the program opens `path` as its serial port. Ends when the program closes it. */
export class Pty implements AsyncDisposable {
  readonly path: string;
  readonly #socat: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(path: string) {
    this.path = path;
    this.#socat = spawn('socat', [`PTY,link=${path},rawer`, 'STDIO'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#socat.stdin.on('error', () => undefined); // the program closed its end
  }

  static async open(path: string): Promise<Pty> {
    const pty = new Pty(path);
    await eventually(() => existsSync(path), `${path}, made by socat`);
    return pty;
  }

  /** Towards the program. */
  write(bytes: Uint8Array): void {
    this.#socat.stdin.write(bytes);
  }

  /** The same as a stream, for a simulated module. */
  stream(): Duplex {
    return Duplex.from({ readable: this.#socat.stdout, writable: this.#socat.stdin });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socat.exitCode !== null || this.#socat.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#socat.once('exit', () => resolve()));
    this.#socat.kill();
    await gone;
  }
}
