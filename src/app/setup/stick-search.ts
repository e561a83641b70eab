import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import { knownStick, KNOWN_STICKS } from '../../wire/known-sticks.ts';
import { groupOf, portProblem } from '../../wire/port-problem.ts';
import { SYSTEM_ROOTS, usbPorts } from '../../wire/usb-sysfs.ts';
import type { UsbPort } from '../../wire/usb-sysfs.ts';

/** A serial port that may be the stick. */
export interface FoundStick {
  /** What the configuration names. */
  readonly path: string;
  /** What it is, by the table of known sticks, else in its own words. */
  readonly name: string;
  /** `other` and `foreign` are never taken without being chosen; `foreign` says by name that it is for something else. */
  readonly kind: 'known' | 'other' | 'foreign';
  /** Why it cannot be opened as we are, with the command that mends it. */
  readonly denied?: DeniedPort;
}

/** A port whose group we are not in. */
export interface DeniedPort {
  readonly error: BridgeError;
  /** Mends it for good, and goes on at once without a new login. */
  readonly command: string;
}

/** Sticks and boards of smart homes that speak something else, by their own words. */
export const FOREIGN =
  /zig-?bee|z-?wave|thread|matter|conbee|raspbee|dresden|sonoff|itead|skyconnect|zbt-\d|nabu|slzb|cc2[56]\d\d|efr32|aeotec|silicon labs hubz|arduino|3d ?print|gps|u-blox/i;
/** What no `/sys` tells of: ports of a container, and of this machine. */
const USB_TTY = /^tty(USB|ACM)\d+$/;

/** Every port that may be it: known sticks in their order, then what is unknown, what is certainly none last. */
export async function findSticks(roots = SYSTEM_ROOTS): Promise<readonly FoundStick[]> {
  const ports = await usbPorts(roots);
  const listed = new Set(ports.map(({ device }) => device));
  const others = (await readdir(roots.dev).catch(() => []))
    .filter((name) => USB_TTY.test(name) && !listed.has(join(roots.dev, name)))
    .sort()
    .map((name): UsbPort => {
      const path = join(roots.dev, name);
      return { path, device: path, usb: undefined, words: '', key: path };
    });
  const found = [...ports, ...others].map((port) => ({ port, place: placeOf(port) }));
  found.sort((one, other) => one.place - other.place); // stable: by path among equals
  return await Promise.all(found.map(({ port }) => describe(port)));
}

function placeOf(port: UsbPort): number {
  const at = KNOWN_STICKS.findIndex((stick) => stick === knownStick(port));
  if (at !== -1) return at;
  return FOREIGN.test(port.words) ? KNOWN_STICKS.length + 1 : KNOWN_STICKS.length;
}

async function describe(port: UsbPort): Promise<FoundStick> {
  const known = knownStick(port);
  const kind = known ? 'known' : FOREIGN.test(port.words) ? 'foreign' : 'other';
  const denied = await deniedOf(port.device);
  return { path: port.path, name: known?.name ?? port.words, kind, ...(denied && { denied }) };
}

async function deniedOf(device: string): Promise<DeniedPort | undefined> {
  try {
    await access(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const problem = await portProblem(device, error);
    if (problem.code !== 'PORT_DENIED') return undefined;
    const group = await groupOf(device);
    return { error: problem, command: `sudo usermod -aG ${group} $USER && sg ${group} -c 'broute2mqtt setup'` };
  }
}

/** What is said of a port beside its path. */
export function stickWords({ name, kind }: FoundStick): Text {
  if (kind === 'known') return { en: name, ja: name };
  if (kind === 'foreign')
    return { en: `${name}: not a Wi-SUN stick, it seems`, ja: `${name}（Wi-SUNスティックではなさそうです）` };
  return name === '' ? { en: 'unknown', ja: '不明' } : { en: `${name}: unknown`, ja: `${name}（未確認）` };
}
