import { describe, expect, test } from 'vitest';
import { Outbox } from '../../../src/sinks/outbox.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('outbox', () => {
  const payloads = (box: Outbox): (string | undefined)[] => {
    const found: (string | undefined)[] = [];
    for (let item = box.peek(0); item; item = box.peek(item.id)) found.push(item.payload);
    return found;
  };
  test('keeps order, forgets what is acknowledged, in whatever order', () => {
    const box = new Outbox(new VirtualClock(), { count: 10, ageMs: 1000 });
    for (const payload of 'abcde') box.push(payload);
    box.ack(3);
    box.ack(1);
    box.ack(77);
    expect(payloads(box)).toEqual(['b', 'd', 'e']);
    expect(box.peek(5)).toBeUndefined();
    expect(box.size).toBe(3);
  });
  test('bounded by count and age', async () => {
    const clock = new VirtualClock();
    const box = new Outbox(clock, { count: 3, ageMs: 1000 });
    for (const payload of 'abcde') box.push(payload);
    expect([payloads(box), box.dropped]).toEqual([['c', 'd', 'e'], 2]);
    await clock.advance(1001);
    box.push('f');
    expect([payloads(box), box.dropped]).toEqual([['f'], 5]);
  });
});
