import { describe, expect, test } from 'vitest';
import { Deadlines } from '../../../src/kernel/deadlines.ts';
import { LogThrottle } from '../../../src/kernel/log-throttle.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('deadlines', () => {
  test('runs in time order, replaces by name, forgets what is cancelled, ends with its signal', async () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const stop = new AbortController();
    const done: string[] = [];
    const running = deadlines.run(stop.signal);
    deadlines.in(300, 'c', () => done.push('c'));
    deadlines.in(200, 'b', () => {
      done.push('b');
      deadlines.cancel('x');
      deadlines.in(0, 'now', () => done.push('now'));
    });
    deadlines.in(200, 'x', () => done.push('never'));
    deadlines.in(900, 'a', () => done.push('late'));
    await clock.advance(50);
    deadlines.in(50, 'a', () => done.push('a'));
    await clock.advance(300);
    expect(done).toEqual(['a', 'b', 'now', 'c']);
    stop.abort();
    await expect(running).rejects.toBe(stop.signal.reason);
    expect(clock.sleepers).toBe(0);
  });

  test('an action that throws is a defect', async () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    deadlines.in(0, 'bad', () => {
      throw new RangeError('defect');
    });
    await expect(deadlines.run(new AbortController().signal)).rejects.toThrow('defect');
  });
});

test('repeats: once, then counted', async () => {
  const clock = new VirtualClock();
  const repeats = new LogThrottle(clock, 1000);
  expect([repeats.due('a'), repeats.due('a'), repeats.due('b'), repeats.due('a')]).toEqual([
    0,
    undefined,
    0,
    undefined,
  ]);
  await clock.advance(1000);
  expect(repeats.due('a')).toBe(2);
});
