import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLine } from './log-lines.ts';
import type { MqttWatcher } from './mqtt-watcher.ts';
import { Program } from './program.ts';
import type { Ending } from './program.ts';

export const credentials = { route_b_id: '0123456789ABCDEF0123456789ABCDEF', route_b_password: 'ABCDEFGHIJKL' };

export interface MeterSettings {
  readonly device: string;
  readonly id?: string;
  readonly [key: string]: unknown;
}

export interface BridgeOptions {
  /** The broker's address; without one there is none. */
  readonly broker?: string;
  readonly meters: readonly MeterSettings[];
  /** Top-level keys of the configuration that are added or replaced. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  /** See `ProgramOptions`; it starts in the bridge's folder. */
  readonly through?: readonly string[];
}

/** One message of `readings`. */
export interface Published {
  readonly meter: string;
  readonly run: number;
  readonly seq: number;
  readonly time: string;
  readonly power?: number;
  readonly current_r?: number;
  readonly current_t?: number;
  readonly import?: number;
  readonly export?: number;
}

/** `broute2mqtt run` as built, in a folder of its own that outlives its restarts. */
export class Bridge implements AsyncDisposable {
  readonly folder: string;
  readonly #options: BridgeOptions;
  #program: Program;

  private constructor(folder: string, options: BridgeOptions) {
    this.folder = folder;
    this.#options = options;
    this.#program = this.#spawn();
  }

  static async start(options: BridgeOptions): Promise<Bridge> {
    const folder = await mkdtemp(join(tmpdir(), 'bridge-'));
    const { broker, meters, config = {}, uid } = options;
    const settings = {
      meters: meters.map((meter) => ({ id: 'home', ...credentials, interval_s: 2, energy_interval_s: 10, ...meter })),
      ...(broker === undefined ? {} : { mqtt: { url: broker } }),
      language: 'en',
      log: { level: 'debug' },
      state_dir: './state',
      ...config,
    };
    const file = join(folder, 'config.yaml');
    await writeFile(file, JSON.stringify(settings, null, 2), { mode: 0o600 });
    if (uid !== undefined) {
      await Promise.all([chown(folder, uid, uid), chown(file, uid, uid)]);
      await chmod(folder, 0o700);
    }
    return new Bridge(folder, options);
  }

  get pid(): number {
    return this.#program.pid;
  }

  get program(): Program {
    return this.#program;
  }

  get configFile(): string {
    return join(this.folder, 'config.yaml');
  }

  /** The log of the newest start. */
  get lines(): LogLine[] {
    return this.#program.stdout
      .split('\n')
      .slice(0, -1)
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
  }

  /** The phases of one meter since the newest start. */
  phases(meter = 'home'): string[] {
    return this.lines
      .filter((line) => line.msg === 'link' && line['meter'] === meter)
      .map(({ phase }) => String(phase));
  }

  phase(meter = 'home'): string | undefined {
    return this.phases(meter).at(-1);
  }

  /** The first failure with this code that the log tells. */
  failure(code: string, meter?: string): LogLine['err'] {
    return this.lines.find((line) => line.err?.code === code && (meter === undefined || line['meter'] === meter))?.err;
  }

  /** Readings the log tells of. */
  readings(meter = 'home'): number {
    return this.lines.filter((line) => line.msg === 'reading' && line['meter'] === meter).length;
  }

  until<T>(probe: () => T | undefined | false, what: string, limitMs = 40_000): Promise<Exclude<T, false>> {
    return this.#program.until(probe, what, limitMs);
  }

  /** Waits until it stands in this phase. */
  async reaches(phase: string, meter = 'home'): Promise<void> {
    await this.until(() => this.phase(meter) === phase, `phase ${phase} of ${meter}`);
  }

  /** Waits for a failure in the log. */
  async fails(code: string, meter?: string): Promise<NonNullable<LogLine['err']>> {
    return await this.until(() => this.failure(code, meter), `failure ${code}`);
  }

  end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    return this.#program.end(signal);
  }

  /** The same configuration and state, once more. */
  restart(): void {
    if (this.#program.code === undefined) throw new Error('it still runs');
    this.#program = this.#spawn();
  }

  /** Stands still while `action` goes on: what others must be ready for does not happen before they are. */
  async frozenWhile<T>(action: () => Promise<T>): Promise<T> {
    this.#program.signal('SIGSTOP');
    try {
      return await action();
    } finally {
      this.#program.signal('SIGCONT');
    }
  }

  /** How the system shows its command line. */
  get commandLine(): string {
    return readFileSync(`/proc/${this.pid}/cmdline`, 'latin1');
  }

  /** Every file of its state, as text. */
  async state(): Promise<string[]> {
    const folder = join(this.folder, 'state');
    if (!existsSync(folder)) return [];
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    try {
      return await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return await this.state(); // the bridge replaces its files by renaming: one was listed and then gone
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  #spawn(): Program {
    const { env, uid, through } = this.#options;
    return Program.cli(['run', '--config', this.configFile], {
      cwd: this.folder,
      ...(env && { env }),
      ...(uid === undefined ? {} : { uid }),
      ...(through && { through }),
    });
  }
}

/** What the broker passed on of one meter's readings. */
export const readingsOf = (watcher: MqttWatcher, meter = 'home'): Published[] =>
  watcher.on(`broute2mqtt/${meter}/readings`).map(({ payload }) => JSON.parse(payload) as Published);

/** The phases the broker was told, each once in a row. */
export function linkStates(watcher: MqttWatcher, meter = 'home'): string[] {
  const states = watcher
    .on(`broute2mqtt/${meter}/state/link`)
    .map(({ payload }) => (JSON.parse(payload) as { state: string }).state);
  return states.filter((state, i) => state !== states[i - 1]);
}
