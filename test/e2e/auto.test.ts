import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { credentials } from '../support/bridge.ts';
import { Household } from '../support/household.ts';
import type { LogLine } from '../support/log-lines.ts';
import { mainScript, Program } from '../support/program.ts';

const unshare = '/usr/bin/unshare';
/** The program sees a by-id folder of the test's own: a mount that nobody else sees and that ends with it. */
const inOwnMounts = ['-m', 'sh', '-c', 'mount --bind "$0" /dev/serial && exec "$@"'];
if (process.getuid?.() === 0) mkdirSync('/dev/serial', { recursive: true }); // only the place of a mount
const ready =
  existsSync('/dev/serial') && spawnSync(unshare, ['-m', 'mount', '--bind', '/tmp', '/dev/serial']).status === 0;

const generic = (serial: string): string => `usb-FTDI_FT230X_Basic_UART_${serial}-if00-port0`;

class Desk implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Desk> {
    const folder = await mkdtemp(join(tmpdir(), 'desk-'));
    await mkdir(join(folder, 'by-id'));
    const meter = { id: 'home', device: 'auto', ...credentials, interval_s: 2, energy_interval_s: 10 };
    const settings = {
      meters: [meter],
      http: { listen: '127.0.0.1:0' },
      language: 'en',
      log: { level: 'debug' },
      state_dir: './state',
    };
    await writeFile(join(folder, 'config.yaml'), JSON.stringify(settings), { mode: 0o600 });
    return new Desk(folder);
  }

  async plug(name: string, path: string): Promise<void> {
    await symlink(path, join(this.#folder, 'new'));
    await rename(join(this.#folder, 'new'), join(this.#folder, 'by-id', name));
  }

  unplug(name: string): Promise<void> {
    return rm(join(this.#folder, 'by-id', name));
  }

  run(): Program {
    const program = [process.execPath, mainScript, 'run', '--config', join(this.#folder, 'config.yaml')];
    return new Program(unshare, [...inOwnMounts, this.#folder, ...program], { cwd: this.#folder });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}

const linesOf = ({ stdout }: Program): LogLine[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogLine);
const readings = (program: Program): number => linesOf(program).filter(({ msg }) => msg === 'reading').length;
const failure = (program: Program, code: string): LogLine['err'] =>
  linesOf(program).find(({ err }) => err?.code === code)?.err;

test.skipIf(!ready)('device: auto, from nothing plugged in to a replug (needs root and /dev/serial)', async () => {
  await using home = new Household();
  const desk = home.keep(await Desk.create());
  const program = home.keep(desk.run());
  await desk.plug('usb-dresden_elektronik_ConBee_1-if00', '/dev/null');
  const missing = await program.until(() => failure(program, 'PORT_MISSING'), 'told that no stick is there');
  expect(missing.message).toContain('auto found no Wi-SUN stick');

  const other = await home.stick({ command: ['sleep', '600'] });
  await desk.plug(generic('A'), other.path);
  const stick = await home.stick();
  await desk.plug(generic('B'), stick.path);
  await program.until(() => readings(program) >= 2, 'two readings', 60_000);
  expect(other.heardTimes('SKVER')).toBeGreaterThan(0);
  expect(other.heardTimes('SKSETPWD')).toBe(0);

  await desk.unplug(generic('B'));
  await stick.unplug();
  await program.until(() => failure(program, 'PORT_LOST'), 'told that the stick went away');
  const count = readings(program);
  await stick.plug();
  await desk.plug(generic('B'), stick.path);
  await program.until(() => readings(program) > count, 'a reading after the replug', 60_000);
  expect(await program.end()).toMatchObject({ code: 0 });
});

test.skipIf(!ready)('device: auto finds a J11 stick (needs root and /dev/serial)', async () => {
  await using home = new Household();
  const desk = home.keep(await Desk.create());
  const stick = await home.stick({ args: ['--edition', 'j11'] });
  await desk.plug('usb-RATOC_Systems__Ltd._RS-WSUHA-J11-if00-port0', stick.path);
  const program = home.keep(desk.run());
  await program.until(() => readings(program) >= 2, 'two readings', 60_000);
  expect(stick.heardTimes('SKVER')).toBe(0); // its name says what it speaks
  expect(await program.end()).toMatchObject({ code: 0 });
});
