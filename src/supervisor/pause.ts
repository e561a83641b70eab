import { abortable, scope, together } from '../kernel/async.ts';
import type { Mailbox } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, exceeds } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { LinkPhase, MeterCommand } from '../model/status.ts';
import type { AirtimeLimit } from '../module/airtime-limit.ts';
import type { LinkReport } from './link-report.ts';
import type { HelpTimer } from './stuck-command.ts';

/** A refused join and a port that others own wait at least so long: trying sooner only annoys. */
const PATIENCE_MS = 5000;
const NEEDS_PATIENCE: ReadonlySet<string> = new Set(['JOIN_REFUSED', 'PORT_DENIED', 'PORT_BUSY']);
/** Opening a port costs no airtime, so what needs it is tried often. */
const REOPEN_MOST_MS = 5000;

/** How long to wait after `error`, ms. @param backoffMs by the number of failures */
export function restMs(error: unknown, backoffMs: number): number {
  const leastMs = error instanceof BridgeError && NEEDS_PATIENCE.has(error.code) ? PATIENCE_MS : 0;
  const mostMs = exceeds(error, 'rejoin') ? REOPEN_MOST_MS : Infinity;
  return Math.max(Math.min(backoffMs, mostMs), leastMs);
}

/** A port that is present within this time had never gone; one that was unplugged takes longer to come back. */
const THERE_MS = 250;

/** Resolves when a missing port comes back. For a port that is not missing it never resolves: the pause decides. */
async function whenBack(
  clock: Clock,
  whenPresent: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = clock.monotonicMs();
  await whenPresent(signal);
  if (clock.monotonicMs() - startedMs < THERE_MS) await new Promise<never>(() => undefined);
}

/**
 * Waits `ms`. Ends earlier when a command arrives, or when a port that was missing is back.
 * @returns that command. @throws the signal's reason.
 */
export async function pauseUnlessCommanded(
  clock: Clock,
  ms: number,
  commands: Mailbox<MeterCommand>,
  signal: AbortSignal,
  whenPresent?: (signal: AbortSignal) => Promise<void>,
): Promise<MeterCommand | undefined> {
  using pause = scope(signal);
  const over = clock.sleep(ms, pause.signal).catch(() => undefined);
  const asked = commands.take(pause.signal).catch(() => undefined);
  const back = whenPresent ? whenBack(clock, whenPresent, pause.signal).catch(() => asked) : asked;
  try {
    await abortable(Promise.race([over, asked, back]), signal);
  } finally {
    pause.abort();
    await over;
  }
  return await asked; // also when the time was up at the same moment: no command is lost
}

export interface PauseDeps {
  readonly log: Log;
  readonly report: LinkReport;
  readonly help: HelpTimer;
  readonly commands: Mailbox<MeterCommand>;
  /** `rescan` was asked for. */
  readonly onRescan: () => void;
}

/** While the airtime limit lasts the phase is `paused`, with a session or without, and nobody is called for help. */
export class AirtimePause {
  readonly #deps: PauseDeps;
  /** The phase a held session goes on with. */
  #held: LinkPhase | undefined;
  #isLogged = false;

  constructor(deps: PauseDeps) {
    this.#deps = deps;
  }

  /** A session is held. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /**
   * Waits, without a session, until a scan or join can succeed. A command is no reason to try all the same: what it asks
   * for comes first when the limit is over, and the module is asked at once whether it is.
   */
  async pass(airtime: AirtimeLimit, signal: AbortSignal): Promise<void> {
    if (await airtime.check(signal)) await this.#wait(airtime, signal);
  }

  /** As `pass`, before a single request: what is only a guess is put to the proof by it. */
  async untilRequest(airtime: AirtimeLimit, signal: AbortSignal): Promise<void> {
    if ((await airtime.check(signal)) && !airtime.isGuess) await this.#wait(airtime, signal);
  }

  async #wait(airtime: AirtimeLimit, signal: AbortSignal): Promise<void> {
    const { log, report, help, commands, onRescan } = this.#deps;
    if (!this.#isLogged)
      log.warn('the airtime of this hour is used up: no scan and no join until the module may send again');
    this.#isLogged = true;
    report.enter('paused');
    await together(
      signal,
      (inner) => airtime.over(inner),
      async (inner) => {
        for (;;) {
          if ((await commands.take(inner)) === 'rescan') onRescan();
          airtime.insist();
        }
      },
    );
    help.restart();
  }

  /** A session hears of it; a renewal of the session takes seconds and is not shown. */
  onHold(isHeld: boolean): void {
    const before = this.#held;
    if (isHeld === this.isHeld) return;
    const { report, help } = this.#deps;
    this.#held = isHeld ? report.phase : undefined;
    report.enter(before ?? 'paused');
    help.restart();
  }

  /** @returns the phase of a session that stands now. */
  connected(): LinkPhase {
    this.#isLogged = false;
    if (!this.isHeld) return 'connected';
    this.#held = 'connected';
    return 'paused';
  }

  /** The session is over, and what held it. */
  sessionEnded(): void {
    this.#held = undefined;
  }
}
