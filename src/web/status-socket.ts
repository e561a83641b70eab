import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deferred, scope } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Redactor } from '../kernel/redactor.ts';
import { claimSocket } from '../store/local-socket.ts';
import type { StatusBoard } from './status-board.ts';
import { redactedJson } from './status-snapshot.ts';
import type { StatusSnapshot } from './status-snapshot.ts';

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
  const end = new AbortController();
  const server = createServer((socket) => void answer(socket, options, end.signal));
  server.maxConnections = CLIENTS_LIMIT;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    if (!(await claimSocket(server, path))) {
      log.error(
        { path },
        'another bridge runs with this state_dir: stop one of them; going on without the status socket',
      );
      return undefined;
    }
  } catch (error) {
    const { message: reason } = error as Error;
    log.warn({ path, reason }, 'no status socket: one-shot commands ask http.listen instead');
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

async function answer(socket: Socket, options: StatusSocketOptions, signal: AbortSignal): Promise<void> {
  const { board, pid, late, clock, redactor } = options;
  const gone = deferred<void>();
  socket.on('error', () => undefined); // the client's own affair
  socket.once('close', () => gone.resolve());
  const status: SocketStatus = { ...board.snapshot({ both: true }), pid, late: late() };
  socket.end(
    redactedJson(status, (text) => redactor.redact(text)),
    () => socket.destroy(), // the system has all of it
  );
  using limit = scope(signal);
  await Promise.race([gone.promise, clock.sleep(CLIENT_LIMIT_MS, limit.signal).catch(() => undefined)]);
  limit.abort();
  socket.destroy();
}
