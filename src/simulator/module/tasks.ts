import { scope } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';

/** Something going on in the background that can be called off. */
export interface Task {
  stop(): void;
}

/** What runs in simulated time: every wait is divided by the time factor, everything ends with `stopAll`. */
export class Tasks {
  readonly #clock: Clock;
  readonly #factor: number;
  readonly #running = new Set<AbortController>();

  constructor(clock: Clock, factor: number) {
    this.#clock = clock;
    this.#factor = factor;
  }

  /** @throws the signal's reason when called off. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms / this.#factor, signal);
  }

  start(run: (signal: AbortSignal) => Promise<void>): Task {
    const controller = new AbortController();
    this.#running.add(controller);
    void this.#supervise(run, controller);
    return { stop: () => controller.abort() };
  }

  after(ms: number, action: () => void): Task {
    return this.start(async (signal) => {
      await this.wait(ms, signal);
      action();
    });
  }

  stopAll(): void {
    for (const controller of this.#running) controller.abort();
    this.#running.clear();
  }

  async #supervise(run: (signal: AbortSignal) => Promise<void>, controller: AbortController): Promise<void> {
    try {
      using inner = scope(controller.signal);
      await run(inner.signal);
    } catch (error) {
      if (!controller.signal.aborted) throw error; // a defect of ours: an unhandled rejection, on purpose
    } finally {
      this.#running.delete(controller);
    }
  }
}
