import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { Program } from '../support/program.ts';
import { HaSocket, Refused } from './socket.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Entity {
  readonly id: string;
  readonly entity_id: string;
  readonly unique_id: string;
  readonly device_id: string;
  readonly platform: string;
  readonly original_name: string;
  readonly entity_category: string | null;
  readonly disabled_by: string | null;
}

export interface Device {
  readonly id: string;
  readonly identifiers: readonly (readonly [string, string])[];
  readonly name: string;
  readonly model: string | null;
  readonly model_id: string | null;
  readonly sw_version: string | null;
  readonly manufacturer: string | null;
}

export interface State {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Json;
  /** When it was last said, whether or not it is another one; ISO 8601. */
  readonly last_reported: string;
}

const here = import.meta.dirname;
/** Rows of statistics come every five minutes; its clock is put so that they come this long after its first start. */
const ROWS_AFTER_MS = 100_000;
const SLOT_MS = 300_000;
const BOOT_LIMIT_MS = 180_000;

/** A real Home Assistant in a folder of its own, joined to a broker. Its log and registries outlive its restarts. */
export class HomeAssistant implements AsyncDisposable {
  readonly version: string;
  readonly #folder: string;
  readonly #port: number;
  readonly #broker: number;
  readonly #clock: { readonly shiftMs: number };
  readonly #usb: string | undefined;
  #program: Program | undefined;
  #earlier = '';
  #token = '';
  #socket: HaSocket | undefined;

  private constructor(
    version: string,
    folder: string,
    port: number,
    broker: number,
    clock: { readonly shiftMs: number },
    usb: string | undefined,
  ) {
    this.version = version;
    this.#folder = folder;
    this.#port = port;
    this.#broker = broker;
    this.#clock = clock;
    this.#usb = usb;
  }

  /** Installs it where it is not yet, which takes minutes. */
  static async install(version: string): Promise<void> {
    await using install = new Program(join(here, 'install'), [version]);
    const code = await install.ended;
    process.stdout.write(install.stdout);
    if (code !== 0) throw new Error(`test/ha/install ${version}: ${String(code)}\n${install.stderr}`);
  }

  /**
   * @param clock what it lives by, read at each start; without one, soon before rows of statistics come.
   * @param usb the folder of the USB serial ports that it sees, in place of this machine's (`UsbPorts`).
   */
  static async create(version: string, broker: number, clock = soonBeforeRows(), usb?: string): Promise<HomeAssistant> {
    const folder = await mkdtemp(join(tmpdir(), 'home-assistant-'));
    const ha = new HomeAssistant(version, folder, await freePort(), broker, clock, usb);
    await ha.#configure();
    return ha;
  }

  /** Starts it and waits until it runs, is joined to the broker and lets us in. */
  async start(): Promise<void> {
    const began = performance.now();
    const libfaketime = '/usr/lib/*/faketime/libfaketimeMT.so.1';
    const command = `export LD_PRELOAD=$(echo ${libfaketime}); exec /opt/hass/bin/hass --config /config --skip-pip --log-no-color`;
    const usb = this.#usb === undefined ? [] : ['--usb', this.#usb];
    const program = new Program(
      join(here, 'enter'),
      [this.version, '--config', this.#folder, ...usb, 'sh', '-c', `${command} 2>&1`],
      {
        env: {
          HOME: '/config',
          PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
          TZ: 'Asia/Tokyo',
          FAKETIME: `${this.#clock.shiftMs < 0 ? '' : '+'}${this.#clock.shiftMs / 1000}s`,
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
          DONT_FAKE_MONOTONIC: '1',
          FAKETIME_FORCE_MONOTONIC_FIX: '0', // else threads that wait for Python's lock spin
          NO_FAKE_STAT: '1',
          XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
        },
      },
    );
    this.#program = program;
    await this.#until(
      'answers over HTTP',
      async () => (await this.#fetch('/api/onboarding')).status !== 0,
      BOOT_LIMIT_MS,
    );
    if (this.#token === '') this.#token = await this.#becomeOwner();
    const socket = await HaSocket.open(`ws://127.0.0.1:${this.#port}/api/websocket`, this.#token);
    this.#socket = socket;
    await socket.call('http/config/promote').catch(ignoreNothingToDo); // else, from 2026.8 on, it leaves its port in 5 minutes
    await this.#until(
      'runs',
      async () => {
        const { state, recovery_mode } = await socket.call<Json>('get_config');
        if (recovery_mode === true) throw new Error('Home Assistant is in recovery mode');
        return state === 'RUNNING';
      },
      BOOT_LIMIT_MS,
    );
    await this.#until('is joined to the broker', async () => {
      const entries = (await this.get('/api/config/config_entries/entry?domain=mqtt')) as readonly Json[];
      return entries[0]?.['state'] === 'loaded';
    });
    process.stdout.write(
      `Home Assistant ${this.version} runs after ${((performance.now() - began) / 1000).toFixed(1)} s\n`,
    );
  }

  async stop(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    this.#socket?.close();
    this.#socket = undefined;
    if (!program) return;
    if (program.code === undefined) await program.end();
    this.#earlier += program.stdout;
  }

  /** Its configuration and database. */
  get folder(): string {
    return this.#folder;
  }

  /** Of its page. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** A token that outlives the hours between two starts; it is ours too from now on. */
  async longLivedToken(): Promise<string> {
    this.#token = await this.call('auth/long_lived_access_token', { client_name: 'broute2mqtt', lifespan: 365 });
    return this.#token;
  }

  /** Everything it logged, over all starts. */
  get log(): string {
    return this.#earlier + (this.#program?.stdout ?? '');
  }

  /** What it complains of about us, each with what belongs to it. `from` is a length of `log`. */
  complaints(from = 0): string[] {
    return this.log
      .slice(from)
      .split(/^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)/m)
      .filter((entry) => /^\S+ \S+ (WARNING|ERROR|CRITICAL) /.test(entry) || entry.includes('No matching payload'))
      .filter((entry) => /mqtt|smart_?meter|スマートメーター|店/i.test(entry))
      .filter((entry) => !/Updating state for \S+ .* took [\d.]+ seconds/.test(entry)); // a busy machine
  }

  call<T>(type: string, fields: Json = {}): Promise<T> {
    if (!this.#socket) throw new Error('Home Assistant does not run');
    return this.#socket.call<T>(type, fields);
  }

  async get(path: string): Promise<unknown> {
    const { status, body } = await this.#fetch(path);
    if (status !== 200) throw new Error(`${path}: HTTP ${status}: ${body}`);
    return JSON.parse(body);
  }

  /** As a form of its page does. @throws Error with its answer when it refuses. */
  async post<T>(path: string, fields: Json): Promise<T> {
    const { status, body } = await this.#fetch(path, 'application/json', JSON.stringify(fields));
    if (status !== 200) throw new Error(`${path}: HTTP ${status}: ${body}`);
    return JSON.parse(body) as T;
  }

  /** Our entities, or those of another integration, by unique id. */
  async entities(platform = 'mqtt'): Promise<Map<string, Entity>> {
    const all = await this.call<readonly Entity[]>('config/entity_registry/list');
    return new Map(all.filter((entity) => entity.platform === platform).map((entity) => [entity.unique_id, entity]));
  }

  /** Our devices by identifier. */
  async devices(): Promise<Map<string, Device>> {
    const all = await this.call<readonly Device[]>('config/device_registry/list');
    return new Map(
      all.flatMap((device) => device.identifiers.flatMap(([domain, id]) => (domain === 'mqtt' ? [[id, device]] : []))),
    );
  }

  /** The states of our entities, or of another integration's, by unique id; the disabled ones have none. */
  async states(platform = 'mqtt'): Promise<Map<string, State>> {
    const [entities, all] = await Promise.all([this.entities(platform), this.call<readonly State[]>('get_states')]);
    const byEntityId = new Map(all.map((state) => [state.entity_id, state]));
    return new Map(
      [...entities].flatMap(([uniqueId, { entity_id }]) => {
        const state = byEntityId.get(entity_id);
        return state ? [[uniqueId, state]] : [];
      }),
    );
  }

  /** Waits until the states satisfy `check`, which says what is still wrong. */
  async untilStates(check: (states: ReadonlyMap<string, State>) => readonly string[], limitMs = 40_000): Promise<void> {
    let wrong: readonly string[] = [];
    const satisfied = async (): Promise<boolean> => {
      wrong = check(await this.states());
      return wrong.length === 0;
    };
    await this.#until(() => `shows: ${wrong.join('; ')}`, satisfied, limitMs);
  }

  /** Presses a button, as a person does in the interface. */
  async press(uniqueId: string): Promise<void> {
    const entity_id = (await this.entities()).get(uniqueId)?.entity_id;
    await this.call('call_service', { domain: 'button', service: 'press', service_data: {}, target: { entity_id } });
  }

  /** Sets a number, as a person does in the interface. */
  async set(uniqueId: string, value: number): Promise<void> {
    const entity_id = (await this.entities()).get(uniqueId)?.entity_id;
    const service_data = { value };
    await this.call('call_service', { domain: 'number', service: 'set_value', service_data, target: { entity_id } });
  }

  /** Enables entities, as a person does in the interface; what Home Assistant does 30 s later is done now. */
  async enable(...uniqueIds: readonly string[]): Promise<void> {
    const entities = await this.entities();
    for (const id of uniqueIds) {
      const entity_id = entities.get(id)?.entity_id;
      await this.call('config/entity_registry/update', { entity_id, disabled_by: null });
    }
    const entry = '/api/config/config_entries/entry';
    const [mqtt] = (await this.get(`${entry}?domain=mqtt`)) as readonly Json[];
    await this.post(`${entry}/${String(mqtt?.['entry_id'])}/reload`, {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #configure(): Promise<void> {
    const configuration = [
      'homeassistant: { name: test, latitude: 35.68, longitude: 139.76, elevation: 10, unit_system: metric, time_zone: Asia/Tokyo, currency: JPY, country: JP }',
      `http: { server_host: 127.0.0.1, server_port: ${this.#port} }`,
      'recorder: { commit_interval: 1 }',
      'history:',
      'energy:',
      'logger: { default: warning, logs: { homeassistant.components.mqtt: info } }',
      '',
    ];
    const at = '2026-01-01T00:00:00+00:00';
    const entry = {
      created_at: at,
      modified_at: at,
      data: { broker: '127.0.0.1', port: this.#broker },
      disabled_by: null,
      discovery_keys: {},
      domain: 'mqtt',
      entry_id: '01JE2E0000000000000000000A',
      version: 1,
      minor_version: 2,
      options: {},
      pref_disable_new_entities: false,
      pref_disable_polling: false,
      source: 'user',
      subentries: [],
      title: '127.0.0.1',
      unique_id: null,
    };
    const storage = { version: 1, minor_version: 5, key: 'core.config_entries', data: { entries: [entry] } };
    await mkdir(join(this.#folder, '.storage'));
    await writeFile(join(this.#folder, 'configuration.yaml'), configuration.join('\n'));
    await writeFile(join(this.#folder, '.storage/core.config_entries'), JSON.stringify(storage));
  }

  /** The one step of onboarding that is needed; the others want the Internet. */
  async #becomeOwner(): Promise<string> {
    const client_id = `http://127.0.0.1:${this.#port}/`;
    const owner = { client_id, name: 'test', username: 'test', password: 'test-password', language: 'ja' };
    const created = await this.#fetch('/api/onboarding/users', 'application/json', JSON.stringify(owner));
    const { auth_code } = JSON.parse(created.body) as { readonly auth_code: string };
    const grant = new URLSearchParams({ grant_type: 'authorization_code', code: auth_code, client_id });
    const granted = await this.#fetch('/auth/token', 'application/x-www-form-urlencoded', grant.toString());
    return (JSON.parse(granted.body) as { readonly access_token: string }).access_token;
  }

  /** Status 0: nobody there. */
  async #fetch(
    path: string,
    type?: string,
    body?: string,
  ): Promise<{ readonly status: number; readonly body: string }> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
        headers: {
          ...(this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(type === undefined ? {} : { 'content-type': type }),
        },
        ...(body === undefined ? {} : { method: 'POST', body }),
      });
      return { status: response.status, body: await response.text() };
    } catch {
      return { status: 0, body: '' };
    }
  }

  async #until(what: string | (() => string), probe: () => Promise<boolean>, limitMs = 60_000): Promise<void> {
    const end = performance.now() + limitMs;
    for (;;) {
      const code = this.#program?.code;
      if (code !== undefined) throw new Error(`Home Assistant ended: ${String(code)}\n${this.#tail()}`);
      if (await probe()) return;
      if (performance.now() > end)
        throw new Error(
          `not within ${limitMs / 1000} s: Home Assistant ${typeof what === 'string' ? what : what()}\n${this.#tail()}`,
        );
      await delay(100);
    }
  }

  #tail(): string {
    const { stdout = '', stderr = '' } = this.#program ?? {};
    return `${stdout}${stderr}`.split('\n').slice(-40).join('\n');
  }
}

const soonBeforeRows = (): { readonly shiftMs: number } => ({
  shiftMs: Math.round((SLOT_MS - (Date.now() % SLOT_MS) - ROWS_AFTER_MS + SLOT_MS) % SLOT_MS),
});

/** An older one does not know the command; a later start has nothing left to confirm. */
const ignoreNothingToDo = (error: unknown): void => {
  if (!(error instanceof Refused && ['unknown_command', 'not_allowed'].includes(error.code))) throw error;
};
