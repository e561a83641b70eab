import { array, assert, json, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSegment, encodeLine } from '../../../src/outbox/outbox-lines.ts';

const payloads = ['{"seq":1,"current_r":7.0}', '{"seq":2,"name":"電力"}', '{"seq":3}'];
const file = Buffer.from(payloads.map(encodeLine).join(''));
const found = (bytes: Buffer): string[] => decodeSegment(bytes).lines.map(({ payload }) => payload);
/** Where each line ends, without its line feed. */
const ends = payloads.map(
  (_, i) =>
    Buffer.byteLength(
      payloads
        .slice(0, i + 1)
        .map(encodeLine)
        .join(''),
    ) - 1,
);

describe('outbox, the lines of a segment', () => {
  test('each is JSON, with the payload byte for byte', () => {
    const line = encodeLine('{"current_r":7.0}');
    expect(line).toBe('{"crc":"1c23794e","reading":{"current_r":7.0}}\n');
    expect(JSON.parse(line)).toEqual({ crc: '1c23794e', reading: { current_r: 7 } });
  });

  test('a file cut at every byte keeps every line before the cut and nothing else', () => {
    for (let length = 0; length <= file.length; length++) {
      const { lines, damaged, tornBytes } = decodeSegment(file.subarray(0, length));
      const whole = ends.filter((end) => end <= length).length;
      expect(lines.map(({ payload }) => payload)).toEqual(payloads.slice(0, whole));
      expect(damaged).toBe(0);
      const rest = length - (whole === 0 ? 0 : (ends[whole - 1] ?? 0) + 1);
      expect(tornBytes).toBe(Math.max(0, rest));
    }
  });

  test('a line damaged at any byte is dropped, or the text is what was written', () => {
    for (let at = 0; at < file.length; at++) {
      for (const bit of [0x01, 0x20, 0x80]) {
        const bytes = Buffer.from(file);
        bytes[at] = (bytes[at] ?? 0) ^ bit;
        const kept = found(bytes);
        expect(kept.length).toBeLessThan(payloads.length);
        expect(kept.every((payload) => payloads.includes(payload))).toBe(true);
      }
    }
  });

  test('a damaged line in the middle costs that line', () => {
    const bytes = Buffer.from(file);
    bytes[(ends[0] ?? 0) + 40] = 0x58;
    expect(found(bytes)).toEqual([payloads[0], payloads[2]]);
    expect(decodeSegment(bytes)).toMatchObject({ damaged: 1, tornBytes: 0 });
  });

  test('a tail of zeros, as some file systems leave it, is torn', () => {
    const { lines, tornBytes } = decodeSegment(Buffer.concat([file, Buffer.alloc(100)]));
    expect([lines.length, tornBytes]).toEqual([3, 100]);
  });

  test('starts count from the beginning of the file', () => {
    const from = (ends[0] ?? 0) + 1;
    expect(decodeSegment(file.subarray(from), from).lines.map(({ start }) => start)).toEqual([
      from,
      (ends[1] ?? 0) + 1,
    ]);
  });

  test('encode and decode are inverse; no bytes make it throw', () => {
    const payload = json().filter((text) => !text.includes('\n'));
    assert(
      property(array(payload), (all) => {
        expect(found(Buffer.from(all.map(encodeLine).join('')))).toEqual(all);
      }),
    );
    assert(
      property(uint8Array({ maxLength: 200 }), (bytes) => {
        expect(found(Buffer.from(bytes))).toEqual([]);
      }),
    );
  });
});
