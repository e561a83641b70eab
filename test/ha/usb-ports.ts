import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Stick } from '../support/stick.ts';

/** What a kernel tells of a USB serial port in /sys, as far as Home Assistant asks. */
const files = (i: number): Readonly<Record<string, string>> => ({
  'usb/idVendor': '0403',
  'usb/idProduct': '6015',
  'usb/bcdDevice': '1000',
  'usb/manufacturer': 'FTDI',
  'usb/product': 'FT230X Basic UART',
  'usb/serial': `SIMULATED${i}`,
  'usb/if0/bInterfaceNumber': '00',
  [`usb/if0/ttyUSB${i}/port_number`]: '0',
});

/**
 * Sticks as USB serial ports, for a Home Assistant to find by itself: a folder with its /sys and the links of its /dev.
 * The first stick is /dev/ttyUSB0. A pty alone it does not offer.
 */
export class UsbPorts implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async of(sticks: readonly Stick[]): Promise<UsbPorts> {
    const ports = new UsbPorts(await mkdtemp(join(tmpdir(), 'usb-')));
    for (const [i, stick] of sticks.entries()) await ports.#add(i, stick);
    return ports;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #add(i: number, stick: Stick): Promise<void> {
    const sys = join(this.folder, 'sys');
    const device = join(sys, 'devices', String(i));
    for (const [name, text] of Object.entries(files(i))) await this.#write(join(device, name), text);
    const port = join(device, `usb/if0/ttyUSB${i}`);
    await this.#link(join(sys, `class/tty/ttyUSB${i}/device`), `../../../devices/${i}/usb/if0/ttyUSB${i}`);
    await mkdir(join(sys, 'bus/usb-serial/drivers/ftdi_sio'), { recursive: true });
    await this.#link(join(port, 'subsystem'), '../../../../../bus/usb-serial');
    await this.#link(join(port, 'driver'), '../../../../../bus/usb-serial/drivers/ftdi_sio');
    await this.#link(join(this.folder, `dev/ttyUSB${i}`), stick.path);
  }

  async #write(file: string, text: string): Promise<void> {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${text}\n`);
  }

  async #link(file: string, target: string): Promise<void> {
    await mkdir(dirname(file), { recursive: true });
    await symlink(target, file);
  }
}
