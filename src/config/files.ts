import { readFile as readFromDisk } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Text } from '../kernel/language.ts';
import type { Environment } from './environment.ts';

export type ReadFile = (path: string) => Promise<Uint8Array>;
export const readFileFromDisk: ReadFile = (path) => readFromDisk(path);

export type FileRead =
  | { readonly ok: true; readonly path: string; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly path: string; readonly code: string };

/** Reads a file, or says by the system's code why not. */
export async function tryRead(readFile: ReadFile, path: string): Promise<FileRead> {
  try {
    return { ok: true, path, bytes: await readFile(path) };
  } catch (error) {
    return { ok: false, path, code: error instanceof Error && 'code' in error ? String(error.code) : 'unknown' };
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
