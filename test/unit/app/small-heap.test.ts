import { expect, test } from 'vitest';
import { keepHeapTidy, thisHeap } from '../../../src/app/small-heap.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

test('the heap is collected a minute after the start, then when it has grown by 3 MB, and hourly', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const collected: number[] = [];
  let bytes = 30e6;
  const collect = (): void => {
    collected.push(clock.monotonicMs() / 60_000);
    bytes = 17e6;
  };
  const tidying = keepHeapTidy({ size: () => bytes, collect }, clock, stop.signal);
  await clock.advance(10 * 60_000);
  expect(collected).toEqual([1]);
  bytes = 19.9e6;
  await clock.advance(10 * 60_000);
  expect(collected).toEqual([1]);
  bytes = 20e6;
  await clock.advance(60_000);
  expect(collected).toEqual([1, 21]);
  await clock.advance(120 * 60_000);
  expect(collected).toEqual([1, 21, 81, 141]);
  stop.abort();
  await tidying;
  expect(clock.sleepers).toBe(0);
});

test('this process’s heap is really collected', () => {
  const heap = thisHeap();
  if (!heap) return; // a Node that was not looked at
  const garbage = Array.from({ length: 200_000 }, (_, i) => ({ i }));
  const full = heap.size();
  garbage.length = 0;
  heap.collect();
  expect(full - heap.size()).toBeGreaterThan(3e6);
});
