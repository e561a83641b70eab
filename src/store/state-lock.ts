import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Log } from '../kernel/log.ts';
import { takesPlace } from './local-socket.ts';

export interface StateLock extends AsyncDisposable {
  /** Another process that lives has this folder. */
  readonly isTaken: boolean;
}

/**
 * Whether we are the only one on this `state_dir`. The lock is a socket that listens there: it ends with its process,
 * however that ends, and is seen from another container that shares the folder, where process ids say nothing. Where no
 * socket can be made (the file system has none, the path is too long) nobody is kept out, and the log says so.
 */
export async function lockState(dir: string, log: Log): Promise<StateLock> {
  const path = join(dir, 'lock.sock');
  const server = createServer((socket) => socket.destroy());
  let isTaken = false;
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    isTaken = !(await takesPlace(server, path));
  } catch (error) {
    log.warn({ err: error, path }, 'state_dir cannot be locked: a second bridge there would not be noticed');
  }
  server.on('error', (error) => log.debug({ err: error, path }, 'lock could not answer')); // no descriptors left: it holds all the same
  server.unref();
  return {
    isTaken,
    async [Symbol.asyncDispose]() {
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve())); // removes the file too
    },
  };
}
