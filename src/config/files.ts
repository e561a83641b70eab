import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { systemClock } from '../kernel/clock.ts';
import { systemCode } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ReadFile = (path: string) => Promise<Uint8Array>;

/** A configuration has some kB, a bundle of authorities some 200 kB. */
const MOST_BYTES = 1_000_000;
/** For a pipe (`--config <(…)`) whose writer has something to ask first. */
const PIPE_LIMIT_MS = 5000;
const PIPE_LOOK_MS = 20;

/**
 * Whatever stands behind the name, it ends: at most 1 MB, and a pipe or a terminal that says nothing for 5 s is given up.
 * @throws as the system does; with `EFBIG` and `ETIMEDOUT` where a bound is met.
 */
export const readFileFromDisk: ReadFile = async (path) => {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;
  const file = await open(path, O_RDONLY | (O_NONBLOCK ?? 0) | (O_NOCTTY ?? 0));
  try {
    const bytes = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    for (let silentMs = 0; length <= MOST_BYTES;) {
      const count = await file.read(bytes, length).then(
        ({ bytesRead }) => bytesRead,
        (error: unknown) => (systemCode(error) === 'EAGAIN' ? undefined : Promise.reject(error)),
      );
      if (count === 0) return Buffer.from(bytes.subarray(0, length)); // without the rest of the megabyte
      length += count ?? 0;
      if (count === undefined) await systemClock.sleep(PIPE_LOOK_MS, new AbortController().signal);
      silentMs = count === undefined ? silentMs + PIPE_LOOK_MS : 0;
      if (silentMs > PIPE_LIMIT_MS) throw Object.assign(new Error('nothing came'), { code: 'ETIMEDOUT' });
    }
    throw Object.assign(new Error('too large'), { code: 'EFBIG' });
  } finally {
    await file.close();
  }
};

export type FileRead =
  | { readonly ok: true; readonly path: string; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly path: string; readonly code: string };

/** Reads a file, or says by the system's code why not. */
export async function tryRead(readFile: ReadFile, path: string): Promise<FileRead> {
  try {
    return { ok: true, path, bytes: await readFile(path) };
  } catch (error) {
    return { ok: false, path, code: systemCode(error) ?? 'unknown' };
  }
}

/** Why a file could not be read. @param path left out where the problem names it anyway. */
export function unreadable(code: string, path?: string): Text {
  const en = path === undefined ? 'file' : `file ${path}`;
  const ja = path === undefined ? 'ファイル' : `ファイル ${path} `;
  switch (code) {
    case 'ENOENT':
      return { en: `${en} does not exist`, ja: `${ja}がありません` };
    case 'EACCES':
    case 'EPERM':
      return { en: `${en} cannot be read: permission denied`, ja: `${ja}を読む権限がありません` };
    case 'EISDIR':
      return { en: `${en} is a folder, not a file`, ja: `${ja}はフォルダです` };
    case 'EFBIG':
      return {
        en: `${en} is larger than 1 MB: is it the right one?`,
        ja: `${ja}が1MBを超えています。正しいか確認してください`,
      };
    case 'ETIMEDOUT':
      return { en: `${en} is a pipe that nobody writes to`, ja: `${ja}はパイプですが、何も書き込まれません` };
    default:
      return { en: `${en} cannot be read (${code})`, ja: `${ja}を読めません（${code}）` };
  }
}

/** Relative paths: systemd's credentials first, then beside the configuration file. */
export interface FileFinder {
  read(path: string): Promise<FileRead>;
  /** Beside the configuration file. */
  resolve(path: string): string;
  /** In systemd's or Docker's own places, whose modes are not the user's business. */
  isManaged(path: string): boolean;
}

export function createFileFinder(configPath: string, env: Environment, readFile: ReadFile): FileFinder {
  const folder = resolve(dirname(configPath));
  const credentials = env['CREDENTIALS_DIRECTORY'] || undefined;
  return {
    async read(path) {
      if (credentials && !isAbsolute(path)) {
        const credential = await tryRead(readFile, resolve(credentials, path));
        if (credential.ok || credential.code !== 'ENOENT') return credential;
      }
      return tryRead(readFile, resolve(folder, path));
    },
    resolve: (path) => resolve(folder, path),
    isManaged: (path) =>
      path.startsWith('/run/secrets/') || (credentials !== undefined && path.startsWith(`${resolve(credentials)}/`)),
  };
}

/** A secret's file as text, without the newline an editor leaves at its end; undefined when it is no UTF-8. */
export function secretText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}
