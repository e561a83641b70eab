import { describe, expect, test } from 'vitest';
import { Deadlines } from '../../../src/kernel/deadlines.ts';
import { LogThrottle } from '../../../src/kernel/log-writer.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('deadlines', () => {
  test('runs in time order, replaces what waited, forgets what is cancelled, ends with its signal', async () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    const stop = new AbortController();
    const done: string[] = [];
    const running = deadlines.run(stop.signal);
    const [a, b, c, x] = [deadlines.create(), deadlines.create(), deadlines.create(), deadlines.create()];
    c.in(300, () => done.push('c'));
    b.in(200, () => {
      done.push('b');
      x.cancel();
      deadlines.create().in(0, () => done.push('now'));
    });
    x.in(200, () => done.push('never'));
    a.in(900, () => done.push('late'));
    await clock.advance(50);
    a.in(50, () => done.push('a'));
    await clock.advance(300);
    expect(done).toEqual(['a', 'b', 'now', 'c']);
    stop.abort();
    await expect(running).rejects.toBe(stop.signal.reason);
    expect(clock.sleepers).toBe(0);
  });

  test('an action that throws is a defect', async () => {
    const clock = new VirtualClock();
    const deadlines = new Deadlines(clock);
    deadlines.create().in(0, () => {
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
