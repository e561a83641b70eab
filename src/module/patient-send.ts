import { scope } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';

/** The radio normally answers in 0.1–0.35 s. The slowest module known takes most of this, every time. */
const SEND_LIMIT_MS = 20_000;
/** So long nothing is thought of it; then it is asked, again and again, whether it is there at all. */
const NUDGE_MS = 5000;
/** It answers, but not this command: for so many turns more it may be slow and do both at a time; then it has not got it. */
const GRACE_TURNS = 2;

/** A link on which a module can be asked out of turn whether it is there. */
export interface Nudgeable {
  readonly name: string;
  nudge(signal: AbortSignal): Promise<void>;
  /**
   * Hears when a nudge is answered by a module that does nothing else, and whether it shows that it has restarted.
   * @returns the way to stop.
   */
  onNudged(listener: (isRestarted: boolean) => void): () => void;
}

/**
 * Sends, with patience for a slow module and none for one that has lost the command: a module that hung and is back
 * would otherwise be waited for in vain.
 * @param send `link.ask` with a limit and a signal
 * @throws BridgeError MODULE_SILENT when nothing came at all, SEND_FAILED when the module is there and says nothing of it
 */
export async function sendPatiently<T>(
  link: Nudgeable,
  clock: Clock,
  send: (limits: { readonly timeoutMs: number; readonly signal: AbortSignal }) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  using sending = scope(signal);
  const lost = new BridgeError('SEND_FAILED', `${link.name}: the module answers, but said nothing of the request`);
  const watching = watch(link, clock, () => sending.abort(lost), sending.signal);
  try {
    return await send({ timeoutMs: SEND_LIMIT_MS, signal: sending.signal });
  } finally {
    sending.abort();
    await watching;
  }
}

async function watch(link: Nudgeable, clock: Clock, onLost: () => void, signal: AbortSignal): Promise<void> {
  let isThere = false;
  const stop = link.onNudged((isRestarted) => {
    isThere = true;
    if (isRestarted) onLost();
  });
  try {
    for (let grace = 0; grace < GRACE_TURNS;) {
      await clock.sleep(NUDGE_MS, signal);
      if (isThere) grace++;
      else await link.nudge(signal);
    }
    onLost();
  } catch {
    // Answered, given up, or the port is gone, which `send` tells.
  } finally {
    stop();
  }
}
