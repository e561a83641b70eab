import { beforeEach, describe, expect, test } from 'vitest';
import { encodeLine } from '../../../src/outbox/outbox-lines.ts';
import { OutboxQueue } from '../../../src/outbox/outbox-queue.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { OutboxRig, Platter, tinyMemory } from './outbox-rig.ts';
import type { RigOptions } from './outbox-rig.ts';

let clock: VirtualClock;
let platter: Platter;
let received: string[];
/** Sizes as in the product. */
const real: RigOptions = { disk: { segmentBytes: 64 * 1024 }, memory: { window: 1000 } };
const start = (options?: RigOptions): OutboxRig => new OutboxRig(clock, platter, options);
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `{"seq":${from + i},"power":1234,"current_r":7.0,"current_t":5.5}`);
const push = (rig: OutboxRig, from: number, to: number): void => {
  for (const payload of numbered(from, to)) rig.stream.push(payload);
};
/** The broker takes all there is, and what comes after it. */
async function drain(rig: OutboxRig): Promise<void> {
  if (!rig.link) rig.up(received);
  await rig.advance(100);
  for (let n = 0; n < 1000 && rig.outbox.size > 0; n++) {
    rig.link?.takeAll();
    await rig.advance(200);
  }
  await rig.advance(1000);
  expect(rig.outbox.size).toBe(0);
}

beforeEach(() => {
  clock = new VirtualClock();
  platter = new Platter();
  received = [];
});

describe('outbox, memory', () => {
  const payloads = (queue: OutboxQueue): (string | undefined)[] => {
    const found: (string | undefined)[] = [];
    for (let item = queue.peek(0); item; item = queue.peek(item.id)) found.push(item.payload);
    return found;
  };

  test('keeps order, forgets what is acknowledged, in whatever order', () => {
    const queue = new OutboxQueue(clock, tinyMemory);
    for (const payload of 'abcde') queue.push(payload);
    expect(queue.advance()).toBe(true);
    for (const id of [3, 1, 77]) queue.ack(id);
    expect(payloads(queue)).toEqual(['b', 'd', 'e']);
    expect(queue.peek(5)).toBeUndefined();
    expect(queue.size).toBe(3);
  });

  test('without a disk: bounded by count and age, and said once an hour', async () => {
    const rig = start({ store: null, memory: { count: 3, ageMs: 7_200_000 } });
    push(rig, 1, 5);
    expect([rig.outbox.size, rig.outbox.dropped]).toEqual([3, 2]);
    expect(rig.lines.lines.map(({ dropped }) => dropped)).toEqual([1]);
    await rig.advance(7_200_001);
    push(rig, 6, 6);
    expect([rig.outbox.size, rig.outbox.dropped]).toEqual([1, 5]);
    expect(rig.lines.lines.map(({ dropped }) => dropped)).toEqual([1, 4]);
    await drain(rig);
    expect(received).toEqual(numbered(6, 6));
    await rig.stop();
    expect(clock.sleepers).toBe(0);
  });
});

describe('outbox, when the disk is touched', () => {
  test('never while the broker acknowledges within 3 s, nor by a stop when nothing waits', async () => {
    const rig = start();
    const link = rig.up(received);
    for (let n = 1; n <= 500; n++) {
      push(rig, n, n);
      await rig.advance(2900);
      link.takeAll();
    }
    await rig.stop();
    expect(received).toEqual(numbered(1, 500));
    expect(platter.writes).toEqual({ segments: 0, cursors: 0, removals: 0, syncs: 0 });
  });

  test('after 3 s without an acknowledgement; taken away when it comes', async () => {
    const rig = start();
    const link = rig.up(received);
    push(rig, 1, 2);
    await rig.advance(2999);
    expect(platter.files.size).toBe(0);
    await rig.advance(2);
    expect(platter.payloads()).toEqual(numbered(1, 2));
    link.takeAll();
    await rig.advance(0);
    expect(platter.files.size).toBe(0);
    expect(platter.writes).toEqual({ segments: 1, cursors: 0, removals: 1, syncs: 0 });
    await rig.stop();
  });

  test.each([
    [2, 600],
    [10, 360],
  ])('at once without a connection, each one; at %i s between readings %i syncs an hour', async (intervalS, syncs) => {
    const rig = start();
    for (let n = 1; n <= 3600 / intervalS; n++) {
      push(rig, n, n);
      await rig.advance(1);
      expect(platter.payloads()).toHaveLength(n);
      await rig.advance(intervalS * 1000 - 1);
    }
    expect(platter.payloads()).toEqual(numbered(1, 3600 / intervalS));
    expect(platter.writes.syncs).toBe(syncs); // that is what wears a card
    expect(platter.writes.cursors).toBe(0);
    await rig.kill();
  });

  test('by SIGTERM, whatever its age; sent first by the next start', async () => {
    const rig = start();
    const link = rig.up(received);
    await rig.advance(100);
    push(rig, 1, 15);
    link.take(5);
    await rig.stop();
    expect(platter.payloads()).toEqual(numbered(6, 15));
    const next = start();
    push(next, 16, 17);
    await drain(next);
    expect(received).toEqual(numbered(1, 17));
    expect(platter.files.size).toBe(0);
    await next.stop();
    expect(clock.sleepers).toBe(0);
  });
});

describe('outbox, order and bounds', () => {
  test('a long outage: memory holds a window, the order is kept over segment borders', async () => {
    const rig = start();
    for (let n = 1; n <= 300; n += 3) {
      push(rig, n, n + 2);
      await rig.advance(6000);
    }
    expect(rig.outbox.size).toBe(300);
    expect(platter.files.size).toBeGreaterThan(30);
    rig.up(received);
    push(rig, 301, 310); // behind what waits
    await drain(rig);
    expect(received).toEqual(numbered(1, 310));
    expect(platter.files.size).toBe(0);
    expect(rig.messages).toEqual([]);
    await rig.stop();
  });

  test('a replay keeps the rate of 100 a second', async () => {
    const rig = start(real);
    push(rig, 1, 400);
    await rig.advance(1);
    const link = rig.up(received);
    for (let n = 0; n < 100; n++) {
      link.takeAll();
      await rig.advance(20);
    }
    expect(received.length).toBeGreaterThan(150);
    expect(received.length).toBeLessThanOrEqual(220);
    await rig.stop();
  });

  test('restarted mid-replay by SIGTERM: goes on where it was', async () => {
    const rig = start();
    push(rig, 1, 100);
    await rig.advance(1);
    rig.up(received);
    while (received.length < 33) {
      rig.link?.take(1);
      await rig.advance(20);
    }
    await rig.stop();
    const next = start();
    await drain(next);
    expect(received).toEqual(numbered(1, 100));
    await next.stop();
  });

  test('acknowledged while being written: the file knows, now and after a restart', async () => {
    const rig = start(real);
    const link = rig.up(received);
    await rig.advance(100);
    push(rig, 1, 8);
    rig.stream.down(); // written at once
    for (let n = 0; n < 20; n++) await Promise.resolve(); // the write has begun, the disk has not answered
    rig.stream.up(link);
    link.inFlight.splice(0, 8);
    link.take(3);
    await rig.stop();
    expect(received).toEqual(numbered(1, 3));
    const next = start(real);
    await drain(next);
    expect(received).toEqual(numbered(1, 8));
    expect(platter.files.size).toBe(0);
    await next.stop();
  });

  test('acknowledged while being written: its file goes when the rest of it is acknowledged', async () => {
    const rig = start(real);
    rig.up(received);
    await rig.advance(100);
    push(rig, 1, 8);
    rig.down();
    for (let n = 0; n < 20; n++) await Promise.resolve(); // the write has begun, the disk has not answered
    rig.up(received).take(3);
    await rig.advance(1);
    expect(platter.payloads()).toEqual(numbered(1, 8));
    await drain(rig);
    expect(platter.files.size).toBe(0);
    await rig.stop();
  });

  test.each([1, 3, 8])(
    'killed mid-replay, %i acknowledged at a time: doubles what was in flight, at most 8',
    async (brisk) => {
      const rig = start(real);
      push(rig, 1, 400);
      await rig.advance(1);
      rig.up(received);
      while (received.length < 150) {
        rig.link?.take(brisk);
        await rig.advance(20);
      }
      push(rig, 401, 405); // on a live connection, behind what lies on disk
      await rig.advance(1);
      expect(platter.payloads().at(-1)).toBe(numbered(405, 405)[0]);
      rig.link?.take(8, true); // the broker has them, and its word was on the way
      const before = received.length;
      await rig.kill();
      const next = start(real);
      await drain(next);
      const doubled = received.length - 405;
      expect([...new Set(received)]).toEqual(numbered(1, 405));
      expect(received.slice(before)).toEqual(numbered(before - doubled + 1, 405));
      expect(doubled).toBeLessThanOrEqual(8);
      await next.stop();
    },
  );

  test('a power cut costs the last 5 s of an outage, and nothing before', async () => {
    const rig = start(real);
    for (let n = 1; n <= 60; n++) {
      push(rig, n, n);
      await rig.advance(1000);
    }
    await rig.kill();
    platter.cutPower();
    expect(platter.payloads()).toEqual(numbered(1, platter.payloads().length));
    expect(platter.payloads().length).toBeGreaterThanOrEqual(55);
    const next = start(real);
    await drain(next);
    expect(received.length).toBeGreaterThanOrEqual(55);
    await next.stop();
  });

  test('a disk that takes no cursor does not hold up a replay', async () => {
    const rig = start(real);
    push(rig, 1, 100);
    await rig.advance(1);
    rig.up(received);
    platter.refuses = { write: 'EROFS' };
    for (let n = 0; n < 100; n++) {
      rig.link?.takeAll();
      await rig.advance(20);
    }
    expect(received).toEqual(numbered(1, 100));
    await rig.stop();
  });

  test('a cursor that belongs to another file of that name is not believed', async () => {
    platter.files.set(7, { bytes: Buffer.from(numbered(1, 4).map(encodeLine).join('')), modifiedMs: clock.now() });
    platter.cursor = { segment: 7, offset: encodeLine(numbered(1, 1)[0] ?? '').length, crc: '00000000' };
    const rig = start();
    await drain(rig);
    expect(received).toEqual(numbered(1, 4));
    await rig.stop();
  });

  test('too much for the disk: the oldest give way, segment by segment', async () => {
    const rig = start({ disk: { bytes: 3000 } });
    for (let n = 1; n <= 100; n++) {
      push(rig, n, n);
      await rig.advance(5000);
    }
    const bytes = [...platter.files.values()].reduce((sum, file) => sum + file.bytes.length, 0);
    expect(bytes).toBeLessThanOrEqual(3000);
    expect(rig.outbox.size + rig.outbox.dropped).toBe(100);
    expect(rig.messages).toEqual(['outbox full: the oldest readings are given up']);
    const left = rig.outbox.size;
    expect(left).toBeGreaterThan(15);
    await drain(rig);
    expect(received).toEqual(numbered(101 - left, 100));
    await rig.stop();
  });

  test('too old: given up, by the age of the file; a clock that was not set is not believed', async () => {
    const file = (seq: number): Buffer => Buffer.from(encodeLine(numbered(seq, seq)[0] ?? ''));
    platter.files.set(1, { bytes: file(1), modifiedMs: clock.now() - 31 * 86_400_000 });
    platter.files.set(2, { bytes: file(2), modifiedMs: 5000 });
    platter.files.set(3, { bytes: file(3), modifiedMs: clock.now() - 29 * 86_400_000 });
    const rig = start();
    await rig.advance(1);
    expect(rig.outbox.dropped).toBe(1);
    await drain(rig);
    expect(received).toEqual(numbered(2, 3));
    await rig.stop();
  });
});

describe('outbox, a disk that fails', () => {
  test('full: readings wait in memory, said once; back on disk when possible', async () => {
    platter.refuses = { write: 'ENOSPC' };
    const rig = start();
    push(rig, 1, 10);
    await rig.advance(60_000);
    push(rig, 11, 40);
    await rig.advance(60_000);
    expect(rig.lines.lines.map(({ code, msg }) => [code, msg])).toEqual([
      ['STATE_UNWRITABLE', 'outbox cannot be used: readings wait in memory'],
    ]);
    platter.refuses = {};
    await rig.advance(10_000);
    expect(rig.messages.at(-1)).toBe('outbox is on disk again');
    expect(platter.payloads()).toEqual(numbered(1, 40));
    await drain(rig);
    expect(received).toEqual(numbered(1, 40));
    await rig.stop();
  });

  test('refuses for ever: what memory holds is bounded and sent', async () => {
    platter.refuses = { write: 'EROFS' };
    const rig = start({ memory: { count: 50 } });
    push(rig, 1, 80);
    await rig.advance(60_000);
    await drain(rig);
    expect(received).toEqual(numbered(31, 80));
    await rig.stop();
  });

  test('cannot even be read: new readings are sent all the same, the old ones when it can', async () => {
    platter.files.set(1, { bytes: Buffer.from(numbered(1, 3).map(encodeLine).join('')), modifiedMs: clock.now() });
    platter.refuses = { read: 'EMFILE', write: 'EMFILE' };
    const rig = start();
    rig.up(received);
    push(rig, 4, 5);
    await rig.advance(100);
    rig.link?.takeAll();
    expect(received).toEqual(numbered(4, 5));
    platter.refuses = {};
    await rig.advance(10_000);
    await drain(rig);
    expect(received.slice(2)).toEqual(numbered(1, 3));
    await rig.stop();
  });

  test('a segment that cannot be read is tried for a minute, then passed over and left', async () => {
    const first = start();
    push(first, 1, 100);
    await first.advance(1);
    await first.stop();
    const rig = start();
    rig.up(received);
    await rig.advance(200);
    platter.refuses = { read: 'EIO' };
    for (let n = 0; n < 400; n++) {
      rig.link?.takeAll();
      await rig.advance(200);
    }
    platter.refuses = {};
    await drain(rig);
    expect(rig.messages).toContain('outbox: segment cannot be read: passed over');
    expect(received.length).toBeLessThan(100);
    await rig.stop();
    const next = start();
    await drain(next);
    expect(new Set(received).size).toBe(100);
    await next.stop();
  });

  test('a damaged line and a torn tail cost themselves alone, and are said', async () => {
    const bytes = Buffer.from(numbered(1, 6).map(encodeLine).join(''));
    const length = encodeLine(numbered(1, 1)[0] ?? '').length;
    bytes[2 * length + 50] = 0x58;
    platter.files.set(1, { bytes: bytes.subarray(0, bytes.length - 10), modifiedMs: clock.now() });
    const rig = start();
    await drain(rig);
    expect(received).toEqual([...numbered(1, 2), ...numbered(4, 5)]);
    expect(rig.lines.lines[0]).toMatchObject({ segment: 1, damaged: 1, tornBytes: length - 10 });
    await rig.stop();
  });

  test('that hangs while a replay is under way does not hold it up for more than five seconds', async () => {
    const first = start(real);
    push(first, 1, 100);
    await first.stop();
    const rig = start(real);
    rig.up(received);
    await rig.advance(100);
    platter.hangs = true;
    for (let n = 0; n < 350; n++) {
      rig.link?.takeAll();
      await rig.advance(20);
    }
    expect(received).toEqual(numbered(1, 100));
    await rig.kill();
  });

  test('that hangs does not keep the program from stopping', async () => {
    const never = new Promise<never>(() => undefined);
    const store = {
      list: () => Promise.resolve([]),
      read: () => never,
      write: () => never,
      remove: () => never,
      readCursor: () => Promise.resolve(undefined),
      writeCursor: () => never,
      sync: () => never,
    };
    const rig = start({ store });
    push(rig, 1, 3);
    await rig.advance(10);
    let stopped = false;
    void rig.stop().then(() => (stopped = true));
    await clock.advance(699);
    expect(stopped).toBe(false);
    await clock.advance(2);
    expect(stopped).toBe(true);
    expect(rig.messages).toEqual(['outbox not closed']);
    expect(clock.sleepers).toBe(0);
  });
});
