import type { Clock } from '../../src/kernel/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

const MOST_STEPS = 20_000;

/** Time that stands still until a test moves it, jumping from sleeper to sleeper with a macrotask between. */
export class VirtualClock implements Clock {
  #monotonic = 0;
  #wallOffset: number;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startMs = Date.UTC(2026, 0, 15, 3, 0, 0)) {
    this.#wallOffset = startMs;
  }

  now(): number {
    return this.#wallOffset + this.#monotonic;
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  /** The wall clock jumps; intervals must not notice. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Time passes and nobody is woken: the event loop stood still. */
  stall(ms: number): void {
    this.#monotonic += ms;
  }

  /** Sleepers still waiting: 0 after a clean end, else something leaked. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const sleeper: Sleeper = {
        at: this.#monotonic + Math.max(0, ms),
        order: this.#order++,
        wake: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.add(sleeper);
      return undefined;
    });
  }

  /** Lets everything that can run now run: streams and promises settle. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Moves time forward by `ms`, waking sleepers in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    for (;;) {
      await this.settle();
      const next = this.#next();
      if (!next || next.at > end) break;
      this.#monotonic = Math.max(this.#monotonic, next.at);
      this.#sleepers.delete(next);
      next.wake();
    }
    this.#monotonic = end;
    await this.settle();
  }

  /** Moves time forward until `condition` holds. @throws after `limitMs` of virtual time. */
  async until(condition: () => boolean, limitMs: number): Promise<void> {
    const end = this.#monotonic + limitMs;
    for (;;) {
      await this.settle();
      if (condition()) return;
      const next = this.#next();
      if (!next || next.at > end) throw new Error(`condition not met within ${limitMs} ms of virtual time`);
      this.#monotonic = Math.max(this.#monotonic, next.at);
      this.#sleepers.delete(next);
      next.wake();
    }
  }

  /** Creeps on, a real millisecond a step, until `probe` holds: sockets and disks get their turn. */
  async creepUntil(probe: () => boolean, what: string, stepMs = 50): Promise<void> {
    for (let turn = 0; turn < MOST_STEPS; turn++) {
      if (probe()) return;
      await this.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error(`never: ${what}`);
  }

  /** The same until `work` has ended. */
  async creepWhile<T>(work: Promise<T>, stepMs = 20): Promise<T> {
    let over = false;
    const end = (): void => void (over = true);
    work.then(end, end);
    await this.creepUntil(() => over, 'ended', stepMs);
    return await work;
  }

  #next(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (!first || sleeper.at < first.at || (sleeper.at === first.at && sleeper.order < first.order)) first = sleeper;
    }
    return first;
  }
}
