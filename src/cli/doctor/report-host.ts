import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { arch, cpus, release, totalmem, type, uptime } from 'node:os';
import { join } from 'node:path';
import { usbPorts } from '../../wire/usb-sysfs.ts';
import type { ProcessEnvironment } from '../../app/context.ts';

/** The machine, without its name. */
export async function hostFacts(env: ProcessEnvironment): Promise<Readonly<Record<string, unknown>>> {
  const osRelease = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return {
    os: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? type(),
    kernel: `${type()} ${release()}`,
    arch: arch(),
    cpus: cpus().length,
    memory_mb: Math.round(totalmem() / 1_000_000),
    uptime_s: Math.round(uptime()),
    container: await containerKind(env),
    uid: process.getuid?.() ?? null,
    groups: process.getgroups?.() ?? [],
    // values may be secret, names are not
    variables: Object.keys(env)
      .filter((name) => /^(BROUTE2MQTT|SMARTMETER)_/.test(name))
      .sort(),
    timezone: env['TZ'] ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

async function containerKind(env: ProcessEnvironment): Promise<string> {
  if (env['SUPERVISOR_TOKEN'] !== undefined) return 'Home Assistant app';
  if (env['KUBERNETES_SERVICE_HOST'] !== undefined) return 'kubernetes';
  if (await isThere('/run/.containerenv')) return 'podman';
  if (await isThere('/.dockerenv')) return 'docker';
  return env['container'] ?? 'none seen';
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

export interface UsbFacts {
  readonly ports: readonly unknown[];
  readonly byId: readonly string[];
  /** Serial numbers of sticks, which stand in names and paths. */
  readonly serials: readonly string[];
}

/** Shorter ones, such as 0001, tell no stick from another and would blacken innocent text. */
const SHORTEST_SERIAL = 6;

export async function usbFacts(roots = { dev: '/dev', sys: '/sys' }): Promise<UsbFacts> {
  const ports = await usbPorts(roots);
  const folder = join(roots.dev, 'serial/by-id');
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
