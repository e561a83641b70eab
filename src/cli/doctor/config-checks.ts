import { access, constants, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Settings } from '../../model/settings.ts';
import { BridgeError } from '../../kernel/errors.ts';
import { problemText } from '../../app/load-settings.ts';
import type { Loaded, LoadOutcome } from '../../app/load-settings.ts';
import { openToOthers } from '../../app/open-files.ts';
import { ok, warning } from './sequence.ts';
import type { CheckFinding } from './sequence.ts';

/** Below this a log or an image pull fills the rest. */
const LITTLE_SPACE_BYTES = 50_000_000;

export async function configurationFinding(result: LoadOutcome): Promise<CheckFinding> {
  if (!result.ok) return await problemsFinding(result.problems);
  const { file, settings } = result;
  const meters = settings.meters.map(({ id }) => id).join(', ');
  return ok(`${file ?? 'environment'}, meter ${meters}`, `${file ?? '環境変数'}、メーター ${meters}`);
}

async function problemsFinding(
  problems: Extract<LoadOutcome, { readonly ok: false }>['problems'],
): Promise<CheckFinding> {
  return {
    mark: 'failed',
    detail: { en: `${problems.length} problem(s)`, ja: `問題 ${problems.length} 件` },
    advice: { en: await problemText(problems, 'en'), ja: await problemText(problems, 'ja') },
    code: 'CONFIG_INVALID',
  };
}

export async function secretsFinding({ secretFiles }: Loaded): Promise<CheckFinding> {
  const open = await openToOthers(secretFiles);
  if (open.length === 0)
    return secretFiles.length === 0
      ? ok('no file of yours holds any', '秘密の値を持つファイルはありません')
      : ok(`${secretFiles.length} file(s), only for their owner`, `${secretFiles.length} ファイル、所有者のみ`);
  const command = `chmod 600 ${open.join(' ')}`;
  return warning(
    { en: `others can read ${open.join(', ')}`, ja: `他のユーザーも読めます: ${open.join('、')}` },
    { en: command, ja: command },
  );
}

/** @throws BridgeError STATE_UNWRITABLE */
export async function stateFinding({ stateDir: dir, meters }: Settings): Promise<CheckFinding> {
  if (dir === undefined)
    return warning(
      {
        en: 'not set: each start scans anew, and waiting readings are lost',
        ja: '未設定。起動のたびにスキャンし、未送信の計測値は失われます',
      },
      { en: 'Set state_dir to a folder that lasts.', ja: 'state_dir に、消えないフォルダを指定してください。' },
    );
  const there = await nearest(dir);
  await tryWriting(there, there === dir);
  for (const { id } of meters) if (await isFolder(join(dir, id))) await tryWriting(join(dir, id), true);
  return await spaceFinding(dir, there);
}

async function spaceFinding(dir: string, there: string): Promise<CheckFinding> {
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  const megabytes = Math.floor(free / 1_000_000);
  const facts = { free_mb: megabytes };
  if (free < LITTLE_SPACE_BYTES)
    return warning(
      { en: `${dir}: only ${megabytes} MB free`, ja: `${dir}: 空き容量が ${megabytes} MBしかありません` },
      { en: 'Free some space on that disk.', ja: 'ディスクの空き容量を増やしてください。' },
      facts,
    );
  const made = there === dir ? { en: 'writable', ja: '書き込み可' } : { en: 'will be made', ja: '起動時に作成' };
  return ok(`${dir}: ${made.en}, ${megabytes} MB free`, `${dir}: ${made.ja}、空き ${megabytes} MB`, facts);
}

/** The folder itself, or the one it would be made in. */
async function nearest(path: string): Promise<string> {
  const exists = await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  return exists || dirname(path) === path ? path : nearest(dirname(path));
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false, // not there yet
  );

/** A real file where the folder is ours; where it would have to be made, the system is only asked. */
async function tryWriting(folder: string, isOurs: boolean): Promise<void> {
  const probe = join(folder, `.doctor-${process.pid}`);
  try {
    if (!isOurs) return await access(folder, constants.W_OK | constants.X_OK);
    const file = await open(probe, 'wx', 0o600);
    try {
      await file.writeFile('x');
      await file.sync();
    } finally {
      await file.close();
      await rm(probe, { force: true });
    }
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const us = `uid ${process.getuid?.() ?? '?'}`;
    throw new BridgeError('STATE_UNWRITABLE', `${folder} cannot be written (${code}); we are ${us}`, { cause: error });
  }
}
