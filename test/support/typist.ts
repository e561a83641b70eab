import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { mainScript } from './program.ts';

/** What udev names the stick most users have. */
export const KNOWN_NAME = 'usb-FTDI_FT230X_Basic_UART_DK0A-if00-port0';

/** A folder of by-id links that the program sees in the place of /dev/serial: a mount that nobody else sees. */
export class Desk implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Desk> {
    if (process.getuid?.() === 0 && !existsSync('/dev/serial')) mkdirSync('/dev/serial', { recursive: true });
    const folder = await mkdtemp(join(tmpdir(), 'desk-'));
    await mkdir(join(folder, 'by-id'));
    return new Desk(folder);
  }

  plug(path: string, name = KNOWN_NAME): Promise<void> {
    return symlink(path, join(this.folder, 'by-id', name));
  }

  /** The built program with these arguments, where the desk is /dev/serial. */
  commandLine(args: readonly string[]): string[] {
    return this.around([process.execPath, mainScript, ...args]);
  }

  around(command: readonly string[]): string[] {
    const mount = ['/usr/bin/unshare', '-m', 'sh', '-c', 'mount --bind "$0" /dev/serial && exec "$@"', this.folder];
    return [...mount, ...command];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Somebody at a terminal, a real pty: types, and sees what the screen got. */
export class Typist implements AsyncDisposable {
  screen = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #answered = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.screen += text));
  }

  /** @param folder where the program starts; a script there, because socat cuts its addresses at blanks and commas. */
  static async at(folder: string, command: readonly string[], env: Readonly<Record<string, string>>): Promise<Typist> {
    const script = join(folder, 'terminal.sh');
    const quoted = command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
    await writeFile(script, `cd '${folder}' && exec ${quoted}\n`);
    const inherited = Object.entries(process.env).filter(([name]) => !/^(BROUTE2MQTT_|LC_|LANG)/.test(name));
    const child = spawn('socat', ['-', `EXEC:sh ${script},pty,setsid,ctty,stderr,sigint`], {
      env: { ...Object.fromEntries(inherited), ...env },
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    return new Typist(child);
  }

  /** What came on the screen since the last answer. */
  get fresh(): string {
    return this.screen.slice(this.#answered);
  }

  /** Waits until the screen shows it, after what was answered last. */
  async sees(text: string, limitMs = 60_000): Promise<void> {
    await eventually(() => this.fresh.includes(text), text, limitMs).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.screen.slice(-3000)}`, { cause: error });
    });
  }

  /** Types, and Enter. */
  answers(text = ''): void {
    this.#answered = this.screen.length;
    this.#child.stdin?.write(`${text}\r`);
  }

  /** Types as it stands, without Enter. */
  types(text: string): void {
    this.#child.stdin?.write(text);
  }

  async ends(): Promise<void> {
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGTERM');
    } catch {
      // it ended
    }
    await this.#ended;
  }
}
