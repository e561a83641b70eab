import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

export interface MosquittoOptions {
  readonly protocol?: 'mqtt' | 'websockets';
  /** Nobody gets in without a name and a password set by `setPassword`. */
  readonly login?: boolean;
  /** Lines of an ACL file. */
  readonly acl?: readonly string[];
  readonly tls?: {
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
    readonly clientCertificate?: boolean;
  };
  /** Further configuration lines. */
  readonly extra?: readonly string[];
}

/** A real Mosquitto on a port of its own, without persistence: a restart has forgotten everything. */
export class Mosquitto implements AsyncDisposable {
  readonly port: number;
  readonly #sparePort: number;
  readonly #folder: string;
  readonly #options: MosquittoOptions;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(port: number, sparePort: number, folder: string, options: MosquittoOptions) {
    this.port = port;
    this.#sparePort = sparePort;
    this.#folder = folder;
    this.#options = options;
  }

  /** A broker that does not run yet. */
  static async create(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const folder = await mkdtemp(join(tmpdir(), 'mosquitto-'));
    const broker = new Mosquitto(await freePort(), await freePort(), folder, options);
    await writeFile(join(folder, 'passwords'), '', { mode: 0o600 });
    await writeFile(join(folder, 'acl'), (options.acl ?? []).join('\n'), { mode: 0o600 });
    await writeFile(join(folder, 'mosquitto.conf'), broker.#configuration());
    return broker;
  }

  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const broker = await Mosquitto.create(options);
    await broker.start();
    return broker;
  }

  /** Everything it logged, over all starts. */
  get log(): string {
    return this.#log;
  }

  get url(): string {
    const { protocol = 'mqtt', tls } = this.#options;
    const scheme = protocol === 'mqtt' ? 'mqtt' : 'ws';
    return `${scheme}${tls ? 's' : ''}://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const from = this.#log.length;
    const child = spawn('/usr/sbin/mosquitto', ['-c', join(this.#folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`mosquitto ended:\n${this.#log.slice(from)}`);
      return / running\b/.test(this.#log.slice(from));
    }, 'mosquitto running');
  }

  /** Ends it: SIGTERM says goodbye to clients, SIGKILL does not. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await gone;
  }

  /** The process stands still, its sockets open: a broker that hangs. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  async setPassword(user: string, password: string): Promise<void> {
    await run('mosquitto_passwd', ['-b', join(this.#folder, 'passwords'), user, password]);
    this.#process?.kill('SIGHUP');
  }

  /** Another ACL, in force for what is published from now on. */
  async setAcl(lines: readonly string[]): Promise<void> {
    await writeFile(join(this.#folder, 'acl'), lines.join('\n'), { mode: 0o600 });
    const from = this.#log.length;
    this.#process?.kill('SIGHUP');
    await eventually(() => this.#log.slice(from).includes('Reloading config'), 'ACL read again');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  #configuration(): string {
    const { protocol = 'mqtt', login = false, acl, tls, extra = [] } = this.#options;
    return [
      'per_listener_settings false',
      'persistence false',
      'log_dest stderr',
      'log_type all',
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      `allow_anonymous ${String(!login)}`,
      ...(login ? [`password_file ${join(this.#folder, 'passwords')}`] : []),
      ...(acl ? [`acl_file ${join(this.#folder, 'acl')}`] : []),
      ...extra,
      `listener ${this.port} 127.0.0.1`,
      `protocol ${protocol}`,
      ...(tls ? [`cafile ${tls.ca}`, `certfile ${tls.cert}`, `keyfile ${tls.key}`] : []),
      ...(tls?.clientCertificate ? ['require_certificate true'] : []),
      // 2.0.11 does not start with websockets alone
      ...(protocol === 'websockets' ? [`listener ${this.#sparePort} 127.0.0.1`] : []),
      '',
    ].join('\n');
  }
}
