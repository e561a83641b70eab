import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { spawn } from 'node:child_process';
import { systemCode } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import { deviceNumber } from './usb-sysfs.ts';

/** Another process that has a port. */
export interface Holder {
  readonly pid: number;
  readonly name: string;
}

/** Ended while it was looked at. */
const UNNAMED: Text = { en: 'another program', ja: '別のプログラム' };

/** Its name as a user reads it. */
export const wordsFor = ({ name }: Holder): Text => (name === UNNAMED.en ? UNNAMED : inBoth(() => name));

/** What a look at the other processes brought. */
export interface Look {
  readonly holder?: Holder;
  /** Processes of other users, or of other containers, could not be looked at: one of them may have the port too. */
  readonly isPartial: boolean;
}

/** Number of the first PID namespace: the kernel's own, in which every process of the machine is seen. */
const HOST_PIDS = 'pid:[4026531836]';

/** The other process that has the port locked, else the first that has it open, where /proc lets us see it. */
export const holderOf = async (path: string): Promise<Holder | undefined> => (await lookForHolder(path)).holder;

/** As `holderOf`, for whoever beside us, or beside the program `ours`, has it; and whether all could be seen. */
export async function lookForHolder(path: string, ours: number = process.pid): Promise<Look> {
  const real = await realpath(path).catch(() => path);
  const device = await stat(real).catch(() => undefined);
  if (!device) return { isPartial: false }; // gone: then nobody has it
  const openers: Opener[] = [];
  let isPartial = (await readlink('/proc/self/ns/pid').catch(() => '')) !== HOST_PIDS;
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  if (!pids.includes('1')) isPartial = true; // hidepid
  for (const pid of pids) {
    if (Number(pid) === ours) continue;
    const opened = await descriptorsOn(pid, real, device);
    if (opened === 'unseen') isPartial = true;
    else if (opened.length > 0) openers.push({ pid, opened });
  }
  const holder = await firstHolder(openers, ptyNumber(device));
  return { ...(holder ? { holder } : {}), isPartial };
}

/** Who has a port beside another program. @returns undefined where that one is not seen to have it itself. */
export async function lookBeside(path: string, pid: number): Promise<Look | undefined> {
  const real = await realpath(path).catch(() => path);
  const device = await stat(real).catch(() => undefined);
  const opened = device ? await descriptorsOn(String(pid), real, device) : [];
  return opened === 'unseen' || opened.length === 0 ? undefined : await lookForHolder(path, pid);
}

interface Opener {
  readonly pid: string;
  readonly opened: readonly string[];
}

/** The descriptors a process has on a device, also where another container gave it another name. */
async function descriptorsOn(pid: string, real: string, device: Stats): Promise<readonly string[] | 'unseen'> {
  try {
    const names = await readdir(`/proc/${pid}/fd`);
    const hits = await Promise.all(
      names.map(async (name) => {
        const link = await readlink(`/proc/${pid}/fd/${name}`).catch(() => ''); // closed meanwhile
        if (link !== real && !link.startsWith('/dev/')) return false;
        const info = await stat(`/proc/${pid}/fd/${name}`).catch(() => undefined);
        return info !== undefined && isSame(info, device);
      }),
    );
    return names.filter((_name, i) => hits[i]);
  } catch (error) {
    const hasEnded = ['ENOENT', 'ESRCH'].includes(systemCode(error) ?? '');
    return hasEnded ? [] : 'unseen';
  }
}

/** Every instance of devpts counts from 0, so there the number alone says nothing. */
const isSame = (info: Stats, device: Stats): boolean =>
  device.isCharacterDevice() && ptyNumber(device) === undefined
    ? info.isCharacterDevice() && info.rdev === device.rdev
    : info.ino === device.ino && info.dev === device.dev;

/** Which pseudo terminal this is, under whatever name; undefined for a device. Linux: major 136 and the seven behind it. */
export function ptyNumber({ rdev }: Stats): number | undefined {
  const [major, minor] = deviceNumber(rdev);
  return major >= 136 && major <= 143 ? (major - 136) * 0x100000 + minor : undefined;
}

async function firstHolder(openers: readonly Opener[], pty: number | undefined): Promise<Holder | undefined> {
  let first: Holder | undefined;
  for (const { pid, opened } of openers) {
    if (await isNoUser(pid, pty)) continue;
    const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => UNNAMED.en)).trim();
    const holder = { pid: Number(pid), name };
    const locks = await Promise.all(
      opened.map((descriptor) => readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8').catch(() => '')),
    );
    if (locks.some((info) => info.includes('FLOCK'))) return holder;
    first ??= holder;
  }
  return first;
}

/** Has it open and yet does not use it: a child of ours on its way to exec, or who plays the device behind a pty. */
async function isNoUser(pid: string, pty: number | undefined): Promise<boolean> {
  if ((await parentOf(pid)) === String(process.pid) && (await exeOf(pid)) === (await exeOf('self'))) return true;
  if (pty === undefined) return false;
  for (let each: string | undefined = pid; each !== undefined && each !== '0'; each = await parentOf(each))
    if (await hasMaster(each, pty)) return true;
  return false;
}

const exeOf = (pid: string): Promise<string> => readlink(`/proc/${pid}/exe`).catch(() => '');

async function parentOf(pid: string): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[1]; // the name before may hold blanks
}

async function hasMaster(pid: string, number: number): Promise<boolean> {
  for (const name of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    if (!(await readlink(`/proc/${pid}/fd/${name}`).catch(() => '')).endsWith('/ptmx')) continue;
    const info = await readFile(`/proc/${pid}/fdinfo/${name}`, 'utf8').catch(() => '');
    if (new RegExp(`^tty-index:\\s*${number}$`, 'm').test(info)) return true;
  }
  return false;
}

/**
 * TIOCEXCL (0540Ch), on descriptor 3: until the last descriptor is closed no further open() of this tty succeeds but
 * root's (CAP_SYS_ADMIN). A lock stops only programs that ask for one. Node has no ioctl, and a native module for one
 * call would be one more to build for every machine; a descriptor can be handed to a child, and perl is part of every
 * Debian. Not as one of the first three: of those Node would take O_NONBLOCK away, for us too.
 */
const HELPERS: readonly (readonly [command: string, ...args: string[]])[] = [
  ['perl', '-e', 'open(my $t, "+<&=3") or exit 2; ioctl($t, 0x540C, 0) or exit 1'],
  ['python3', '-ISc', 'import fcntl, termios; fcntl.ioctl(3, termios.TIOCEXCL)'],
];

/** @returns whether it worked; not where neither perl nor python3 is installed. */
export async function makeExclusive(descriptor: number, signal: AbortSignal): Promise<boolean> {
  for (const [command, ...args] of HELPERS) if (await runs(command, args, descriptor, signal)) return true;
  return false;
}

function runs(command: string, args: readonly string[], descriptor: number, signal: AbortSignal): Promise<boolean> {
  const env = { PATH: process.env['PATH'] }; // no secret of ours
  return new Promise<boolean>((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', descriptor], env, signal });
    child.once('error', () => resolve(false)); // not installed, say
    child.once('close', (code) => resolve(code === 0));
  }).catch(() => false); // no process to be had; the caller tells
}
