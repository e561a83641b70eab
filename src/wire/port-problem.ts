import { open, readFile, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { BridgeError, systemCode } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import { lookForHolder, wordsFor } from './port-holder.ts';
import type { Look } from './port-holder.ts';

/** Why a port could not be opened, found by asking the system and not by reading a library's message. */
export async function portProblem(path: string, cause: unknown): Promise<BridgeError> {
  const errno = await openErrno(path);
  switch (errno) {
    case undefined: // it opens, so only the lock can have failed
    case 'EBUSY':
      return heldProblem(path, await lookForHolder(path), cause);
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO': {
      const what = { en: `${path}: there is no such port (${errno})`, ja: `${path}: ポートがありません（${errno}）` };
      return new BridgeError('PORT_MISSING', what, { cause });
    }
    case 'EACCES':
    case 'EPERM':
      return deniedProblem(path, errno, cause);
  }
  const why = OUR_REASONS[errno] ?? inBoth(() => errno);
  const what = {
    en: `${path}: cannot be opened as a serial port (${why.en})`,
    ja: `${path}: シリアルポートとして開けません（${why.ja}）`,
  };
  return new BridgeError('PORT_FAILED', what, { cause });
}

/** What stands for the system's code where it gave none. */
const OUR_REASONS: Readonly<Record<string, Text>> = {
  'not a serial port': { en: 'not a serial port', ja: 'シリアルポートではありません' },
  'unknown reason': { en: 'unknown reason', ja: '原因不明' },
};

async function openErrno(path: string): Promise<string | undefined> {
  try {
    const info = await stat(path);
    if (!info.isCharacterDevice()) return 'not a serial port';
    const file = await open(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    await file.close();
    return undefined;
  } catch (error) {
    return systemCode(error) ?? 'unknown reason';
  }
}

/** EACCES and EPERM: owner and mode of the device, who we are, and the exact line that mends it in each packaging. */
async function deniedProblem(path: string, errno: string, cause: unknown): Promise<BridgeError> {
  const info = await stat(path).catch(() => undefined);
  const gid = info?.gid ?? DIALOUT;
  const group = await groupOf(path);
  const mode = info ? (info.mode & 0o777).toString(8).padStart(4, '0') : 'unknown';
  const uid = process.getuid?.() ?? '?';
  const groups = process.getgroups?.().join(' ') ?? '?';
  const us = { en: `uid ${uid}, groups ${groups}`, ja: `uid ${uid}、グループ ${groups}` };
  const device = info
    ? {
        en: `owner ${info.uid}, group ${gid} (${group}), mode ${mode}`,
        ja: `所有者 ${info.uid}、グループ ${gid}（${group}）、モード ${mode}`,
      }
    : { en: 'owner and mode unknown', ja: '所有者とモードは不明' };
  const what = {
    en: `${path}: permission denied (${errno}); the device has ${device.en}; we are ${us.en}`,
    ja: `${path}: 開く権限がありません（${errno}）。デバイス: ${device.ja}。このプログラム: ${us.ja}`,
  };
  return new BridgeError('PORT_DENIED', what, { cause, hint: deniedHint(path, group, gid, errno) });
}

function deniedHint(path: string, group: string, gid: number, errno: string): Text {
  const compose = `devices: ["${path}:${path}"], group_add: ["${gid}"]`;
  const cgroup = errno === 'EPERM';
  return {
    en:
      `docker-compose: ${compose}. systemd: SupplementaryGroups=${group}. By hand: sudo usermod -aG ${group} $USER, then log in again. ` +
      `Home Assistant app: choose the port in the app's configuration.${cgroup ? ' (EPERM inside a container means that the device is not passed in.)' : ''}`,
    ja:
      `docker-compose: ${compose}。systemd: SupplementaryGroups=${group}。手動: sudo usermod -aG ${group} $USER のあと再ログイン。` +
      `Home Assistantアプリ: 設定画面でポートを選択。${cgroup ? '（コンテナ内のEPERMは、デバイスが渡されていないことを示します。）' : ''}`,
  };
}

/** Another program has the port: who, where that can be seen. */
export function heldProblem(path: string, { holder, isPartial }: Look, cause?: unknown): BridgeError {
  if (holder) {
    const { pid } = holder;
    const name = wordsFor(holder);
    const what = {
      en: `${path}: used by ${name.en} (pid ${pid})`,
      ja: `${path}: ${name.ja}（pid ${pid}）が使用中です`,
    };
    const hint = {
      en: `Stop ${name.en} (kill ${pid}, or its service); only one program can use the stick.`,
      ja: `${name.ja}（kill ${pid}、またはそのサービス）を止めてください。スティックを使えるプログラムは1つだけです。`,
    };
    return new BridgeError('PORT_BUSY', what, { cause, hint });
  }
  const what = { en: `${path}: in use by another program`, ja: `${path}: 別のプログラムが使用中です` };
  const hint = {
    en: `Its name cannot be seen from here (processes of other users, other containers): \`sudo fuser -v ${path}\` on the host tells it. Stop it; only one program can use the stick.`,
    ja: `どのプログラムかは、ここからは見えません（他のユーザーや他のコンテナのプロセス）。ホストで \`sudo fuser -v ${path}\` を実行して確認し、止めてください。スティックを使えるプログラムは1つだけです。`,
  };
  return new BridgeError('PORT_BUSY', what, { cause, ...(isPartial ? { hint } : {}) });
}

/** Of Debian and its kin. */
const DIALOUT = 20;

/** The name of the group that owns a device, or its number. */
export async function groupOf(path: string): Promise<string> {
  const { gid } = await stat(path).catch(() => ({ gid: DIALOUT }));
  return (await groupName(gid)) ?? String(gid);
}

async function groupName(gid: number): Promise<string | undefined> {
  const groups = await readFile('/etc/group', 'utf8').catch(() => '');
  return groups
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , id]) => id === String(gid))?.[0];
}
