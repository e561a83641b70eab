import * as z from 'zod';

/**
 * What Home Assistant's Supervisor accepts of an app and how it rates one, after its published source:
 * home-assistant/supervisor, supervisor/apps/{validate,options}.py (commits 2791660 and 1ee90b7), supervisor/apps/utils.py
 * (29d80b8), supervisor/store/{data,validate}.py (07c827f, 03b5980), supervisor/utils/apparmor.py (29a455a). Keys it drops
 * without a word are errors here, and so are deprecated ones.
 */
export const SUPERVISOR_ELEMENT =
  /^(?:|bool|email|url|port|device(?:\((?:subsystem=[a-z]+)\))?|str(?:\((?:\d+)?,(?:\d+)?\))?|password(?:\((?:\d+)?,(?:\d+)?\))?|int(?:\((?:-?\d+)?,(?:-?\d+)?\))?|float(?:\((?:-?\d*\.?\d+)?,(?:-?\d*\.?\d+)?\))?|match\((?:.*)\)|list\((?:.+)\))\??$/;

const version = z.string().regex(/^\d+(\.\d+)*/);
const flag = z.boolean().default(false);
const port = z.int().min(1).max(65_535);
const ports = z.record(z.string().regex(/^\d+(?:\/tcp|\/udp)?$/), port.nullable());
const CAPABILITIES = [
  'BPF',
  'CHECKPOINT_RESTORE',
  'DAC_READ_SEARCH',
  'IPC_LOCK',
  'NET_ADMIN',
  'NET_RAW',
  'PERFMON',
  'SYS_ADMIN',
  'SYS_MODULE',
  'SYS_NICE',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_RESOURCE',
  'SYS_TIME',
] as const;

export const supervisorConfig = z.strictObject({
  name: z.string().min(1),
  version,
  slug: z.string().regex(/^[-_.A-Za-z0-9]+$/),
  description: z.string(),
  arch: z.array(z.enum(['aarch64', 'amd64'])).min(1),
  url: z.url().optional(),
  image: z
    .string()
    .regex(/^([a-zA-Z\-.:\d{}]+\/)*?([-\w{}]+)\/([-\w{}]+)$/)
    .optional(),
  startup: z.enum(['initialize', 'system', 'services', 'application', 'once']).default('application'),
  boot: z.enum(['auto', 'manual', 'manual_only']).default('auto'),
  stage: z.enum(['stable', 'experimental', 'deprecated']).default('stable'),
  init: z.boolean().default(true),
  homeassistant: version.optional(),
  timeout: z.int().min(10).max(300).default(10),
  ports: ports.optional(),
  watchdog: z
    .string()
    .regex(/^(?:https?|\[PROTO:\w+\]|tcp):\/\/\[HOST\]:(\[PORT:\d+\]|\d+).*$/)
    .optional(),
  ingress: flag,
  ingress_port: z.union([port, z.literal(0)]).default(8099),
  panel_icon: z.string().default('mdi:puzzle'),
  panel_title: z.string().optional(),
  panel_admin: z.boolean().default(true),
  services: z.array(z.string().regex(/^(mqtt|mysql):(provide|want|need)$/)).default([]),
  backup: z.enum(['hot', 'cold']).default('hot'),
  backup_exclude: z.array(z.string()).default([]),
  apparmor: z.boolean().default(true),
  privileged: z.array(z.enum(CAPABILITIES)).default([]),
  hassio_role: z.enum(['default', 'homeassistant', 'backup', 'manager', 'admin']).default('default'),
  hassio_api: flag,
  homeassistant_api: flag,
  auth_api: flag,
  docker_api: flag,
  full_access: flag,
  host_network: flag,
  host_pid: flag,
  host_ipc: flag,
  host_uts: flag,
  host_dbus: flag,
  kernel_modules: flag,
  uart: flag,
  usb: flag,
  gpio: flag,
  udev: flag,
  devices: z.array(z.string()).default([]),
  options: z.record(z.string(), z.unknown()).default({}),
  schema: z.record(z.string(), z.string().regex(SUPERVISOR_ELEMENT)).default({}),
});
export type SupervisorConfig = z.output<typeof supervisorConfig>;

export const supervisorRepository = z.strictObject({
  name: z.string(),
  url: z.url().optional(),
  maintainer: z.string().optional(),
});

/** Each option with its name, as the user interface shows it. */
export const supervisorTranslations = z.strictObject({
  configuration: z.record(z.string(), z.strictObject({ name: z.string().min(1), description: z.string().min(1) })),
  network: z.record(z.string(), z.string()).optional(),
});

const WEAKENING: ReadonlySet<string> = new Set(
  CAPABILITIES.filter((name) => !['IPC_LOCK', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME'].includes(name)),
);

/** 1 to 8. @param hasProfile an `apparmor.txt` of its own is installed. */
export function supervisorRating(config: SupervisorConfig, hasProfile: boolean): number {
  if (config.docker_api || config.full_access) return 1;
  const isClosed = !config.host_network && Object.values(config.ports ?? {}).every((outside) => outside === null);
  const sum = [
    5,
    config.apparmor ? (hasProfile ? 1 : 0) : -1,
    config.ingress || isClosed ? 2 : config.auth_api ? 1 : 0,
    config.kernel_modules || config.privileged.some((name) => WEAKENING.has(name)) ? -1 : 0,
    { manager: -1, admin: -2, default: 0, homeassistant: 0, backup: 0 }[config.hassio_role],
    config.host_network ? -1 : 0,
    config.host_pid ? -2 : 0,
    config.host_uts && config.privileged.includes('SYS_ADMIN') ? -1 : 0,
  ].reduce((total, part) => total + part, 0);
  return Math.max(1, Math.min(8, sum));
}

/** The files of a repository that the Supervisor reads as the configuration of an app. */
export const supervisorFinds = (files: readonly string[]): string[] =>
  files.filter(
    (file) =>
      /(^|\/)config\.([^/]*\.)?(json|ya?ml)$/.test(file) &&
      !file.split('/').some((part) => part.startsWith('.') || part === 'rootfs'),
  );

/** The one profile a file holds: the Supervisor gives it the installed app's name. */
export const profilesIn = (text: string): string[] =>
  text.split('\n').flatMap((line) => /^profile ([^ ]+).*$/.exec(line)?.slice(1) ?? []);
