import { deferred, settledWithin } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Text } from '../../kernel/language.ts';
import type { Pan } from '../../model/pan.ts';
import type { ModuleInfo } from '../../model/status.ts';
import { channelOfJ11, dwellMs, numbersOfMask } from '../../j11/channels.ts';
import type { ScanCommand } from '../../j11/commands.ts';
import type { PanaOutcome } from '../../j11/notifications.ts';
import { decodeStatus, decodeVersion, RESULT, resultText } from '../../j11/responses.ts';
import type { J11Response, ModuleStatus } from '../../j11/responses.ts';
import { ECHONET_PORT } from '../../skstack/commands.ts';
import { commandRefused, isSilence } from '../command-channel.ts';
import type { J11Channel } from './j11-channel.ts';

/** A join of the program before us takes 4 s, most of its scans less than this. */
const BUSY_LIMIT_MS = 30_000;

export interface J11Identity {
  readonly info: ModuleInfo;
  /** The module may still hold a session of an earlier run: B-route runs and our port is open already. */
  readonly isWarm: boolean;
}

/**
 * What is known of a J11 module that answered, without resetting anything, unless it is busy and stays so: only a reset
 * may interrupt. @param first its answer to the status request @throws BridgeError MODULE_SILENT, MODULE_UNKNOWN
 */
export async function identifyJ11(commands: J11Channel, first: J11Response, signal: AbortSignal): Promise<J11Identity> {
  let status = first;
  if (status.result === RESULT.busy) status = await commands.ask({ name: 'status' }, signal, undefined, BUSY_LIMIT_MS);
  if (status.result === RESULT.busy) await interrupt(commands, signal);
  const answer = await commands.ask({ name: 'version' }, signal);
  if (answer.result === RESULT.busy) throw stillBusy(commands);
  const version = answer.result === RESULT.ok ? decodeVersion(answer.data) : undefined;
  if (!version) {
    const { en, ja } = resultText(answer.result);
    throw new BridgeError('MODULE_UNKNOWN', {
      en: `${commands.name}: no version from a J11 module (${en})`,
      ja: `${commands.name}: J11モジュールからバージョンを取得できません（${ja}）`,
    });
  }
  const { major, minor, revision } = version;
  return {
    info: { stackVersion: `${major}.${minor}.${revision}`, edition: 'J11' },
    isWarm: isUp(statusOf(status)) && (await openEchonetPort(commands, signal)) === RESULT.portOpen,
  };
}

async function interrupt(commands: J11Channel, signal: AbortSignal): Promise<void> {
  try {
    await commands.reset(signal);
  } catch (error) {
    throw isSilence(error) ? stillBusy(commands) : error;
  }
}

const stillBusy = ({ name }: J11Channel): BridgeError =>
  new BridgeError(
    'MODULE_SILENT',
    {
      en: `${name}: the J11 module is busy with something else and does not let go of it`,
      ja: `${name}: J11モジュールが別の処理を続けていて、終わりません`,
    },
    {
      hint: {
        en: 'The stick is at work on what an earlier program asked for; it is asked again by itself. If this stays, replug it.',
        ja: 'スティックは前のプログラムの処理を続けています。自動で問い合わせ直します。続く場合は挿し直してください。',
      },
    },
  );

export const statusOf = (response: J11Response): ModuleStatus | undefined =>
  response.result === RESULT.ok ? decodeStatus(response.data) : undefined;

const isUp = (status: ModuleStatus | undefined): boolean => status?.started === true && status.routeB !== 'none';

/** Without it nothing is received. @returns the result: opened now, or open already. */
export async function openEchonetPort(commands: J11Channel, signal: AbortSignal): Promise<number> {
  return (await commands.ask({ name: 'openPort', port: ECHONET_PORT }, signal)).result;
}

/** Over the formula's time of a scan. */
const SCAN_MARGIN_MS = 10_000;

/**
 * 0051: one 4051 for each channel, then the response; a module that responds first is waited for all the same.
 * @returns what was heard, strongest first. @throws BridgeError COMMAND_REFUSED, MODULE_SILENT
 */
export async function j11Scan(
  commands: J11Channel,
  request: Omit<ScanCommand, 'name'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Pan[]> {
  const unfinished = new Error('not every channel was reported');
  const found = new Map<string, Pan & { readonly rssiDbm: number }>();
  const open = new Set(numbersOfMask(request.mask));
  const all = deferred<void>();
  const timeoutMs = open.size * dwellMs(request.duration) + SCAN_MARGIN_MS;
  const stop = commands.listen((notification) => {
    if (notification.kind !== 'scanned') return;
    const channel = channelOfJ11(notification.channel);
    if (channel === undefined) return;
    for (const { macAddress, panId, rssiDbm } of notification.beacons)
      found.set(macAddress, { channel, panId, macAddress, rssiDbm });
    open.delete(notification.channel);
    if (open.size === 0) all.resolve();
  });
  try {
    const startMs = clock.monotonicMs();
    const answer = await commands.ask({ name: 'scan', ...request }, signal, timeoutMs);
    if (answer.result !== RESULT.ok) throw commandRefused('scan', resultText(answer.result));
    const leftMs = timeoutMs - (clock.monotonicMs() - startMs);
    await settledWithin(clock, leftMs, signal, all.promise, () => unfinished);
  } catch (error) {
    // The 4051 of a channel was lost; or the end was not told, but what we want to know was.
    if (error !== unfinished && !(isSilence(error) && found.size > 0)) throw error;
  } finally {
    stop();
  }
  return [...found.values()].sort((one, other) => other.rssiDbm - one.rssiDbm);
}

/** PANA takes 3–4 s. Later the module is asked how it stands: 6028 may have been lost, and it may take minutes to give up. */
const ASK_AFTER_MS = 20_000;
const JOIN_LIMIT_MS = 120_000;

/** Why a join came to nothing although nobody refused it. */
const UNFINISHED = {
  noAnswer: {
    en: 'the meter did not answer the join (6028 03)',
    ja: 'メーターが接続要求に応答しませんでした（6028 03）',
  },
  restarted: {
    en: 'the module restarted during the join (6019)',
    ja: '接続中にモジュールが再起動しました（6019）',
  },
  disconnected: {
    en: 'the module lost the meter during the join (0001)',
    ja: '接続中にモジュールがメーターを見失いました（0001）',
  },
  late: {
    en: `no 6028 within ${JOIN_LIMIT_MS / 1000} s of 0056`,
    ja: `0056 から ${JOIN_LIMIT_MS / 1000} 秒以内に 6028 が届きませんでした`,
  },
} as const satisfies Record<string, Text>;

/** 0056 until 6028, with 0001 in between. @throws BridgeError JOIN_REFUSED, JOIN_TIMEOUT, COMMAND_REFUSED */
export async function authenticate(commands: J11Channel, clock: Clock, signal: AbortSignal): Promise<void> {
  const reported = deferred<PanaOutcome | 'restarted'>();
  const stop = commands.listen((notification) => {
    if (notification.kind === 'pana') reported.resolve(notification.outcome);
    if (notification.kind === 'started') reported.resolve('restarted');
  });
  try {
    const answer = await commands.ask({ name: 'startPana' }, signal);
    if (answer.result === RESULT.authenticated) return;
    if (answer.result !== RESULT.ok && answer.result !== RESULT.panaRuns)
      throw commandRefused('startPana', resultText(answer.result));
    const outcome = await outcomeOf(commands, clock, reported.promise, signal);
    if (outcome === 'ok') return;
    if (outcome !== 'refused') throw new BridgeError('JOIN_TIMEOUT', UNFINISHED[outcome]);
    throw new BridgeError('JOIN_REFUSED', {
      en: 'the meter refused the join (6028 02)',
      ja: 'メーターが接続を拒否しました（6028 02）',
    });
  } finally {
    stop();
  }
}

async function outcomeOf(
  commands: J11Channel,
  clock: Clock,
  reported: Promise<PanaOutcome | 'restarted'>,
  signal: AbortSignal,
): Promise<'ok' | 'refused' | keyof typeof UNFINISHED> {
  const silent = new Error('no 6028 yet');
  for (let waitedMs = 0; waitedMs < JOIN_LIMIT_MS; waitedMs += ASK_AFTER_MS) {
    try {
      return await settledWithin(clock, ASK_AFTER_MS, signal, reported, () => silent);
    } catch (error) {
      if (error !== silent) throw error;
    }
    const status = statusOf(await commands.ask({ name: 'status' }, signal));
    if (status?.routeB === 'authenticated') return 'ok';
    if (status?.routeB === 'none' || status?.started === false) return 'disconnected';
  }
  return 'late';
}
