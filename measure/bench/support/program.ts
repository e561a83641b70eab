import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** The built program, `run`, as a process of its own. */
export class Program implements AsyncDisposable {
  /** `performance.now()` just before it was started. */
  readonly startedMs: number;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<string, (atMs: number) => void>();
  readonly #exit: Promise<number>;
  #output = '';

  /** @param preload a module loaded before the program; it hears `tell`. */
  constructor(configFile: string, { preload }: { readonly preload?: string } = {}) {
    this.startedMs = performance.now();
    const child = spawn(
      process.execPath,
      [...(preload ? ['--import', preload] : []), entry, 'run', '--config', configFile],
      {
        stdio: ['ignore', 'pipe', 'pipe', ...(preload ? ['ipc' as const] : [])],
      },
    );
    this.#process = child;
    this.#exit = new Promise((resolve) => child.once('exit', () => resolve(performance.now())));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
  }

  /** Resolves with `performance.now()` when a log line holds this text. Rejects when the program ends before. */
  async logged(text: string): Promise<number> {
    if (this.#output.includes(text)) return performance.now();
    const seen = new Promise<number>((resolve) => this.#waiting.set(text, resolve));
    const ended = this.#exit.then(() => Promise.reject(new Error(`ended before ${text}:\n${this.#output}`)));
    return await Promise.race([seen, ended]);
  }

  /** For the preloaded module. */
  tell(message: number): void {
    this.#process.send(message);
  }

  /** @returns ms from the signal to the end of the process. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number> {
    const fromMs = performance.now();
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill(signal);
    return (await this.#exit) - fromMs;
  }

  /** MB, as the kernel counts: everything resident, and what is the process's own alone. */
  memory(): { readonly rss: number; readonly anonymous: number } {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    const field = (name: string): number =>
      (Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6;
    return { rss: field('VmRSS'), anonymous: field('RssAnon') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }

  #take(text: string): void {
    this.#output = (this.#output + text).slice(-20_000);
    for (const [wanted, resolve] of this.#waiting) {
      if (!this.#output.includes(wanted)) continue;
      this.#waiting.delete(wanted);
      resolve(performance.now());
    }
  }
}
