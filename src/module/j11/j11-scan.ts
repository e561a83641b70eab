import { abortable, deferred, within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Pan } from '../../model/pan.ts';
import { channelOfJ11, dwellMs, numbersOfMask } from '../../j11/channels.ts';
import type { ScanCommand } from '../../j11/commands.ts';
import { result, resultText } from '../../j11/results.ts';
import type { J11Channel } from './j11-channel.ts';

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
