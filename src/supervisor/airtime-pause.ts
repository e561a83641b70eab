import { together } from '../kernel/async.ts';
import type { Mailbox } from '../kernel/async.ts';
import type { Log } from '../kernel/log.ts';
import type { LinkPhase, MeterCommand } from '../model/status.ts';
import type { AirtimeLimit } from '../module/airtime-limit.ts';
import type { HelpTimer } from './help-timer.ts';
import type { LinkReport } from './link-report.ts';

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
  #isTold = false;

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
    if (!this.#isTold)
      log.warn('the airtime of this hour is used up: no scan and no join until the module may send again');
    this.#isTold = true;
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
    this.#isTold = false;
    if (!this.isHeld) return 'connected';
    this.#held = 'connected';
    return 'paused';
  }

  /** The session is over, and what held it. */
  sessionEnded(): void {
    this.#held = undefined;
  }
}
