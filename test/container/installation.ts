import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engine, freePort, freshClone, mustEngine, print, run, seconds, until } from './harness.ts';
import type { Outcome } from './harness.ts';

const example = join(import.meta.dirname, 'compose.test.yml');

const withConfig = join(import.meta.dirname, 'compose.test-config.yml');

export const PAGE_TOKEN = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const config = `meters:
  - id: home
    route_b_id: '5EC4E7001122334455667788DEADBEEF'
    route_b_password: 'Q7RS8TUV9WXY'
http:
  token: '${PAGE_TOKEN}'
`;

export interface UpOptions {
  /** The pty that stands for /dev/ttyUSB0. */
  readonly pty: string;
  /** More compose files and variables. */
  readonly files?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** As after `git clone`: nothing is set up. */
  readonly unconfigured?: boolean;
}

/** A fresh clone, prepared and run step by step as docs/containers.md says, with podman-compose for docker compose. */
export class Installation implements AsyncDisposable {
  readonly folder: string;
  readonly project = `b2m${process.pid}`;
  readonly mqttPort: number;
  readonly httpPort: number;
  #files: readonly string[] = [];
  #env: Readonly<Record<string, string>> = {};
  readonly #passwords = new Map<string, string>();

  private constructor(folder: string, mqttPort: number, httpPort: number) {
    this.folder = folder;
    this.mqttPort = mqttPort;
    this.httpPort = httpPort;
  }

  static async prepare(): Promise<Installation> {
    const folder = await freshClone();
    await writeFile(join(folder, 'config.yaml'), config, { mode: 0o644 }); // read by the container's user
    return new Installation(folder, await freePort(), await freePort());
  }

  async up(options: UpOptions): Promise<void> {
    this.prepareFor(options);
    const started = performance.now();
    await this.compose('up', '-d', '--no-build');
    print(`compose up in ${seconds(performance.now() - started)}`);
  }

  /** For whoever calls Compose besides us. @returns the environment that makes it see this installation */
  prepareFor({ pty, files = [example], env = {}, unconfigured = false }: UpOptions): Readonly<Record<string, string>> {
    this.#files = ['docker-compose.yml', ...files, ...(unconfigured ? [] : [withConfig])];
    this.#passwords.clear();
    this.#env = {
      TEST_PTY: pty,
      MQTT_PUBLISH: `127.0.0.1:${this.mqttPort}`,
      BROUTE2MQTT_HTTP: `127.0.0.1:${this.httpPort}`,
      BROUTE2MQTT_LANGUAGE: 'en',
      COMPOSE_FILE: this.#files.join(':'),
      COMPOSE_PROJECT_NAME: this.project,
      ...env,
    };
    return this.#env;
  }

  async down(): Promise<void> {
    const { stdout } = await engine(['podman', 'ps', '--quiet', '--filter', `name=^${this.project}_.*_tmp`]);
    const left = stdout.split('\n').filter(Boolean); // of a `compose run` that nobody ended
    if (left.length > 0) await engine(['podman', 'rm', '-f', '-t', '0', ...left]);
    await this.compose('down', '--volumes');
    await engine(['podman', 'volume', 'prune', '--force']); // those without a name
  }

  async compose(...args: readonly string[]): Promise<Outcome> {
    return mustEngine(['podman-compose', ...args], {
      cwd: this.folder,
      env: this.#env,
      timeoutMs: 120_000,
    });
  }

  container(service: string): string {
    return `${this.project}_${service}_1`;
  }

  /** Runs a shell command inside. */
  async inside(service: string, command: string): Promise<Outcome> {
    return engine(['podman', 'exec', this.container(service), 'sh', '-c', command]);
  }

  async logs(service = 'broute2mqtt'): Promise<string> {
    return (await engine(['podman', 'logs', this.container(service)])).text;
  }

  async isRunning(service = 'broute2mqtt'): Promise<boolean> {
    const format = '{{.State.Running}} {{.RestartCount}}';
    const { stdout } = await engine(['podman', 'inspect', '-f', format, this.container(service)]);
    return stdout.trim() === 'true 0';
  }

  /** The login the broker made up. */
  async password(user: 'broute2mqtt' | 'homeassistant'): Promise<string> {
    const known = this.#passwords.get(user);
    if (known !== undefined) return known;
    const password = await until(`the login of ${user}`, 20_000, async () => {
      const { code, stdout } = await this.inside('mosquitto', `cat /mosquitto/data/login/${user}`);
      return code === 0 && stdout !== '' ? stdout : undefined;
    });
    this.#passwords.set(user, password);
    return password;
  }

  /** `count` messages as "topic payload" lines, seen with Home Assistant's login; fewer when the time is over. */
  async messages(topic: string, count: number, timeoutS: number): Promise<string[]> {
    const login = ['-u', 'homeassistant', '-P', await this.password('homeassistant')];
    const wanted = ['-t', topic, '-C', String(count), '-W', String(timeoutS), '-v'];
    const { stdout } = await run(
      'mosquitto_sub',
      ['-h', '127.0.0.1', '-p', String(this.mqttPort), ...login, ...wanted],
      {
        timeoutMs: (timeoutS + 5) * 1000,
      },
    );
    return stdout.split('\n').filter(Boolean);
  }

  async publish(login: readonly string[], topic: string, payload: string): Promise<Outcome> {
    const to = ['-h', '127.0.0.1', '-p', String(this.mqttPort), '-q', '1'];
    return run('mosquitto_pub', [...to, ...login, '-t', topic, '-m', payload]);
  }

  /** The broker takes connections. */
  async brokerReady(): Promise<void> {
    const login = ['-u', 'homeassistant', '-P', await this.password('homeassistant')];
    await until('a login at the broker', 20_000, async () =>
      (await this.publish(login, 'test/ready', '1')).code === 0 ? true : undefined,
    );
  }

  async http(path: string): Promise<number> {
    return fetch(`http://127.0.0.1:${this.httpPort}${path}`).then(
      ({ status }) => status,
      () => 0,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down().catch((error: unknown) => print(String(error)));
    await rm(this.folder, { recursive: true, force: true });
  }
}
