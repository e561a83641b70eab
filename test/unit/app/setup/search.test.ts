import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findBrokers } from '../../../../src/app/setup/broker-search.ts';
import { houseAddress } from '../../../../src/app/house-address.ts';
import { pageAnswer, pageLink } from '../../../../src/app/setup/page-answer.ts';
import { qrText } from '../../../../src/app/setup/qr-text.ts';
import { findSticks } from '../../../../src/app/setup/stick-search.ts';
import { systemClock } from '../../../../src/kernel/clock.ts';
import { BridgeError } from '../../../../src/kernel/errors.ts';

const never = new AbortController().signal;

test('known sticks come first, foreign ones last, ports without a name between', async () => {
  const root = await mkdtemp(join(tmpdir(), 'sticks-'));
  try {
    const dev = join(root, 'dev');
    await mkdir(join(dev, 'serial/by-id'), { recursive: true });
    const plug = async (tty: string, name?: string): Promise<void> => {
      await writeFile(join(dev, tty), '');
      if (name !== undefined) await symlink(join(dev, tty), join(dev, 'serial/by-id', name));
    };
    await plug('ttyUSB0', 'usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_01-if00-port0');
    await plug('ttyUSB1', 'usb-FTDI_FT230X_Basic_UART_DK0A-if00-port0');
    await plug('ttyACM0');
    await plug('ttyUSB2', 'usb-1a86_USB_Serial-if00-port0');
    const sticks = await findSticks({ dev, sys: join(root, 'sys') });
    expect(sticks.map(({ kind, path }) => [kind, path.slice(dev.length + 1).slice(0, 22)])).toEqual([
      ['known', 'serial/by-id/usb-FTDI_'],
      ['other', 'serial/by-id/usb-1a86_'],
      ['other', 'ttyACM0'],
      ['foreign', 'serial/by-id/usb-ITead'],
    ]);
  } finally {
    await rm(root, { recursive: true });
  }
});

test('brokers that answer are found, in order, with or without a login', async () => {
  const visit = async ({ url }: { readonly url: string }): Promise<never> => {
    if (url.includes('open')) return undefined as never;
    throw new BridgeError(url.includes('locked') ? 'BROKER_REFUSED' : 'BROKER_UNREACHABLE', url);
  };
  const urls = ['mqtt://nowhere:1883', 'mqtt://locked:1883', 'mqtt://open:1883'];
  expect(await findBrokers(systemClock, never, { visit, urls })).toEqual([
    { url: 'mqtt://locked:1883', needsLogin: true },
    { url: 'mqtt://open:1883', needsLogin: false },
  ]);
});

test('the whole house needs a token, this machine none; a link holds it', async () => {
  const house = await pageAnswer('house');
  expect(house.token).toMatch(/^[0-9a-f]{32}$/);
  expect(house.listen).toMatch(/^0\.0\.0\.0:80\d\d$/);
  expect((await pageAnswer('machine')).token).toBeUndefined();
  expect(pageLink({ listen: '0.0.0.0:8080', token: 'a' }, '192.168.1.7')).toBe('http://192.168.1.7:8080/?token=a');
  expect(pageLink({ listen: '127.0.0.1:8081' }, '192.168.1.7')).toBe('http://127.0.0.1:8081/');
});

test('the address in the house is no container network’s', () => {
  const address = (text: string, internal = false) =>
    [{ address: text, family: 'IPv4', internal }] as NetworkInterfaceInfo[];
  const all = { lo: address('127.0.0.1', true), docker0: address('172.17.0.1'), eth0: address('192.168.1.7') };
  expect(houseAddress(all)).toBe('192.168.1.7');
  expect(houseAddress({ lo: all.lo })).toBeUndefined();
});

test('a QR code says what it was made of, to a program that reads QR codes', async () => {
  const link = `http://192.168.1.7:8080/?token=${'0123456789abcdef'.repeat(2)}`;
  const lines = (await qrText(link))
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replaceAll(/[^ █▀▄]|\[[\d;]*m/g, ''));
  const { decodeQR } = await import('qr/decode.js');
  expect(decodeQR(picture(lines))).toBe(link);
  expect(lines.length).toBeLessThan(25);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(50);
});

/** What a camera would see: four pixels each way for a module. */
function picture(lines: readonly string[]): { width: number; height: number; data: Uint8Array } {
  const SCALE = 4;
  const rows = lines.flatMap((line) => [
    Array.from(line, (block) => block === '█' || block === '▀'),
    Array.from(line, (block) => block === '█' || block === '▄'),
  ]);
  const [width, height] = [(rows[0]?.length ?? 0) * SCALE, rows.length * SCALE];
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.fill(
        rows[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] ? 0 : 255,
        (y * width + x) * 4,
        (y * width + x) * 4 + 4,
      );
  return { width, height, data };
}
