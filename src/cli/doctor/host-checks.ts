import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, constants, open, rm, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BridgeError, systemCode } from '../../kernel/errors.ts';
import { formatHostPort } from '../../kernel/host-port.ts';
import type { HostPort } from '../../kernel/host-port.ts';
import type { Text } from '../../kernel/language.ts';
import type { HttpSettings, Settings } from '../../model/settings.ts';
import { isOpenToAll } from '../../web/access.ts';
import { listenFailed } from '../../web/http-server.ts';
import { askHttp } from '../../app/ask/ask-http.ts';
import { problemText, openToOthers } from '../../app/load-settings.ts';
import type { Loaded, LoadOutcome } from '../../app/load-settings.ts';
import { knownStick } from '../../wire/known-sticks.ts';
import { ok, warning } from './check.ts';
import type { CheckFinding } from './check.ts';
import type { DoctorWorld } from './sequence.ts';

/** Below this a log or an image pull fills the rest. */
const LITTLE_SPACE_BYTES = 50_000_000;
/** A clock that shows an earlier year was never set. */
const FIRST_YEAR = 2025;
const LEAST_NODE = [20, 19] as const;

export async function configurationFinding(result: LoadOutcome): Promise<CheckFinding> {
  if (result.ok) {
    const { file, settings } = result;
    const meters = settings.meters.map(({ id }) => id).join(', ');
    return ok(`${file ?? 'environment'}, meter ${meters}`, `${file ?? '環境変数'}、メーター ${meters}`);
  }
  const { problems } = result;
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
    (error: unknown) => systemCode(error) !== 'ENOENT',
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
    const code = systemCode(error);
    const uid = process.getuid?.() ?? '?';
    const what = {
      en: `${folder} cannot be written (${code ?? 'unknown'}); we are uid ${uid}`,
      ja: `${folder} に書き込めません（${code ?? '不明'}、実行ユーザーは uid ${uid}）`,
    };
    throw new BridgeError('STATE_UNWRITABLE', what, { cause: error });
  }
}

export async function clockFinding(
  { clock, isClockSynchronized }: DoctorWorld,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const nowMs = clock.now();
  const time = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const isSynchronized = await isClockSynchronized(signal);
  const facts = { time, synchronized: isSynchronized ?? null };
  if (new Date(nowMs).getUTCFullYear() < FIRST_YEAR)
    return warning({ en: `${time}: this clock was never set`, ja: `${time}: 時計が合っていません` }, SET_CLOCK, facts);
  if (isSynchronized === false)
    return warning(
      { en: `${time}, not synchronised by NTP`, ja: `${time}、NTPで同期されていません` },
      SET_CLOCK,
      facts,
    );
  return isSynchronized === true
    ? ok(`${time}, synchronised by NTP`, `${time}、NTPで同期済み`, facts)
    : ok(`${time}; whether NTP keeps it cannot be seen from here`, `${time}（NTPの状態はここからは不明）`, facts);
}

const SET_CLOCK: Text = {
  en: 'Readings carry this time, and TLS needs it right: switch NTP on (timedatectl set-ntp true; in a container: on its host).',
  ja: '計測値の時刻とTLSに必要です。NTPを有効にしてください（timedatectl set-ntp true。コンテナの場合はホスト側で）。',
};

const run = promisify(execFile);

/** systemd-timesyncd leaves a file; others are asked for by timedatectl. Neither is in most containers. */
export async function isClockSynchronized(signal: AbortSignal): Promise<boolean | undefined> {
  if (existsSync('/run/systemd/timesync/synchronized')) return true;
  try {
    const { stdout } = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
      signal,
      timeout: 2000,
    });
    return { yes: true, no: false }[stdout.trim()];
  } catch {
    signal.throwIfAborted();
    return undefined; // no timedatectl, or no system bus: not to be known here
  }
}

export function nodeFinding(version: string): CheckFinding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return ok(version, version, { version });
  const least = LEAST_NODE.join('.');
  return warning(
    { en: `${version} is older than ${least}`, ja: `${version}（${least} より古い）` },
    { en: `Install Node.js ${least} or newer.`, ja: `Node.js ${least} 以降を入れてください。` },
    { version },
  );
}

/** @throws BridgeError HTTP_LISTEN_FAILED */
export async function httpFinding(
  http: HttpSettings,
  asksNoToken: boolean,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const found = await portFinding(http, signal);
  if (asksNoToken || !isOpenToAll(http)) return found;
  const { en, ja } = found.detail;
  return warning(
    { en: `${en}; everybody in the network can read the page`, ja: `${ja}、誰でもページを見られます` },
    {
      en: 'Set http.token (make one up: openssl rand -hex 16). Without one the page gives no commands.',
      ja: 'http.token を設定してください（作成例：openssl rand -hex 16）。設定するまで、ページからの操作は使えません。',
    },
  );
}

async function portFinding(http: HttpSettings, signal: AbortSignal): Promise<CheckFinding> {
  const error = await listenError(http.listen);
  const address = formatHostPort(http.listen);
  if (!error) return ok(`${address} is free`, `${address} は空いています`);
  const { kind } = error.code === 'EADDRINUSE' ? await askHttp(http, signal) : { kind: 'none' };
  if (kind === 'answered')
    return ok(`${address}: the running bridge listens there`, `${address}: 動作中のブリッジが使用中`);
  throw listenFailed(http.listen, error);
}

function listenError(address: HostPort) {
  return new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(address, () => server.close(() => resolve(undefined)));
  });
}

/** What is plugged in, in its own words: which of them may be a Wi-SUN stick, and which never is. */
export async function devicesFinding({ ports }: Pick<DoctorWorld, 'ports'>): Promise<CheckFinding> {
  const there = await ports();
  if (there.length === 0) return ok('none', 'なし');
  const list = (known: string): string =>
    there
      .map(({ device, usb, words }) => {
        const name = words === '' ? (usb ?? '?') : words;
        return `${device} (${name}${knownStick({ usb, words }) ? known : ''})`;
      })
      .join(', ');
  return ok(list(', may be a Wi-SUN stick'), list('、Wi-SUNスティックの可能性'), { devices: there.length });
}
