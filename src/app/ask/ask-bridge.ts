import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Settings } from '../../model/settings.ts';
import type { HttpAddress } from './ask-http.ts';
import type { Asked } from './bridge-status.ts';
import { parseStatus } from './bridge-status.ts';
import { socketPath } from './socket-path.ts';

/** For both ways together. */
const ASK_LIMIT_MS = 1000;
/** A thousand meters are some 2 MB. */
const MOST_BYTES = 16_000_000;

type Way = (signal: AbortSignal) => Promise<Asked>;

/**
 * Asks the running bridge how it is: its socket in `state_dir`, else `http.listen`. Takes a second at most.
 * @throws the signal's reason alone.
 */
export async function askBridge(
  { stateDir, http }: Pick<Settings, 'stateDir'> & { readonly http?: HttpAddress },
  clock: Clock,
  signal: AbortSignal,
): Promise<Asked> {
  const ways: Way[] = [];
  if (stateDir !== undefined) ways.push((limit) => askSocket(socketPath(stateDir), limit));
  if (http) ways.push(async (limit) => await (await import('./ask-http.ts')).askHttp(http, limit));
  let failure: Asked | undefined;
  const silent = (): BridgeError => new BridgeError('BRIDGE_SILENT', `no answer within ${ASK_LIMIT_MS / 1000} s`);
  try {
    return await within(
      clock,
      ASK_LIMIT_MS,
      signal,
      async (limit) => {
        for (const way of ways) {
          const asked = await way(limit);
          if (asked.kind === 'answered') return asked;
          if (asked.kind === 'failed') failure ??= asked;
        }
        return failure ?? { kind: 'none' };
      },
      silent,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BridgeError) return failure ?? { kind: 'failed', error };
    throw error;
  }
}

async function askSocket(path: string, signal: AbortSignal): Promise<Asked> {
  try {
    const status = parseStatus(await readAll(path, signal));
    if (status) return { kind: 'answered', status };
    return failed(`${path}: what answers there is no bridge of this version`);
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    // a path that is too long was too long for the bridge too
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ECONNREFUSED' || code === 'EINVAL')
      return { kind: 'none' };
    if (code === 'EACCES' || code === 'EPERM') return await deniedSocket(path, error);
    return failed(`${path}: ${message}`, error);
  }
}

async function readAll(path: string, signal: AbortSignal): Promise<string> {
  const socket = connect({ path });
  const onAbort = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of socket as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > MOST_BYTES) throw new RangeError(`more than ${MOST_BYTES} bytes`);
      pieces.push(piece);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
  return Buffer.concat(pieces).toString('utf8');
}

const failed = (message: string, cause?: unknown): Asked => ({
  kind: 'failed',
  error: new BridgeError('BRIDGE_SILENT', message, { cause }),
});

/** Says whose it is and how to become that user. */
async function deniedSocket(path: string, cause: unknown): Promise<Asked> {
  const owner = await ownerOf(path);
  const us = process.getuid?.();
  const whose = owner === undefined ? 'another user' : `uid ${owner}`;
  const as = owner === undefined ? 'sudo' : `sudo -u '#${owner}'`;
  const error = new BridgeError(
    'BRIDGE_SILENT',
    `${path}: permission denied; it belongs to ${whose}, we are uid ${us ?? '?'}`,
    {
      cause,
      hint: {
        en: `Run this as the user of the bridge: put ${as} before the command.`,
        ja: `ブリッジと同じユーザーで実行してください。コマンドの前に ${as} を付けます。`,
      },
    },
  );
  return { kind: 'failed', error };
}

/** Of the path, or of the folder that does not let us through to it. */
async function ownerOf(path: string): Promise<number | undefined> {
  for (let at = path; ; at = dirname(at)) {
    const info = await stat(at).catch(() => undefined); // then one further up says why
    if (info || at === dirname(at)) return info?.uid;
  }
}
