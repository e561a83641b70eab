import type { Clock } from './clock.ts';

export interface Scope extends Disposable {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

/**
 * A child of `parent` that unhooks itself when disposed. On Node 20, `AbortSignal.any` on a process-long signal leaves
 * 0.1 to 2.8 kB behind at every call; this leaves nothing.
 */
export function scope(parent: AbortSignal): Scope {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(parent.reason);
  if (parent.aborted) onAbort();
  else parent.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => parent.removeEventListener('abort', onAbort),
  };
}

/**
 * Runs tasks side by side. The first to end, well or badly, ends the others, and none outlives the call.
 * @throws the parent's reason when it aborts, else the first task's error.
 */
export async function together(
  parent: AbortSignal,
  ...tasks: readonly ((signal: AbortSignal) => Promise<void>)[]
): Promise<void> {
  using group = scope(parent);
  let first: { readonly error: unknown } | undefined;
  await Promise.all(
    tasks.map(async (task) => {
      try {
        await task(group.signal);
      } catch (error) {
        if (!group.signal.aborted) first = { error };
      } finally {
        group.abort();
      }
    }),
  );
  parent.throwIfAborted();
  if (first) throw first.error;
}

/** `together`, of tasks that have no end of their own: the parent's end is theirs. @throws for a defect alone. */
export async function untilAborted(parent: AbortSignal, ...tasks: Parameters<typeof together>[1][]): Promise<void> {
  try {
    await together(parent, ...tasks);
  } catch (error) {
    if (!parent.aborted) throw error;
  }
}

/**
 * Runs `task` for at most `ms`. Waits for the task to unwind before it throws, so the task must heed its signal, which is
 * never aborted yet when the task begins, and is when `within` ends: nothing the task left behind outlives it.
 * @throws `onTimeout()` when the time is up, the parent's reason when that aborts.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  parent: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
  onTimeout: () => Error,
): Promise<T> {
  parent.throwIfAborted(); // a listener added to an aborted signal never hears of it
  using limit = scope(parent);
  using timer = scope(parent);
  let late: Error | undefined;
  const expiry = clock.sleep(ms, timer.signal).then(
    () => {
      late = onTimeout();
      limit.abort(late);
    },
    () => undefined, // the task ended first, or the parent aborted
  );
  try {
    return await task(limit.signal);
  } catch (error) {
    if (late && !parent.aborted) throw late;
    throw error;
  } finally {
    limit.abort();
    timer.abort();
    await expiry;
  }
}

/** A promise and its two handles. `Promise.withResolvers` needs Node 22. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((ok, fail) => {
    resolve = ok;
    reject = fail;
  });
  promise.catch(() => undefined); // whoever awaits it still sees the rejection; nobody awaiting it is no crash
  return { promise, resolve, reject };
}

/** Settles with `promise`, or throws the signal's reason as soon as that aborts. `promise` itself goes on. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined); // it may fail when we have stopped waiting for it
  signal.throwIfAborted();
  const aborted = deferred<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What `promise` settles with, within `ms`; it itself goes on. @throws as `within` */
export const settledWithin = <T>(
  clock: Clock,
  ms: number,
  parent: AbortSignal,
  promise: Promise<T>,
  onTimeout: () => Error,
): Promise<T> => within(clock, ms, parent, (limit) => abortable(promise, limit), onTimeout);

/** A bounded queue between one producer and one consumer. `put` never waits: when full, the oldest item gives way. */
export class Mailbox<T> {
  readonly #limit: number;
  readonly #items: T[] = [];
  #waiting: Deferred<void> | undefined;
  #end: { readonly error: unknown } | undefined;

  constructor(limit: number) {
    if (!(limit > 0)) throw new RangeError(`mailbox limit must be positive, not ${limit}`);
    this.#limit = limit;
  }

  put(item: T): void {
    if (this.#end) return;
    if (this.#items.length >= this.#limit) this.#items.shift();
    this.#items.push(item);
    this.#waiting?.resolve();
  }

  /** What is queued can still be taken; after it every `take` throws `error`. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#waiting?.resolve();
  }

  /** The oldest item, waiting for one. @throws the signal's reason, or the error given to `fail`. */
  async take(signal: AbortSignal): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#items.length > 0) return this.#items.shift() as T;
      if (this.#end) throw this.#end.error;
      this.#waiting ??= deferred<void>();
      const waiting = this.#waiting;
      try {
        await abortable(waiting.promise, signal);
      } finally {
        if (this.#waiting === waiting) this.#waiting = undefined;
      }
    }
  }
}
