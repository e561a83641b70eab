import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { plainLine, plainText } from '../kernel/plain-text.ts';

const BY_ID = 'serial/by-id';

/** Where the system shows its devices; a test's own folders instead. */
export interface Roots {
  readonly dev: string;
  readonly sys: string;
}

export const SYSTEM_ROOTS: Roots = { dev: '/dev', sys: '/sys' };

/** A serial port on USB, as the system describes it without anyone opening it. */
export interface UsbPort {
  /** What to open: the link in /dev/serial/by-id where there is one. */
  readonly path: string;
  /** What stands behind the path: `/dev/ttyUSB0`. */
  readonly device: string;
  /** `idVendor:idProduct` in lower case; undefined where sysfs does not tell. */
  readonly usb: string | undefined;
  /** Manufacturer and product, in the device's own words; else what udev made of them for the link. */
  readonly words: string;
  /** Tells the same stick again, though it comes back as another ttyUSB. */
  readonly key: string;
}

/**
 * Every serial port on USB. `SerialPort.list()` is no way to find them: it runs udevadm, and where that is missing, as in
 * slim containers, the process ends.
 */
export async function usbPorts(roots = SYSTEM_ROOTS): Promise<UsbPort[]> {
  const links = await byIdLinks(roots.dev);
  const ports = new Map<string, UsbPort>();
  for (const tty of await names(join(roots.sys, 'class/tty'))) {
    const usb = await usbDevice(join(roots.sys, 'class/tty', tty));
    const device = usb && (await nodeOf(tty, roots));
    if (!usb || !device) continue;
    const link = links.get(device);
    const words = [usb.manufacturer, usb.product].filter((word) => word !== undefined).join(' ');
    const key = usb.serial === undefined ? (link ?? device) : `${usb.id} ${usb.serial} ${usb.interface}`;
    ports.set(device, { path: link ?? device, device, usb: usb.id, words: words || wordsOf(link), key });
  }
  for (const [device, link] of links) {
    if (!ports.has(device)) ports.set(device, { path: link, device, usb: undefined, words: wordsOf(link), key: link });
  }
  return [...ports.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface UsbDevice {
  readonly id: string;
  readonly interface: string;
  readonly manufacturer: string | undefined;
  readonly product: string | undefined;
  readonly serial: string | undefined;
}

/** A tty's `device` leads to the USB interface or into it; the folder with the ids is some steps above. */
async function usbDevice(tty: string): Promise<UsbDevice | undefined> {
  let number = '';
  let folder = await realpath(join(tty, 'device')).catch(() => '/');
  for (; folder !== '/'; folder = dirname(folder)) {
    number ||= (await text(folder, 'bInterfaceNumber')) ?? '';
    const [vendor, product] = [await text(folder, 'idVendor'), await text(folder, 'idProduct')];
    if (vendor === undefined || product === undefined) continue;
    return {
      id: `${vendor}:${product}`.toLowerCase(),
      interface: number,
      manufacturer: await text(folder, 'manufacturer'),
      product: await text(folder, 'product'),
      serial: await text(folder, 'serial'),
    };
  }
  return undefined;
}

/**
 * The device file of a tty, by its number: into a container it can have been passed under any name, and another device
 * under its own. With `compose.live-dev.yml` it stands in the by-id folder itself.
 */
async function nodeOf(tty: string, { dev, sys }: Roots): Promise<string | undefined> {
  const number = await text(join(sys, 'class/tty', tty), 'dev');
  const isIt = async (path: string): Promise<boolean> => {
    const info = await stat(path).catch(() => undefined);
    return info?.isCharacterDevice() === true && deviceNumber(info.rdev).join(':') === number;
  };
  const inside = async (folder: string): Promise<string[]> => (await names(folder)).map((name) => join(folder, name));
  for (const path of [join(dev, tty), ...(await inside(dev)), ...(await inside(join(dev, BY_ID)))]) {
    if (await isIt(path)) return await realpath(path).catch(() => undefined);
  }
  return undefined;
}

/** Linux: 12 bits of major number amid 20 bits of minor number. */
export const deviceNumber = (rdev: number): readonly [major: number, minor: number] => [
  (rdev >> 8) & 0xfff,
  (rdev & 0xff) | ((rdev >>> 12) & 0xfff00),
];

/** Links by what they lead to. One that leads nowhere is a stick that is being pulled out. */
async function byIdLinks(dev: string): Promise<Map<string, string>> {
  const folder = join(dev, BY_ID);
  const links = new Map<string, string>();
  for (const name of await names(folder)) {
    const device = await realpath(join(folder, name)).catch(() => undefined);
    if (device !== undefined) links.set(device, join(folder, name));
  }
  return links;
}

/** `…/usb-FTDI_FT230X_Basic_UART_DK0A-if00-port0` → `FTDI FT230X Basic UART DK0A`. */
const wordsOf = (link = ''): string =>
  plainText(link.slice(link.lastIndexOf('/') + 1))
    .replace(/^usb-/, '')
    .replace(/-if\d+(-port\d+)?$/, '')
    .replaceAll('_', ' ');

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

const text = async (folder: string, name: string): Promise<string | undefined> =>
  plainLine(await readFile(join(folder, name), 'utf8').catch(() => '')) || undefined;
