import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Roots } from '../../../src/wire/usb-sysfs.ts';
import { usbPorts } from '../../../src/wire/usb-sysfs.ts';

let folder = '';
let roots: Roots = { dev: '', sys: '' };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'usb-'));
  roots = { dev: join(folder, 'dev'), sys: join(folder, 'sys') };
});
afterEach(() => rm(folder, { recursive: true }));

/** As the kernel has it: the tty's `device` inside the interface, the interface inside the device with the ids. */
async function sysfsTty(tty: string, number: string, about: Readonly<Record<string, string>> = {}): Promise<void> {
  const device = join(roots.sys, 'devices/pci0000:00/usb1', `1-${tty}`);
  const inner = join(device, `1-${tty}:1.0`, tty);
  const entry = join(roots.sys, 'class/tty', tty);
  await mkdir(inner, { recursive: true });
  await mkdir(entry, { recursive: true });
  await symlink(inner, join(entry, 'device'));
  await writeFile(join(entry, 'dev'), `${number}\n`);
  await writeFile(join(device, `1-${tty}:1.0`, 'bInterfaceNumber'), '00\n');
  for (const [name, value] of Object.entries(about)) await writeFile(join(device, name), `${value}\n`);
}

const ftdi = {
  idVendor: '0403',
  idProduct: '6015',
  manufacturer: 'FTDI',
  product: 'FT230X Basic UART',
  serial: 'DK0A',
};

/** Real devices stand behind the names: /dev/null is 1:3, /dev/zero 1:5. */
async function node(name: string, target = '/dev/null'): Promise<void> {
  await mkdir(roots.dev, { recursive: true });
  await symlink(target, join(roots.dev, name));
}

async function link(name: string, target = '/dev/null'): Promise<string> {
  await mkdir(join(roots.dev, 'serial/by-id'), { recursive: true });
  await symlink(target, join(roots.dev, 'serial/by-id', name));
  return join(roots.dev, 'serial/by-id', name);
}

test('where there is neither sysfs nor a by-id folder, there is no port', async () => {
  expect(await usbPorts(roots)).toEqual([]);
});

test('a port in sysfs, with its link when there is one; its key is the same with and without', async () => {
  await sysfsTty('ttyUSB0', '1:3', ftdi);
  await node('ttyUSB0');
  const described = {
    device: '/dev/null',
    usb: '0403:6015',
    words: 'FTDI FT230X Basic UART',
    key: '0403:6015 DK0A 00',
  };
  expect(await usbPorts(roots)).toEqual([{ path: '/dev/null', ...described }]);
  const path = await link('usb-FTDI_FT230X_Basic_UART_DK0A-if00-port0');
  expect(await usbPorts(roots)).toEqual([{ path, ...described }]);
});

test('a link without sysfs tells by its name; one that leads nowhere is no port', async () => {
  const path = await link('usb-RATOC_Systems__Ltd._RS-WSUHA-P-if00-port0');
  await link('usb-gone-if00', '/dev/ttyNOWHERE');
  const words = 'RATOC Systems  Ltd. RS-WSUHA-P';
  expect(await usbPorts(roots)).toEqual([{ path, device: '/dev/null', usb: undefined, words, key: path }]);
});

test('in a container the device file is found by its number, whatever its name', async () => {
  await sysfsTty('ttyUSB1', '1:5', { ...ftdi, product: 'ConBee' });
  await sysfsTty('ttyUSB3', '1:3', ftdi);
  await node('ttyUSB1'); // passed in as `ttyUSB3:ttyUSB1`: number 1:3
  expect(await usbPorts(roots)).toMatchObject([{ device: '/dev/null', words: 'FTDI FT230X Basic UART' }]);
});

test('a port that is not on USB, and one whose device file is not there, are left out', async () => {
  await sysfsTty('ttyS0', '1:3');
  await sysfsTty('ttyUSB0', '188:0', ftdi);
  await node('ttyS0');
  expect(await usbPorts(roots)).toEqual([]);
});

test('a stick without words or serial number is told by its device', async () => {
  await sysfsTty('ttyACM0', '1:3', { idVendor: '1A86', idProduct: '55D4' });
  await node('ttyACM0');
  const port = { path: '/dev/null', device: '/dev/null', usb: '1a86:55d4', words: '', key: '/dev/null' };
  expect(await usbPorts(roots)).toEqual([port]);
});

test('in a container that is shown the by-id folder alone, a device file in it is found by its number', async () => {
  await sysfsTty('ttyUSB3', '1:3', ftdi);
  const path = await link('usb-FTDI_FT230X_Basic_UART_DK0A-if00-port0');
  expect(await usbPorts(roots)).toMatchObject([{ path, usb: '0403:6015', key: '0403:6015 DK0A 00' }]);
});

test('a device that names itself with escape sequences has a name all the same', async () => {
  const product = `\u001b]0;gone\u0007Wi-\u009bSUN\r\u001b[K\u202e${'x'.repeat(300)}`;
  await sysfsTty('ttyUSB0', '1:3', { ...ftdi, manufacturer: '\u001b[2J', product });
  await node('ttyUSB0');
  const [port] = await usbPorts(roots);
  expect(port?.words).toMatch(/^\[2J \]0;gone Wi- SUN \[Kx+$/);
  expect(port?.words.length).toBeLessThanOrEqual(410);
});
