import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { eventually } from './eventually.ts';

/** The built program. */
export const mainScript = new URL('../../dist/cli/main.js', import.meta.url).pathname;

export interface ProgramOptions {
  readonly cwd?: string;
  /** Added to the tests' own environment, from which the program's variables and the locale are taken out. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs as this user and group; only root can. */
  readonly uid?: number;
  /** Of `cli` alone: a command that becomes the program, whose command line follows. */
  readonly through?: readonly string[];
}

export interface Ending {
  /** Exit code, or the signal that killed it. */
  readonly code: number | NodeJS.Signals | null;
  /** From the signal to the end. */
  readonly ms: number;
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => signalGroup(child, 'SIGKILL')));

/** A process of a test's own, in a group of its own: what it printed, how it ended. Nothing of it outlives its test. */
export class Program implements AsyncDisposable {
  stdout = '';
  stderr = '';
  /** Everything has been read when this resolves. */
  readonly ended: Promise<Ending['code']>;
  readonly #child: ChildProcess;
  #code: Ending['code'] | undefined;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const { cwd, env, uid } = options;
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(BROUTE2MQTT_|SMARTMETER_|LC_|LANG)/.test(name),
    );
    const child = spawn(command, args, {
      cwd,
      env: { ...Object.fromEntries(inherited), ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.#child = child;
    running.add(child);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) => {
      const end = (code: Ending['code']): void => {
        running.delete(child);
        this.#code ??= code;
        resolve(this.#code);
      };
      child.once('close', (code, signal) => end(code ?? signal));
      child.once('error', (error) => {
        this.stderr += error.message;
        end(null);
      });
    });
  }

  /** The built program with these arguments. */
  static cli(args: readonly string[], options: ProgramOptions = {}): Program {
    const [command = process.execPath, ...rest] = [...(options.through ?? []), process.execPath, mainScript, ...args];
    return new Program(command, rest, options);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Undefined while it runs. */
  get code(): Ending['code'] | undefined {
    return this.#code;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Polls; a failure shows what it printed last. */
  async until<T>(probe: () => T | undefined | false, what: string, limitMs?: number): Promise<Exclude<T, false>> {
    try {
      return await eventually(probe, what, limitMs);
    } catch (error) {
      const tail = `${this.stdout}${this.stderr}`.split('\n').slice(-15).join('\n');
      throw new Error(`${String(error)}\nended: ${String(this.#code)}\n${tail}`, { cause: error });
    }
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    const began = performance.now();
    this.signal(signal);
    const code = await this.ended;
    return { code, ms: performance.now() - began };
  }

  /** It and everything it started: killed, and seen to be gone. */
  async kill(): Promise<void> {
    signalGroup(this.#child, 'SIGKILL');
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // all of it is gone
  }
}
