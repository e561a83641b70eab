import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { OutboxRig, Platter } from '../outbox/outbox-rig.ts';

let clock: VirtualClock;
let rig: OutboxRig;
let received: string[];
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `{"seq":${from + i}}`);
const push = (from: number, to: number): void => {
  for (const payload of numbered(from, to)) rig.stream.push(payload);
};

beforeEach(async () => {
  clock = new VirtualClock();
  received = [];
  rig = new OutboxRig(clock, new Platter());
  await rig.advance(1);
});

describe('a broker that refuses readings', () => {
  test('nothing overtakes the one it refused, and all come in order when it takes them again', async () => {
    const link = rig.up(received);
    push(1, 12);
    link.refuse(8, 0x87);
    expect(link.inFlight).toHaveLength(0);
    await rig.advance(4999);
    expect(link.inFlight).toHaveLength(0);
    await rig.advance(2);
    expect(link.inFlight.map(({ payload }) => payload)).toEqual(numbered(1, 1)); // one asks
    link.take(1);
    await rig.advance(1); // the disk knows it too
    expect(link.inFlight.map(({ payload }) => payload)).toEqual(numbered(2, 9));
    await rig.advance(1000);
    link.takeAll();
    await rig.advance(1000);
    link.takeAll();
    expect(received).toEqual(numbered(1, 12));
    expect(rig.outbox.dropped).toBe(0);
    await rig.stop();
  });

  test('is asked again after 5 s, then ever more rarely, every 30 s at last; said once', async () => {
    const link = rig.up(received);
    push(1, 1);
    link.refuse(1, 0x83);
    const asked: number[] = [];
    for (let s = 1; s <= 180; s++) {
      await rig.advance(1000);
      if (link.inFlight.length > 0) asked.push(s);
      link.refuse(1, 0x83);
    }
    expect(asked).toEqual([5, 15, 35, 65, 95, 125, 155]);
    expect(rig.messages).toEqual(['broker refuses the readings: they wait']);
    await rig.stop();
  });

  test('is asked at once over another connection', async () => {
    rig.up(received).refuse(0, 0);
    push(1, 2);
    rig.link?.refuse(2, 0x97);
    rig.down();
    const link = rig.up(received);
    expect(link.inFlight.map(({ payload }) => payload)).toEqual(numbered(1, 1));
    link.take(1);
    link.takeAll();
    expect(received).toEqual(numbered(1, 2));
    expect(rig.stream.held).toBeUndefined();
    await rig.stop();
  });

  test('says which topic has to be allowed, in both languages', async () => {
    const link = rig.up(received);
    push(1, 1);
    link.refuse(1, 0x87);
    expect(rig.stream.held?.message).toContain('not authorized (0x87)');
    for (const language of ['en', 'ja'] as const) expect(rig.stream.held?.hint(language)).toContain('readings');
    await rig.stop();
  });

  test('because the message itself is wrong: that one is given up, counted and said; the others go on', async () => {
    const link = rig.up(received);
    push(1, 4);
    for (const code of [0x90, 0x95, 0x99]) link.refuse(1, code);
    link.takeAll();
    expect(received).toEqual(numbered(4, 4));
    expect([rig.outbox.dropped, rig.outbox.size, rig.stream.held]).toEqual([3, 0, undefined]);
    expect(rig.messages).toEqual(Array(3).fill('broker can never take such a reading: given up'));
    await rig.stop();
  });
});
