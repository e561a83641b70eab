import { createServer } from 'node:net';
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { HttpSettings } from '../../model/settings.ts';
import { formatHostPort } from '../../kernel/host-port.ts';
import type { HostPort } from '../../kernel/host-port.ts';
import type { Text } from '../../kernel/language.ts';
import { listenFailed } from '../../web/server.ts';
import { askHttp } from '../../app/ask/ask-http.ts';
import { ok, warning } from './sequence.ts';
import type { CheckFinding } from './sequence.ts';
import type { DoctorWorld } from './world.ts';

/** A clock that shows an earlier year was never set. */
const FIRST_YEAR = 2025;
const LEAST_NODE = [20, 19] as const;

export async function clockFinding(
  { clock, isClockSynchronized }: DoctorWorld,
  signal: AbortSignal,
): Promise<CheckFinding> {
  const nowMs = clock.now();
  const time = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const isSynchronized = await isClockSynchronized(signal);
  const facts = { time, synchronized: isSynchronized ?? null };
  if (new Date(nowMs).getUTCFullYear() < FIRST_YEAR)
    return warning({ en: `${time}: this clock was never set`, ja: `${time}: 時計が合っていません` }, setClock, facts);
  if (isSynchronized === false)
    return warning({ en: `${time}, not synchronised by NTP`, ja: `${time}、NTPで同期されていません` }, setClock, facts);
  return isSynchronized === true
    ? ok(`${time}, synchronised by NTP`, `${time}、NTPで同期済み`, facts)
    : ok(`${time}; whether NTP keeps it cannot be seen from here`, `${time}（NTPの状態はここからは不明）`, facts);
}

const setClock: Text = {
  en: 'Readings carry this time, and TLS needs it right: switch NTP on (timedatectl set-ntp true; in a container: on its host).',
  ja: '計測値の時刻とTLSに必要です。NTPを有効にしてください（timedatectl set-ntp true。コンテナの場合はホスト側で）。',
};

const run = promisify(execFile);

/** systemd-timesyncd leaves a file; others are asked for by timedatectl. Neither is in most containers. */
export async function isClockSynchronized(signal: AbortSignal): Promise<boolean | undefined> {
  if (await isThere('/run/systemd/timesync/synchronized')) return true;
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

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

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
export async function httpFinding(http: HttpSettings, signal: AbortSignal): Promise<CheckFinding> {
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
