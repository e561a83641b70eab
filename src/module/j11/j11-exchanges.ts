import { abortable, deferred, within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { PanaOutcome } from '../../j11/notifications.ts';
import { result, resultText } from '../../j11/responses.ts';
import { COMMAND_LIMIT_MS, statusOf } from './j11-identify.ts';
import type { J11Channel } from './j11-channel.ts';
import type { Pan } from '../../model/pan.ts';
import { channelOfJ11, dwellMs, numbersOfMask } from '../../j11/channels.ts';
import type { ScanCommand } from '../../j11/commands.ts';

/** PANA takes 3–4 s. Later the module is asked how it stands: its word may have been lost, and it may take minutes to give up. */
const ASK_AFTER_MS = 20_000;
const JOIN_LIMIT_MS = 120_000;

/** 0056 until 6028, with 0001 in between. @throws BridgeError JOIN_REFUSED, JOIN_TIMEOUT, COMMAND_REFUSED */
export async function authenticate(link: J11Channel, clock: Clock, signal: AbortSignal): Promise<void> {
  const told = deferred<PanaOutcome | 'restarted'>();
  const stop = link.listen((notification) => {
    if (notification.kind === 'pana') told.resolve(notification.outcome);
    if (notification.kind === 'started') told.resolve('restarted');
  });
  try {
    const answer = await link.ask({ name: 'startPana' }, { timeoutMs: COMMAND_LIMIT_MS, signal });
    if (answer.result === result.authenticated) return;
    if (answer.result !== result.ok && answer.result !== result.panaRuns)
      throw new BridgeError('COMMAND_REFUSED', `the module refused startPana (${resultText(answer.result)})`);
    const outcome = await outcomeOf(link, clock, told.promise, signal);
    if (outcome === 'ok') return;
    if (outcome === 'refused') throw new BridgeError('JOIN_REFUSED', 'the meter refused the join (6028 02)');
    throw new BridgeError('JOIN_TIMEOUT', words[outcome]);
  } finally {
    stop();
  }
}

const words = {
  noAnswer: 'the meter did not answer the join (6028 03)',
  restarted: 'the module restarted during the join (6019)',
  disconnected: 'the module lost the meter during the join (0001)',
  late: `no 6028 within ${JOIN_LIMIT_MS / 1000} s of 0056`,
} as const;

type Outcome = 'ok' | 'refused' | keyof typeof words;

async function outcomeOf(
  link: J11Channel,
  clock: Clock,
  told: Promise<PanaOutcome | 'restarted'>,
  signal: AbortSignal,
): Promise<Outcome> {
  const silent = new Error('no 6028 yet');
  for (let waitedMs = 0; waitedMs < JOIN_LIMIT_MS; waitedMs += ASK_AFTER_MS) {
    try {
      return await within(
        clock,
        ASK_AFTER_MS,
        signal,
        (limit) => abortable(told, limit),
        () => silent,
      );
    } catch (error) {
      if (error !== silent) throw error;
    }
    const status = statusOf(await link.ask({ name: 'status' }, { timeoutMs: COMMAND_LIMIT_MS, signal }));
    if (status?.routeB === 'authenticated') return 'ok';
    if (status?.routeB === 'none' || status?.started === false) return 'disconnected';
  }
  return 'late';
}

/** Over the formula's time. */
const MARGIN_MS = 10_000;

/**
 * 0051: one 4051 for each channel, then the response; a module that responds first is waited for all the same.
 * @returns what was heard, strongest first. @throws BridgeError COMMAND_REFUSED, MODULE_SILENT
 */
export async function j11Scan(
  link: J11Channel,
  request: Omit<ScanCommand, 'name'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly Pan[]> {
  const unfinished = new Error('not every channel was told of');
  const found = new Map<string, Pan & { readonly rssiDbm: number }>();
  const open = new Set(numbersOfMask(request.mask));
  const all = deferred<void>();
  const timeoutMs = open.size * dwellMs(request.duration) + MARGIN_MS;
  const stop = link.listen((notification) => {
    if (notification.kind !== 'scanned') return;
    const channel = channelOfJ11(notification.channel);
    if (channel === undefined) return;
    for (const { macAddress, panId, rssiDbm } of notification.beacons)
      found.set(macAddress, { channel, panId, macAddress, rssiDbm });
    open.delete(notification.channel);
    if (open.size === 0) all.resolve();
  });
  const heard = (): readonly Pan[] => [...found.values()].sort((one, other) => other.rssiDbm - one.rssiDbm);
  try {
    const startMs = clock.monotonicMs();
    const answer = await link.ask({ name: 'scan', ...request }, { timeoutMs, signal });
    if (answer.result !== result.ok)
      throw new BridgeError('COMMAND_REFUSED', `the module refused scan (${resultText(answer.result)})`);
    const leftMs = timeoutMs - (clock.monotonicMs() - startMs);
    await within(
      clock,
      leftMs,
      signal,
      (limit) => abortable(all.promise, limit),
      () => unfinished,
    );
    return heard();
  } catch (error) {
    if (error === unfinished) return heard(); // the 4051 of a channel was lost
    // The end was not told, but what we want to know was.
    if (error instanceof BridgeError && error.code === 'MODULE_SILENT' && found.size > 0) return heard();
    throw error;
  } finally {
    stop();
  }
}
