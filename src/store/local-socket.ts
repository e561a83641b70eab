import { lstat, mkdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { deferred } from '../kernel/async.ts';
import type { Log } from '../kernel/log.ts';

/** `sun_path` of unix(7) has 108 bytes with the closing zero; Node would cut a longer path off. */
export const LONGEST_PATH = 107;

/**
 * Begins to listen at this path, for our own user alone, in place of what a killed process left there.
 * @returns false when a process that lives listens there. @throws when the system refuses.
 */
export async function claimSocket(server: Server, path: string): Promise<boolean> {
  const length = Buffer.byteLength(path);
  if (length > LONGEST_PATH)
    throw new Error(`the path has ${length} bytes, the system allows ${LONGEST_PATH}: choose a shorter state_dir`);
  if (await listens(server, path)) return true;
  if (await isAnswered(path)) return false;
  if (!(await lstat(path)).isSocket()) throw new Error('something else lies there: move it away');
  await rm(path, { force: true });
  return await listens(server, path); // else another one was quicker
}

/** Begins to listen, for our own user alone from the first moment on. @returns false when the file is there already. */
async function listens(server: Server, path: string): Promise<boolean> {
  const outcome = deferred<boolean>();
  const onError = (error: NodeJS.ErrnoException): void =>
    error.code === 'EADDRINUSE' ? outcome.resolve(false) : outcome.reject(error);
  server.once('error', onError);
  const mask = process.umask(0o177);
  try {
    server.listen(path, () => outcome.resolve(true)); // the file is made before this returns
  } finally {
    process.umask(mask);
  }
  try {
    return await outcome.promise;
  } finally {
    server.off('error', onError);
  }
}

/** Somebody listens there. @throws what is neither an answer nor a refusal. */
async function isAnswered(path: string): Promise<boolean> {
  const outcome = deferred<boolean>();
  const socket = connect(path);
  socket.once('connect', () => outcome.resolve(true));
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') outcome.resolve(false);
    else if (error.code === 'EAGAIN')
      outcome.resolve(true); // its queue is full
    else outcome.reject(error);
  });
  try {
    return await outcome.promise;
  } finally {
    socket.destroy();
  }
}

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
    isTaken = !(await claimSocket(server, path));
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
