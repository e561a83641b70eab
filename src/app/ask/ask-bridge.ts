import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError, systemCode, whatOf } from '../../kernel/errors.ts';
import { inBoth } from '../../kernel/language.ts';
import type { HttpSettings, Settings } from '../../model/settings.ts';
import { failed, MOST_BYTES, parseStatus, socketPath, tooMuch } from './bridge-status.ts';
import type { Asked } from './bridge-status.ts';

/** For both ways together. */
const ASK_LIMIT_MS = 1000;
/** No socket, nobody who listens on it, or a path that is too long, which it was for the bridge too. */
const NOBODY: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'EINVAL']);

/**
 * Asks the running bridge how it is: its socket in `state_dir`, else `http.listen`. Takes a second at most.
 * @throws the signal's reason alone.
 */
export async function askBridge(
  { stateDir, http }: Pick<Settings, 'stateDir'> & { readonly http?: Pick<HttpSettings, 'listen' | 'token'> },
  clock: Clock,
  signal: AbortSignal,
): Promise<Asked> {
  let failure: Asked | undefined;
  const ask = async (limit: AbortSignal): Promise<Asked> => {
    const bySocket = stateDir === undefined ? undefined : await askSocket(socketPath(stateDir), limit);
    if (bySocket?.kind === 'answered') return bySocket;
    if (bySocket?.kind === 'failed') failure = bySocket;
    const byHttp = http && (await (await import('./ask-http.ts')).askHttp(http, limit));
    return byHttp?.kind === 'answered' ? byHttp : (failure ?? byHttp ?? { kind: 'none' });
  };
  const seconds = ASK_LIMIT_MS / 1000;
  const silent = (): BridgeError =>
    new BridgeError('BRIDGE_SILENT', {
      en: `no answer within ${seconds} s`,
      ja: `${seconds} 秒以内に応答がありません`,
    });
  try {
    return await within(clock, ASK_LIMIT_MS, signal, ask, silent);
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
    return failed({
      en: `${path}: what answers there is no bridge of this version`,
      ja: `${path}: 応答したのはこのバージョンのブリッジではありません`,
    });
  } catch (error) {
    signal.throwIfAborted();
    const code = systemCode(error);
    if (NOBODY.has(code)) return { kind: 'none' };
    if (code === 'EACCES' || code === 'EPERM') return await deniedSocket(path, error);
    const why = whatOf(error as Error);
    return failed(
      inBoth((language) => `${path}: ${why[language]}`),
      { cause: error },
    );
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
      if (bytes > MOST_BYTES) throw tooMuch('bytes');
      pieces.push(piece);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Names the owner and how to become that user. */
async function deniedSocket(path: string, cause: unknown): Promise<Asked> {
  const owner = await ownerOf(path);
  const us = process.getuid?.() ?? '?';
  const whose =
    owner === undefined ? { en: 'another user', ja: '別のユーザー' } : { en: `uid ${owner}`, ja: `uid ${owner}` };
  const as = owner === undefined ? 'sudo' : `sudo -u '#${owner}'`;
  return failed(
    {
      en: `${path}: permission denied; it belongs to ${whose.en}, we are uid ${us}`,
      ja: `${path}: 権限がありません。所有者は ${whose.ja}、実行ユーザーは uid ${us} です`,
    },
    {
      cause,
      hint: {
        en: `Run this as the user of the bridge: put ${as} before the command.`,
        ja: `ブリッジと同じユーザーで実行してください。コマンドの前に ${as} を付けます。`,
      },
    },
  );
}

/** Of the path, or of the folder that does not let us through to it. */
async function ownerOf(path: string): Promise<number | undefined> {
  for (let at = path; ; at = dirname(at)) {
    const info = await stat(at).catch(() => undefined); // then one further up says why
    if (info || at === dirname(at)) return info?.uid;
  }
}
