import { together } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';

/** Without an answer for so long, with every rung tried, help is called; and not again before as long has passed. */
const STUCK_MS = 10 * 60_000;
/** A stick that just came back is starting: what helps now is time. */
const SETTLE_MS = 60_000;
const AWAY: ReadonlySet<string> = new Set(['PORT_MISSING', 'PORT_LOST']);

export interface HelpDeps {
  readonly clock: Clock;
  /** Runs the operator's command. Must be bounded, and must throw nothing but the signal's reason. */
  readonly help: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Resolves when opening the port is worth a try. */
  readonly whenPresent: (signal: AbortSignal) => Promise<void>;
}

/** The end of the ladder: when nothing helped for long, the operator's own command may (a USB power switch, say). */
export class HelpTimer {
  readonly #deps: HelpDeps;
  /** Monotonic ms of the last good answer, of the start, of the end of a pause, or of the last call. */
  #sinceMs: number;
  /** The stick was not there when last looked for; and monotonic ms when it came back. */
  #isAway = false;
  #backMs = -Infinity;

  constructor(deps: HelpDeps) {
    this.#deps = deps;
    this.#sinceMs = deps.clock.monotonicMs();
  }

  /** There is nothing to help with: the ten minutes begin anew. */
  restart(): void {
    this.#sinceMs = this.#deps.clock.monotonicMs();
  }

  /** Something failed: help is called if it is due. */
  async failed(error: unknown, signal: AbortSignal): Promise<void> {
    if (error instanceof BridgeError && AWAY.has(error.code)) this.#isAway = true;
    await this.#callIfDue(signal);
  }

  /** Waits until opening the port is worth a try. A stick that stays away needs help like any other trouble. */
  async untilPresent(signal: AbortSignal): Promise<void> {
    const { help, whenPresent } = this.#deps;
    // What is under way is waited for: a power switch in the midst of its work would take the port away again.
    if (help) await together(signal, whenPresent, (inner) => this.#callWhile(inner, signal));
    else await whenPresent(signal);
    if (this.#isAway) this.#backMs = this.#deps.clock.monotonicMs();
    this.#isAway = false;
  }

  async #callWhile(waiting: AbortSignal, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (!waiting.aborted) {
      await clock.sleep(Math.max(0, this.#dueMs - clock.monotonicMs()), waiting);
      await this.#callIfDue(signal);
    }
  }

  async #callIfDue(signal: AbortSignal): Promise<void> {
    const { clock, help } = this.#deps;
    if (!help || clock.monotonicMs() < this.#dueMs) return;
    await help(signal);
    this.restart();
  }

  get #dueMs(): number {
    return Math.max(this.#sinceMs + STUCK_MS, this.#backMs + SETTLE_MS);
  }
}
