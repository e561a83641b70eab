import type { Duplex } from 'node:stream';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable, scope } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { portProblem } from './port-problem.ts';
import type { Wire } from './wire.ts';

const BY_ID = '/dev/serial/by-id';
const LOOK_FIRST_MS = 500;
const LOOK_MOST_MS = 2000;
/** How often an open port's path is looked at. */
const WATCH_MS = 1000;

/**
 * A serial port at 115200 8N1, held exclusively (flock, by serialport's `lock`). A stick that comes back under another
 * name (`ttyUSB1` for `ttyUSB0`) is found again by the by-id link it had when it was opened.
 */
export function serialWire(path: string, clock: Clock, byIdFolder: string = BY_ID): Wire {
  let link: string | undefined;
  const present = async (): Promise<string | undefined> => {
    for (const candidate of link === undefined ? [path] : [path, link]) {
      if (await realpath(candidate).catch(() => undefined)) return candidate;
    }
    return undefined;
  };
  return {
    name: path,
    async open(signal) {
      const target = (await present()) ?? path;
      const opening = openPort(target);
      // A driver can hang in open(): who no longer waits does not get the port, so it is let go of when it comes.
      const port = await abortable(opening, signal).catch(async (error: unknown) => {
        void opening.then((late) => late.destroy()).catch(() => undefined);
        throw error;
      });
      link = (await linkTo(target, byIdFolder)) ?? link;
      void destroyWhenGone(port, target, clock);
      return port;
    },
    async whenPresent(signal) {
      for (let ms = LOOK_FIRST_MS; !(await present()); ms = Math.min(2 * ms, LOOK_MOST_MS))
        await clock.sleep(ms, signal);
    },
  };
}

async function openPort(path: string): Promise<Duplex> {
  const { SerialPort } = await import('serialport');
  const port = new SerialPort({ path, baudRate: 115200, autoOpen: false, lock: true });
  const failure = await new Promise<Error | null>((resolve) => port.open(resolve));
  if (failure) throw await portProblem(path, failure);
  // Destroyed, serialport's stream keeps its descriptor and with it the lock: the next open would find the port busy.
  // oxlint-disable-next-line no-underscore-dangle -- Node's own name for it
  port._destroy = (error, done) => (port.isOpen ? port.close(() => done(error)) : done(error));
  return port;
}

/**
 * Ends a stream whose device has gone. The hang-up alone does not always get through (serialport misses one in a
 * dozen on a busy machine), and without it the loss would show with the next write, seconds later.
 */
async function destroyWhenGone(port: Duplex, path: string, clock: Clock): Promise<void> {
  using open = scope(new AbortController().signal);
  port.once('close', () => open.abort());
  const was = await identityOf(path);
  while (!port.closed) {
    await clock.sleep(WATCH_MS, open.signal).catch(() => undefined); // closed meanwhile: nothing is left to watch
    if (!port.closed && (await identityOf(path)) !== was) port.destroy(new Error('the device is gone'));
  }
}

/** What stands at a path: another device, or another link to the same one, is another stick. Undefined for nothing. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const [{ ino }, { rdev }] = await Promise.all([lstat(path), stat(path)]);
    return `${ino} ${rdev}`;
  } catch {
    return undefined; // gone, which is what is asked
  }
}

async function linkTo(path: string, folder: string): Promise<string | undefined> {
  const target = await realpath(path).catch(() => undefined);
  for (const name of await readdir(folder).catch(() => [])) {
    const link = join(folder, name);
    if (target !== undefined && (await realpath(link).catch(() => undefined)) === target) return link;
  }
  return undefined;
}
