import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.ts';

test('the wall clock is the wall clock, and the monotonic one does not go back', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  const first = systemClock.monotonicMs();
  expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first);
});

test('a sleep lasts its time, and a negative one no time; neither leaves a listener', async () => {
  const { signal } = new AbortController();
  const start = performance.now();
  await systemClock.sleep(-5000, signal);
  await systemClock.sleep(2, signal);
  expect(performance.now() - start).toBeLessThan(2000);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('an aborted sleep throws the signal’s own reason', async () => {
  const reason = new Error('told to stop');
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
  await expect(systemClock.sleep(60_000, controller.signal)).rejects.toBe(reason);
});

test('a sleep that fails for another cause says so', async () => {
  const noSignal = { aborted: false, throwIfAborted: () => undefined } as unknown as AbortSignal;
  await expect(systemClock.sleep(1, noSignal)).rejects.toThrow('signal');
});
