import { expect, test } from 'vitest';
import { PacketLengths } from '../../../src/broker/mqtt-client.ts';

/** A PUBLISH with this much behind its fixed header. */
function publish(remaining: number): Buffer {
  const length: number[] = [];
  for (let rest = remaining, more = true; more;) {
    more = rest > 127;
    length.push((rest & 127) | (more ? 128 : 0));
    rest >>= 7;
  }
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(Math.min(remaining, 20_000), 0xff)]);
}

test('packets of every length up to the limit pass, however they are cut', () => {
  const all = Buffer.concat([0, 1, 127, 128, 300, 16_381].map(publish));
  for (const size of [1, 2, 3, 7, 1000, all.length]) {
    const lengths = new PacketLengths(16_384);
    for (let at = 0; at < all.length; at += size)
      expect(lengths.push(all.subarray(at, at + size)), `cut by ${size}`).toBeUndefined();
  }
});

test('one byte more is refused with the last byte of its header', () => {
  const lengths = new PacketLengths(16_384);
  const long = publish(16_382);
  expect(lengths.push(publish(5))).toBeUndefined();
  expect(lengths.push(long.subarray(0, 2))).toBeUndefined();
  expect(lengths.push(long.subarray(2, 3))).toBe(16_385);
});

test('the longest there is, and a length that never ends', () => {
  expect(new PacketLengths(16_384).push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))).toBe(268_435_460);
  expect(new PacketLengths(16_384).push(Buffer.alloc(5, 0xff))).toBe(268_435_460);
});
