import { createServer, connect } from 'node:net';
import type { Server, Socket } from 'node:net';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deferred, scope } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Redactor } from '../kernel/redactor.ts';
import type { StatusBoard } from './status-board.ts';
import { statusJson } from './status-snapshot.ts';
import type { StatusSnapshot } from './status-snapshot.ts';

/** `sun_path` of unix(7) has 108 bytes with the closing zero; Node would cut a longer path off. */
export const LONGEST_PATH = 107;
/** Who asks reads at once; a client that does not is let go of. */
const CLIENT_LIMIT_MS = 2000;
const CLIENTS_LIMIT = 16;

/** What the socket tells: the snapshot, and who tells it. */
export interface SocketStatus extends StatusSnapshot {
  readonly pid: number;
  /** Who has stopped working though it should; empty while the service lives. */
  readonly late: readonly string[];
}

export interface StatusSocketOptions {
  readonly path: string;
  readonly board: Pick<StatusBoard, 'snapshot'>;
  readonly pid: number;
  readonly late: () => readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
}

/**
 * Tells one-shot commands how we are: whoever connects is given one JSON document and the end of the stream. Only our own
 * user can connect. Never throws: without the socket everything else goes on, and the log says why there is none.
 */
export async function openStatusSocket(options: StatusSocketOptions): Promise<AsyncDisposable | undefined> {
  const { path, log } = options;
  const length = Buffer.byteLength(path);
  if (length > LONGEST_PATH) {
    const reason = `the path has ${length} bytes, the system allows ${LONGEST_PATH}: choose a shorter state_dir`;
    log.warn({ path, reason }, 'no status socket: one-shot commands ask http.listen instead');
    return undefined;
  }
  const end = new AbortController();
  const server = createServer((socket) => void answer(socket, options, end.signal));
  server.maxConnections = CLIENTS_LIMIT;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    if (await isTaken(server, path)) {
      if (await isAlive(path)) {
        log.error(
          { path },
          'another bridge runs with this state_dir: stop one of them; going on without the status socket',
        );
        return undefined;
      }
      if (!(await lstat(path)).isSocket()) throw new Error('something else lies there: move it away');
      await rm(path, { force: true }); // left behind by a bridge that was killed
      if (await isTaken(server, path)) throw new Error('another program made it at the same moment');
    }
  } catch (error) {
    log.warn({ err: error, path }, 'no status socket: one-shot commands ask http.listen instead');
    return undefined;
  }
  server.on('error', (error) => log.warn({ err: error, path }, 'status socket failed'));
  return {
    async [Symbol.asyncDispose]() {
      end.abort(new Error('the bridge ends'));
      await new Promise<void>((resolve) => server.close(() => resolve())); // removes the file too
    },
  };
}

/** Begins to listen, for our own user alone from the first moment on. @returns false once it listens. */
async function isTaken(server: Server, path: string): Promise<boolean> {
  const outcome = deferred<boolean>();
  const onError = (error: NodeJS.ErrnoException): void =>
    error.code === 'EADDRINUSE' ? outcome.resolve(true) : outcome.reject(error);
  server.once('error', onError);
  const mask = process.umask(0o177);
  try {
    server.listen(path, () => outcome.resolve(false)); // the file is made before this returns
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
async function isAlive(path: string): Promise<boolean> {
  const outcome = deferred<boolean>();
  const socket = connect(path); // settles at once: nothing is on the way
  socket.once('connect', () => outcome.resolve(true));
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') outcome.resolve(false);
    else if (error.code === 'EAGAIN')
      outcome.resolve(true); // more ask than it can accept
    else outcome.reject(error);
  });
  try {
    return await outcome.promise;
  } finally {
    socket.destroy();
  }
}

async function answer(socket: Socket, options: StatusSocketOptions, signal: AbortSignal): Promise<void> {
  const { board, pid, late, clock, redactor } = options;
  const gone = deferred<void>();
  socket.on('error', () => undefined); // the client's own affair
  socket.once('close', () => gone.resolve());
  const status: SocketStatus = { ...board.snapshot(), pid, late: late() };
  socket.end(
    statusJson(status, (text) => redactor.redact(text)),
    () => socket.destroy(), // the system has all of it
  );
  using limit = scope(signal);
  await Promise.race([gone.promise, clock.sleep(CLIENT_LIMIT_MS, limit.signal).catch(() => undefined)]);
  limit.abort();
  socket.destroy();
}
