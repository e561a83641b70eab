import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { abortable, deferred, Mailbox, scope, together, within } from '../../../src/kernel/async.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;
const forever = (signal: AbortSignal): Promise<never> => abortable(new Promise<never>(() => undefined), signal);
const reason = new Error('told to stop');
const late = new Error('too late');

const unhandled: unknown[] = [];
const onUnhandled = (error: unknown): void => void unhandled.push(error);
beforeAll(() => void process.on('unhandledRejection', onUnhandled));
afterAll(() => void process.off('unhandledRejection', onUnhandled));
const macrotasks = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
};

test('a scope aborts with its parent and for the same reason', () => {
  const parent = new AbortController();
  using child = scope(parent.signal);
  parent.abort(reason);
  expect(child.signal.reason).toBe(reason);
});

test('a scope of an aborted parent is aborted from the beginning', () => {
  using child = scope(AbortSignal.abort(reason));
  expect(child.signal.reason).toBe(reason);
});

test('a scope aborted by itself leaves its parent alone', () => {
  const parent = new AbortController();
  using child = scope(parent.signal);
  child.abort(reason);
  expect(child.signal.reason).toBe(reason);
  expect(parent.signal.aborted).toBe(false);
});

test('ten thousand scopes leave no listener on their parent', () => {
  const parent = new AbortController();
  for (let i = 0; i < 10_000; i++) {
    using child = scope(parent.signal);
    if (i % 2) child.abort();
  }
  expect(listeners(parent.signal)).toBe(0);
});

test('together ends when one task ends, and stops the others', async () => {
  let stopped = false;
  const waits = (signal: AbortSignal): Promise<void> => forever(signal).finally(() => (stopped = true));
  await together(new AbortController().signal, waits, () => Promise.resolve());
  expect(stopped).toBe(true);
});

test('together throws the first error, not what the others say when stopped', async () => {
  const says = async (signal: AbortSignal): Promise<void> => {
    await forever(signal).catch(() => undefined);
    throw new Error('second');
  };
  const fails = (): Promise<void> => Promise.reject(new Error('first'));
  await expect(together(new AbortController().signal, says, fails, says)).rejects.toThrow('first');
});

test('an error after a task has ended well is the echo of being stopped, and no failure', async () => {
  const says = (signal: AbortSignal): Promise<void> => forever(signal);
  await expect(together(new AbortController().signal, says, () => Promise.resolve())).resolves.toBeUndefined();
});

test('together waits until every task has unwound', async () => {
  const order: string[] = [];
  const slow = async (signal: AbortSignal): Promise<void> => {
    await forever(signal).catch(() => undefined);
    await macrotasks();
    order.push('slow ended');
  };
  await together(new AbortController().signal, slow, () => Promise.resolve());
  expect([...order, 'together ended']).toEqual(['slow ended', 'together ended']);
});

test('together throws the parent’s reason whatever the tasks throw, and unhooks', async () => {
  const parent = new AbortController();
  const all = together(parent.signal, forever, (signal) =>
    forever(signal).catch(() => Promise.reject(new Error('own'))),
  );
  parent.abort(reason);
  await expect(all).rejects.toBe(reason);
  expect(listeners(parent.signal)).toBe(0);
});

test('together survives a task that throws before it waits', async () => {
  const throws = (): Promise<void> => {
    throw new Error('at once');
  };
  await expect(together(new AbortController().signal, forever, throws)).rejects.toThrow('at once');
});

test('within returns the task’s value and leaves no sleeper and no listener', async () => {
  const clock = new VirtualClock();
  const parent = new AbortController();
  const value = await within(
    clock,
    1000,
    parent.signal,
    () => Promise.resolve(7),
    () => late,
  );
  expect([value, clock.sleepers, listeners(parent.signal)]).toEqual([7, 0, 0]);
});

test('within throws the time-out’s error when the time is up', async () => {
  const clock = new VirtualClock();
  const parent = new AbortController();
  const result = within(clock, 1000, parent.signal, forever, () => late);
  const thrown = expect(result).rejects.toBe(late);
  await clock.advance(999);
  expect(clock.sleepers).toBe(1);
  await clock.advance(1);
  await thrown;
  expect([clock.sleepers, listeners(parent.signal)]).toEqual([0, 0]);
});

test('within throws the time-out’s error also when the task says something else on its way out', async () => {
  const clock = new VirtualClock();
  const task = (signal: AbortSignal): Promise<never> =>
    forever(signal).catch(() => Promise.reject(new Error('cannot go on')));
  const thrown = expect(within(clock, 1000, new AbortController().signal, task, () => late)).rejects.toBe(late);
  await clock.advance(1000);
  await thrown;
});

test('within throws the task’s own error', async () => {
  const clock = new VirtualClock();
  const fails = (): Promise<never> => Promise.reject(new Error('own'));
  await expect(within(clock, 1000, new AbortController().signal, fails, () => late)).rejects.toThrow('own');
  expect(clock.sleepers).toBe(0);
});

test('within throws the parent’s reason when that aborts, even after the time was up', async () => {
  const clock = new VirtualClock();
  const parent = new AbortController();
  const task = async (signal: AbortSignal): Promise<never> => {
    await forever(signal).catch(() => undefined);
    parent.abort(reason);
    throw parent.signal.reason as Error;
  };
  const thrown = expect(within(clock, 1000, parent.signal, task, () => late)).rejects.toBe(reason);
  await clock.advance(1000);
  await thrown;
});

test('within under an aborted parent does not begin its task', async () => {
  const clock = new VirtualClock();
  let begun = false;
  const task = (): Promise<never> => {
    begun = true;
    return new Promise(() => undefined);
  };
  await expect(within(clock, 1000, AbortSignal.abort(reason), task, () => late)).rejects.toBe(reason);
  expect([begun, clock.sleepers]).toEqual([false, 0]);
});

test('within stops what its task left behind', async () => {
  const clock = new VirtualClock();
  let left: AbortSignal | undefined;
  const task = (signal: AbortSignal): Promise<void> => {
    left = signal;
    clock.sleep(60_000, signal).catch(() => undefined);
    return Promise.resolve();
  };
  await within(clock, 1000, new AbortController().signal, task, () => late);
  expect([left?.aborted, clock.sleepers]).toEqual([true, 0]);
});

test('abortable settles with its promise and leaves no listener', async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve(7), signal)).toBe(7);
  await expect(abortable(Promise.reject(late), signal)).rejects.toBe(late);
  expect(listeners(signal)).toBe(0);
});

test('abortable throws the reason as soon as the signal aborts, and leaves no listener', async () => {
  const controller = new AbortController();
  const waiting = abortable(new Promise<never>(() => undefined), controller.signal);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(listeners(controller.signal)).toBe(0);
});

test('a promise that fails when nobody waits for it any more is no unhandled rejection', async () => {
  const before = deferred<void>();
  const notYet = Promise.race([before.promise, new Promise<void>(() => undefined)]);
  await expect(abortable(notYet, AbortSignal.abort(reason))).rejects.toBe(reason);
  const during = deferred<void>();
  const controller = new AbortController();
  const waiting = abortable(
    during.promise.then(() => undefined),
    controller.signal,
  );
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  before.reject(late);
  during.reject(late);
  deferred<void>().reject(late);
  await macrotasks();
  expect(unhandled).toEqual([]);
});

test('a mailbox gives its items in order, waiting for those to come', async () => {
  const box = new Mailbox<number>(3);
  const { signal } = new AbortController();
  box.put(1);
  box.put(2);
  expect([await box.take(signal), await box.take(signal)]).toEqual([1, 2]);
  const third = box.take(signal);
  box.put(3);
  box.put(4);
  expect([await third, await box.take(signal)]).toEqual([3, 4]);
  expect(listeners(signal)).toBe(0);
});

test('a full mailbox drops its oldest item', async () => {
  const box = new Mailbox<number>(2);
  const { signal } = new AbortController();
  for (const item of [1, 2, 3, 4]) box.put(item);
  box.fail(late);
  expect([await box.take(signal), await box.take(signal)]).toEqual([3, 4]);
  await expect(box.take(signal)).rejects.toBe(late);
});

for (const limit of [0, -1, Number.NaN]) {
  test(`a mailbox of ${limit} items is a defect`, () => {
    expect(() => new Mailbox(limit)).toThrow(RangeError);
  });
}

test('an aborted take takes nothing: the item that comes with the abort is there for the next', async () => {
  const box = new Mailbox<number>(2);
  const controller = new AbortController();
  const taking = box.take(controller.signal);
  box.put(1);
  controller.abort(reason);
  await expect(taking).rejects.toBe(reason);
  expect(await box.take(new AbortController().signal)).toBe(1);
});

test('a take that waits is ended by an abort, and the mailbox goes on', async () => {
  const box = new Mailbox<number>(2);
  const controller = new AbortController();
  const taking = box.take(controller.signal);
  controller.abort(reason);
  await expect(taking).rejects.toBe(reason);
  await expect(box.take(controller.signal)).rejects.toBe(reason);
  const next = box.take(new AbortController().signal);
  box.put(1);
  expect(await next).toBe(1);
});

test('a failed mailbox gives what it holds, then its first error, and takes nothing more', async () => {
  const box = new Mailbox<number>(2);
  const { signal } = new AbortController();
  box.put(1);
  box.fail(late);
  box.fail(reason);
  box.put(2);
  expect(await box.take(signal)).toBe(1);
  await expect(box.take(signal)).rejects.toBe(late);
  await expect(box.take(signal)).rejects.toBe(late);
});

test('a take that waits hears of the failure', async () => {
  const box = new Mailbox<number>(2);
  const taking = box.take(new AbortController().signal);
  box.fail(late);
  await expect(taking).rejects.toBe(late);
});

test('two takes at once: each item goes to one of them', async () => {
  const box = new Mailbox<number>(2);
  const { signal } = new AbortController();
  const both = Promise.all([box.take(signal), box.take(signal)]);
  box.put(1);
  await macrotasks();
  box.put(2);
  expect(await both).toEqual([1, 2]);
});
