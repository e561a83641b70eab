import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Server } from 'node:net';
import { deferred } from '../kernel/async.ts';

/** `sun_path` of unix(7) has 108 bytes with the closing zero; Node would cut a longer path off. */
export const LONGEST_PATH = 107;

/**
 * Begins to listen at this path, for our own user alone, in place of what a killed process left there.
 * @returns false when a process that lives listens there. @throws when the system refuses.
 */
export async function takesPlace(server: Server, path: string): Promise<boolean> {
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
