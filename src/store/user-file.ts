import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BridgeError, systemCode } from '../kernel/errors.ts';

/**
 * Before work is done for it that takes minutes. @throws BridgeError USAGE for a name that is taken, or, with `replace`,
 * taken by something else than a plain file.
 */
export async function refuseTakenName(path: string, replace: boolean): Promise<void> {
  const info = await lstat(path).catch(() => undefined); // what else is wrong with it, writing will say
  if (info === undefined) return;
  if (!replace) throw taken(path);
  if (!info.isFile()) throw noPlainFile(path);
}

/**
 * Writes a file the user named, for the owner alone, and touches nothing else: what is there is replaced only where that
 * was asked for, whole or not at all. @throws BridgeError USAGE
 */
export async function writeUserFile(path: string, text: string, replace: boolean): Promise<void> {
  await refuseTakenName(path, replace);
  const aside = replace ? join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}`) : path;
  try {
    await writeSynced(aside, text); // never through a link, never over what came meanwhile
    if (replace) await rename(aside, path);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Writes a file where nothing stands, for the owner alone: it appears whole or not at all, whatever happens meanwhile. The
 * folder is made where there is none. @throws BridgeError USAGE
 */
export async function writeNewFile(path: string, text: string): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}`);
  try {
    await refuseTakenName(path, false);
    await mkdir(dirname(path), { recursive: true });
    await writeSynced(aside, text);
    try {
      await link(aside, path); // unlike rename, never over what came meanwhile
    } catch (error) {
      if (!NO_LINKS.has(systemCode(error))) throw error;
      await writeSynced(path, text);
    } finally {
      await rm(aside, { force: true });
    }
  } catch (error) {
    if (error instanceof BridgeError) throw error;
    throw unwritable(path, error);
  }
}

/** Of file systems that know no links: FAT, some shares. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true }); // ours, and only a part
    throw error;
  } finally {
    await file.close();
  }
}

function unwritable(path: string, error: unknown): BridgeError {
  const code = systemCode(error);
  if (code === 'EEXIST') return taken(path);
  const what = {
    en: `${path} cannot be written (${code ?? 'unknown'})`,
    ja: `${path} に書き込めません（${code ?? '不明'}）`,
  };
  return new BridgeError('USAGE', what, { cause: error });
}

const taken = (path: string): BridgeError =>
  new BridgeError(
    'USAGE',
    { en: `${path} exists`, ja: `${path} は既にあります` },
    {
      hint: {
        en: 'Name another file, or replace it with --force.',
        ja: '別の名前にするか、--force で置き換えてください。',
      },
    },
  );

const noPlainFile = (path: string): BridgeError =>
  new BridgeError(
    'USAGE',
    { en: `${path} is no plain file`, ja: `${path} は通常のファイルではありません` },
    {
      hint: {
        en: 'A folder, link or device is never replaced: name another file.',
        ja: 'フォルダー、リンク、デバイスは置き換えません。別の名前を指定してください。',
      },
    },
  );
