import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import type { faultSchema } from '../../src/simulator/faults.ts';
import { COMMAND_CODES } from '../../src/j11/commands.ts';
import type { CommandName } from '../../src/j11/commands.ts';
import { UNIQUE_CODES } from '../../src/j11/frame.ts';
import { eventually } from './eventually.ts';
import { mainScript, Program } from './program.ts';

/** A line of a fault script. Seconds are divided by the time factor. */
export type ScriptLine = z.input<typeof faultSchema> & { readonly at_s?: number; readonly every_s?: number };

export interface StickOptions {
  /** Of the `simulate` command; the time factor is 20 unless given. */
  readonly args?: readonly string[];
  readonly script?: readonly ScriptLine[];
  /** The simulated meter's clock when the stick is plugged in. */
  readonly meterClock?: string;
  /** A module that gives it another clock (`StoryClock.ofMeters`), in place of `meterClock`. */
  readonly clockModule?: string;
  /** What talks on the port instead of `simulate`: a program and its arguments. */
  readonly command?: readonly string[];
}

/** A value the simulated meter gave, by its own account. */
export interface Truth {
  readonly epc: string;
  /** When, epoch ms. */
  readonly atMs: number;
  readonly edt: Buffer;
}

/** A Wi-SUN stick on a real pty: socat and, behind it, the built program's `simulate` as a process of its own. */
export class Stick implements AsyncDisposable {
  /** The port's name: a link, as under /dev/serial/by-id. */
  readonly path: string;
  readonly #folder: string;
  readonly #options: StickOptions;
  #plugged = 0;
  #socat: Program | undefined;

  private constructor(folder: string, options: StickOptions) {
    this.#folder = folder;
    this.#options = options;
    this.path = join(folder, 'tty');
  }

  /** A stick that is not plugged in. */
  static async create(options: StickOptions = {}): Promise<Stick> {
    const stick = new Stick(await mkdtemp(join(tmpdir(), 'stick-')), options);
    await stick.#prepare();
    return stick;
  }

  static async plugged(options: StickOptions = {}): Promise<Stick> {
    const stick = await Stick.create(options);
    await stick.plug();
    return stick;
  }

  /** What stands behind the link now: /dev/pts/… */
  get device(): string {
    return realpathSync(this.path);
  }

  /** Every byte the module was sent since it was created, as Latin-1. */
  get heard(): string {
    const taps = Array.from({ length: this.#plugged }, (_, i) => this.#file(`heard-${i + 1}`));
    return taps.map((tap) => (existsSync(tap) ? readFileSync(tap, 'latin1') : '')).join('');
  }

  /** How often the module was sent this command. Not counted by lines: the data of SKSENDTO end without one. */
  heardTimes(command: string): number {
    return this.heard.split(command).length - 1;
  }

  /** The same for a stick that speaks J11, whose frames are no text. */
  heardFrames(command: CommandName): number {
    const frame = UNIQUE_CODES.host.reduce((text, byte) => text + String.fromCharCode(byte), '');
    return this.heardTimes(frame + String.fromCharCode(COMMAND_CODES[command] >> 8, COMMAND_CODES[command] & 0xff));
  }

  /** Everything the meter answered that reached the host, in order. */
  truth(): Truth[] {
    const file = this.#file('truth');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    return lines
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { time: string; epc: string; edt: string })
      .map(({ time, epc, edt }) => ({ epc, atMs: Date.parse(time), edt: Buffer.from(edt, 'hex') }));
  }

  /** Module and meter start anew: no session, nothing remembered. */
  async plug(): Promise<void> {
    const tap = this.#file(`heard-${++this.#plugged}`);
    const socat = new Program('socat', ['-r', tap, `PTY,link=${this.path},rawer`, `EXEC:sh ${this.#file('command')}`]);
    this.#socat = socat;
    await socat.until(() => {
      if (socat.code !== undefined) throw new Error('socat ended');
      return existsSync(this.path);
    }, 'the port is there');
  }

  /** The port vanishes in the middle of whatever is on it. */
  async unplug(): Promise<void> {
    const socat = this.#socat;
    this.#socat = undefined;
    await Promise.all([socat?.kill(), rm(this.path, { force: true })]);
    await eventually(() => !existsSync(this.path), 'the port is gone');
  }

  /** Neither answers nor goes away; the meter lives on meanwhile. */
  freeze(): void {
    this.#socat?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#socat?.signal('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unplug();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  /** A shell script, because socat cuts its addresses at blanks, commas and colons. */
  async #prepare(): Promise<void> {
    const { args = [], script = [], command, meterClock, clockModule } = this.#options;
    await writeFile(this.#file('script'), script.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const simulate = ['simulate', '--truth', this.#file('truth'), '--script', this.#file('script')];
    const factor = args.includes('--time-factor') ? [] : ['--time-factor', '20'];
    const module = clockModule ?? (meterClock === undefined ? undefined : await this.#shiftedClock(meterClock));
    const clock = module === undefined ? [] : ['--import', module];
    const words = command ?? [process.execPath, ...clock, mainScript, ...simulate, ...factor, ...args];
    await writeFile(this.#file('command'), `exec ${words.map(quoted).join(' ')}\n`);
  }

  /** A module to load first: the process lives at another time of day. */
  async #shiftedClock(at: string): Promise<string> {
    const file = this.#file('clock.mjs');
    const code = `const shift = ${Date.parse(at)} - Date.now(); const now = Date.now; Date.now = () => now() + shift;\n`;
    await writeFile(file, code);
    return file;
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;
