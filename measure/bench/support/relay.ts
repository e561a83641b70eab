import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Pty } from './pty.ts';

export const RELAY_TOPIC = 'bench/relay';
const script = fileURLToPath(new URL('relay-process.ts', import.meta.url));

/** A pty and a bare relay behind it, in a process of its own: the way without us. */
export class Relay implements AsyncDisposable {
  readonly pty: Pty;
  readonly #folder: string;
  readonly #process: ChildProcessByStdio<null, Readable, null>;

  private constructor(folder: string, pty: Pty, process_: ChildProcessByStdio<null, Readable, null>) {
    this.#folder = folder;
    this.pty = pty;
    this.#process = process_;
  }

  static async open(mqttUrl: string): Promise<Relay> {
    const folder = await mkdtemp(join(tmpdir(), 'relay-'));
    const pty = await Pty.open(join(folder, 'stick'));
    const child = spawn(process.execPath, ['--import', 'tsx', script, pty.path, mqttUrl, RELAY_TOPIC], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return new Relay(folder, pty, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill();
    await gone;
    await this.pty[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
