import { scope } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../random.ts';

/** Something going on in the background that can be called off. */
export interface Task {
  stop(): void;
}

/** How long things take, ms at time factor 1: the spread of published captures. */
const SPREADS = {
  /** From a simple command to its OK. */
  command: [3, 12],
  /** SKLL64 to its address line. */
  address: [90, 110],
  /** SKRESET to OK. */
  reset: [580, 620],
  /** SKSENDTO to EVENT 21 and OK. */
  send: [100, 350],
  /** EVENT 21 with 02 to the data's own EVENT 21. */
  resolve: [100, 300],
  /** EVENT 21 to the meter's ERXUDP, for each property asked. */
  reply: [200, 600],
  /** One step of the PANA exchange; five of them and their echoes make a join of 3.3 s. */
  joinStep: [590, 720],
  /** 0053 to its response: a beacon request, an association. */
  connect: [700, 1500],
  /** SKTERM to EVENT 27. */
  terminate: [200, 400],
} as const satisfies Record<string, readonly [number, number]>;

/** What runs in simulated time: every wait is divided by the time factor, everything ends with `stopAll`. */
export class Tasks {
  readonly #clock: Clock;
  readonly #factor: number;
  readonly #random: Random;
  readonly #running = new Set<AbortController>();

  constructor(clock: Clock, factor: number, random: Random) {
    this.#clock = clock;
    this.#factor = factor;
    this.#random = random;
  }

  /** How long this takes this time, ms. */
  duration(step: keyof typeof SPREADS): number {
    const [from, to] = SPREADS[step];
    return this.#random.between(from, to);
  }

  /** Waits as long as this takes. @throws the signal's reason when called off. */
  spend(step: keyof typeof SPREADS, signal: AbortSignal): Promise<void> {
    return this.wait(this.duration(step), signal);
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
