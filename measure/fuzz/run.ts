import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { corpusOf } from './material.ts';
import { minimized } from './mutator.ts';
import type { Session, Target } from './target.ts';

export interface Finding {
  readonly what: string;
  /** Where the input was kept, made as small as it goes. */
  readonly file: string;
  /** Of the input as it was made. */
  readonly seed: number;
}

export interface Result {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  /** Heap and buffers after collection, at the end less near the start, MB. */
  readonly growthMb: number;
  readonly slowestMs: number;
}

export interface Limits {
  readonly seed: number;
  readonly inputs?: number | undefined;
  readonly seconds?: number | undefined;
  /** Where inputs that break something are kept. */
  readonly folder: string;
}

/** A finding each: the same kind again says nothing new. */
const MOST_FINDINGS = 5;
const SLOW_MS = 1000;
/** Inputs until everything has been compiled and cached that will be. */
const EARLY = 2000;
const HANG_MS = 60_000;
const MOST_GROWTH_MB = 24;
const LARGEST_INPUT = 65_536;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** After what is still to happen has happened: buffers are given back some time after the collection. */
async function usedMb(): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 4; round++) {
    await delay(20);
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    least = Math.min(least, (heapUsed + arrayBuffers) / 1e6);
  }
  return least;
}

/** A run of one target: the corpus first, then what the seed makes of it. */
export async function run(target: Target, limits: Limits): Promise<Result> {
  mkdirSync(limits.folder, { recursive: true });
  await using session = await target.open();
  await using guard = watch(join(limits.folder, `${target.name}-hang`));
  const fuzz = new Run(target, session, limits, guard);
  return await fuzz.result();
}

class Run {
  readonly #target: Target;
  readonly #session: Session;
  readonly #limits: Limits;
  readonly #guard: Guard;
  readonly #findings = new Map<string, Finding>();
  readonly #startedMs = performance.now();
  #inputs = 0;
  #slowestMs = 0;

  constructor(target: Target, session: Session, limits: Limits, guard: Guard) {
    this.#target = target;
    this.#session = session;
    this.#limits = limits;
    this.#guard = guard;
  }

  async result(): Promise<Result> {
    for (const input of corpusOf(this.#target.name)) await this.#try(input, -1);
    let early: number | undefined;
    const lanes = Array.from({ length: this.#target.concurrency ?? 1 }, async () => {
      while (!this.#over()) {
        const seed = (this.#limits.seed + this.#inputs++) >>> 0;
        const outcome = this.#try(this.#session.make(seed), seed);
        if (outcome) await outcome;
        if (this.#inputs % 512 === 0) await new Promise(setImmediate);
        if (this.#inputs === EARLY) early = await usedMb();
      }
    });
    await Promise.all(lanes);
    const growthMb = early === undefined ? 0 : (await usedMb()) - early;
    if (growthMb > MOST_GROWTH_MB) this.#note(`memory grew by ${growthMb.toFixed(1)} MB`, new Uint8Array(), -1);
    try {
      await this.#session.end?.();
    } catch (error) {
      this.#note(`at the end: ${messageOf(error)}`, new Uint8Array(), -1);
    }
    return {
      target: this.#target.name,
      inputs: this.#inputs,
      seconds: (performance.now() - this.#startedMs) / 1000,
      findings: [...this.#findings.values()],
      growthMb,
      slowestMs: this.#slowestMs,
    };
  }

  #over(): boolean {
    const { inputs = Infinity, seconds = Infinity } = this.#limits;
    if (this.#findings.size >= MOST_FINDINGS || this.#inputs >= inputs) return true;
    return performance.now() - this.#startedMs >= seconds * 1000;
  }

  /** @returns a promise only where there is something to wait for: most ways in are synchronous, and there are millions. */
  #try(input: Uint8Array, seed: number): Promise<void> | undefined {
    this.#guard.begin(input);
    const beganMs = performance.now();
    let outcome: void | Promise<void>;
    try {
      outcome = this.#session.check(input);
    } catch (error) {
      return this.#broken(error, input, seed);
    }
    if (outcome === undefined) return this.#timed(beganMs, input, seed);
    return outcome.then(
      () => this.#timed(beganMs, input, seed),
      (error: unknown) => this.#broken(error, input, seed),
    );
  }

  /** A machine with other work makes anything slow once: only what is slow three times is. */
  #timed(beganMs: number, input: Uint8Array, seed: number): Promise<void> | undefined {
    const ms = performance.now() - beganMs;
    if (ms <= this.#slowestMs) return undefined;
    if (ms < SLOW_MS || this.#target.concurrency !== undefined) {
      this.#slowestMs = ms;
      return undefined;
    }
    return this.#again(input, seed);
  }

  async #again(input: Uint8Array, seed: number): Promise<void> {
    let bestMs = Infinity;
    for (let i = 0; i < 3; i++) {
      const beganMs = performance.now();
      await this.#session.check(input);
      bestMs = Math.min(bestMs, performance.now() - beganMs);
    }
    this.#slowestMs = Math.max(this.#slowestMs, bestMs);
    if (bestMs >= SLOW_MS) this.#note(`takes ${bestMs.toFixed(0)} ms`, input, seed);
  }

  async #broken(error: unknown, input: Uint8Array, seed: number): Promise<void> {
    const what = messageOf(error);
    if (this.#findings.has(what)) return;
    const stack = error instanceof Error ? error.stack : undefined;
    const breaks = async (smaller: Uint8Array): Promise<boolean> => {
      try {
        await this.#session.check(smaller);
        return false;
      } catch (other) {
        return messageOf(other) === what;
      }
    };
    const smallest = this.#target.concurrency === undefined ? await minimized(input, breaks) : input;
    this.#note(what, smallest, seed);
    process.stderr.write(
      `${this.#target.name}: ${stack ?? what}\n${JSON.stringify(Buffer.from(smallest).toString('latin1').slice(0, 600))}\n`,
    );
  }

  #note(what: string, input: Uint8Array, seed: number): void {
    const name = createHash('sha256').update(input).digest('hex').slice(0, 12);
    const file = join(this.#limits.folder, `${this.#target.name}-${name}`);
    writeFileSync(file, input);
    this.#findings.set(what, { what, file, seed });
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

interface Guard extends AsyncDisposable {
  begin(input: Uint8Array): void;
}

/** A thread that sees when an input has no end. */
function watch(file: string): Guard {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const length = new Int32Array(new SharedArrayBuffer(4));
  const bytes = new Uint8Array(new SharedArrayBuffer(LARGEST_INPUT));
  const worker = new Worker(new URL('./watchdog.mjs', import.meta.url), {
    workerData: { counter, length, bytes, limitMs: HANG_MS, file },
    execArgv: [],
  });
  worker.unref();
  return {
    begin(input) {
      bytes.set(input.subarray(0, LARGEST_INPUT));
      Atomics.store(length, 0, Math.min(input.length, LARGEST_INPUT));
      Atomics.add(counter, 0, 1);
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
