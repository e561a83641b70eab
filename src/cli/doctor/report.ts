import { existsSync } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { arch, cpus, homedir, release, totalmem, type, uptime } from 'node:os';
import { join, relative } from 'node:path';
import { systemClock } from '../../kernel/clock.ts';
import { systemCode } from '../../kernel/errors.ts';
import { Redactor } from '../../kernel/redactor.ts';
import { shownUrl } from '../../broker/connection-attempt.ts';
import { writeUserFile } from '../../store/user-file.ts';
import { usbPorts } from '../../wire/usb-sysfs.ts';
import { packageVersion } from '../../app/context.ts';
import type { CliContext, ProcessEnvironment } from '../../app/context.ts';
import type { Loaded } from '../../app/load-settings.ts';
import { resultObject } from './check.ts';
import type { CheckResult } from './check.ts';
import type { Examination } from './examine.ts';

/** Everything a bug report needs and nothing that is private, as one JSON file for the owner alone. @throws BridgeError USAGE */
export async function writeReport(
  path: string,
  replace: boolean,
  { results, config }: Examination,
  { env, redactor }: CliContext,
): Promise<void> {
  const nowMs = systemClock.now();
  const { serials, ...usb } = await usbFacts();
  const report = {
    version: packageVersion(),
    node: process.versions,
    time: new Date(nowMs).toISOString(),
    host: await hostFacts(env),
    checks: results.map((result) => resultObject(withoutValues(result), 'en')),
    configuration: config ? maskedConfig(config) : 'not valid',
    usb,
    state: await stateFiles(config?.state_dir, nowMs),
  };
  const ofSticks = new Redactor();
  for (const serial of serials) ofSticks.add(serial);
  const clean = (text: string): string => withoutPlaces(ofSticks.redact(redactor.redact(text)));
  // by value, so that a secret of digits breaks no number
  const replacer = (_key: string, value: unknown): unknown => (typeof value === 'string' ? clean(value) : value);
  await writeUserFile(path, `${JSON.stringify(report, replacer, 2)}\n`, replace);
}

/** What a household uses is nobody's business. */
const withoutValues = (result: CheckResult): CheckResult =>
  result.id === 'reading' && result.mark === 'ok'
    ? { ...result, detail: { en: 'values told, left out here', ja: '値は省略' } }
    : result;

const SET = '[set]';

/** What is configured; of what is secret or personal only that it is. */
function maskedConfig(config: Loaded['config']): unknown {
  const { meters, mqtt, http, ...rest } = config;
  return {
    meters: meters.map(({ on_stuck_command: hook, ...meter }) => ({
      ...meter,
      name: SET,
      route_b_id: SET,
      route_b_password: SET,
      ...(hook && { on_stuck_command: `${hook[0]} and ${hook.length - 1} argument(s)` }),
    })),
    ...(mqtt && {
      mqtt: {
        ...mqtt,
        url: shownUrl(mqtt.url),
        ...(mqtt.username === undefined ? {} : { username: SET }),
        ...(mqtt.password === undefined ? {} : { password: SET }),
      },
    }),
    ...(http && { http: { listen: http.listen, ...(http.token === undefined ? {} : { token: SET }) } }),
    ...rest,
  };
}

/** A net under the lists above: addresses of meters (EUI-64, link-local) in whatever text, and whose home this is. */
function withoutPlaces(text: string): string {
  const home = homedir();
  const own = home.length > 1 ? text.replaceAll(home, '~') : text;
  return own
    .replace(/\bFE80(:[0-9A-F]{0,4}){2,8}/gi, '[address]')
    .replace(/\b[0-9A-F]{16,}\b/gi, '[address]')
    .replace(/\b([0-9A-F]{2}[:-]){5,7}[0-9A-F]{2}\b/gi, '[address]');
}

/** The machine, without its name. */
async function hostFacts(env: ProcessEnvironment): Promise<Readonly<Record<string, unknown>>> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return {
    os: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? type(),
    kernel: `${type()} ${release()}`,
    arch: arch(),
    cpus: cpus().length,
    memory_mb: Math.round(totalmem() / 1_000_000),
    uptime_s: Math.round(uptime()),
    container: containerKind(env),
    uid: process.getuid?.() ?? null,
    groups: process.getgroups?.() ?? [],
    // values may be secret, names are not
    variables: Object.keys(env)
      .filter((name) => /^(BROUTE2MQTT|SMARTMETER)_/.test(name))
      .sort(),
    timezone: env['TZ'] ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function containerKind(env: ProcessEnvironment): string {
  if (env['SUPERVISOR_TOKEN'] !== undefined) return 'Home Assistant app';
  if (env['KUBERNETES_SERVICE_HOST'] !== undefined) return 'kubernetes';
  if (existsSync('/run/.containerenv')) return 'podman';
  if (existsSync('/.dockerenv')) return 'docker';
  return env['container'] ?? 'none seen';
}

interface UsbFacts {
  readonly ports: readonly unknown[];
  readonly byId: readonly string[];
  /** Serial numbers of sticks, which stand in names and paths. */
  readonly serials: readonly string[];
}

/** Shorter ones, such as 0001, tell no stick from another and would blacken innocent text. */
const SHORTEST_SERIAL = 6;

async function usbFacts(): Promise<UsbFacts> {
  const ports = await usbPorts();
  const folder = '/dev/serial/by-id';
  const names = await readdir(folder).catch(() => []);
  const links = names.map(async (name) => `${name} -> ${await readlink(join(folder, name)).catch(() => '?')}`);
  return {
    ports: ports.map(({ path, device, usb, words }) => ({ path, device, usb: usb ?? null, words })),
    byId: await Promise.all(links),
    serials: ports.flatMap(({ key, usb }) => {
      const serial = usb !== undefined && key.startsWith(`${usb} `) ? key.split(' ')[1] : undefined;
      return serial !== undefined && serial.length >= SHORTEST_SERIAL ? [serial] : [];
    }),
  };
}

/** A folder that holds more is not ours alone. */
const MOST_FILES = 200;
const MOST_BYTES = 100_000;

type Fields = Readonly<Record<string, unknown>>;

/** What of each file may be told: nothing that names a meter or says what a household uses. */
const SHOWN: Readonly<Record<string, (content: Fields) => Fields>> = {
  'pan.json': ({ channel, panId }) => ({ channel, panId }),
  'run.json': ({ run }) => ({ run }),
  'airtime.json': ({ usedUpSince }) => ({ usedUpSince }),
  'meter.json': (content) => ({
    profile: profileOf(content['profile']),
    import: stampOf(content['import']),
    export: stampOf(content['export']),
    requestSize: content['requestSize'],
    roundTripMs: content['roundTripMs'],
  }),
};

function profileOf(value: unknown): Fields | undefined {
  if (!isFields(value)) return undefined;
  const { getMap, makerCode, release, energyScale, hasTPhase, hasExport } = value;
  return { getMap, makerCode, release, energyScale, hasTPhase, hasExport };
}

/** When a register was last accepted, not what it showed. */
const stampOf = (value: unknown): Fields | undefined =>
  isFields(value) && typeof value['atMs'] === 'number' ? { atMs: value['atMs'] } : undefined;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every file below `state_dir`: size, mode, age; of our small ones what is in them. */
async function stateFiles(dir: string | undefined, nowMs: number): Promise<unknown> {
  if (dir === undefined) return 'no state_dir';
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => systemCode(error) ?? 'unreadable',
  );
  if (typeof entries === 'string') return entries;
  const files = entries.filter((entry) => !entry.isDirectory()).slice(0, MOST_FILES);
  return await Promise.all(files.map((file) => described(dir, join(file.parentPath, file.name), file.name, nowMs)));
}

async function described(dir: string, path: string, name: string, nowMs: number): Promise<unknown> {
  const info = await stat(path).catch(() => undefined);
  if (!info) return { file: relative(dir, path), gone: true };
  const pick = Object.hasOwn(SHOWN, name) ? SHOWN[name] : undefined;
  return {
    file: relative(dir, path),
    bytes: info.size,
    mode: (info.mode & 0o777).toString(8).padStart(4, '0'),
    uid: info.uid,
    age_s: Math.round((nowMs - info.mtimeMs) / 1000),
    ...(pick && info.isFile() && info.size <= MOST_BYTES ? { content: await contentOf(path, pick) } : {}),
  };
}

async function contentOf(path: string, pick: (content: Fields) => Fields): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isFields(value) ? pick(value) : 'no object';
  } catch (error) {
    return error instanceof SyntaxError ? 'damaged' : (systemCode(error) ?? 'unreadable');
  }
}
