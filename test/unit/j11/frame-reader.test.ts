import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, MAX_DATA_LENGTH, UNIQUE_CODES, FrameReader } from '../../../src/j11/frame.ts';
import type { J11Frame, FrameSide, FrameInput } from '../../../src/j11/frame.ts';
import { joinBytes } from '../../support/transcript.ts';
import { goldenFrames, requestVectors } from './golden.ts';

const read = (side: FrameSide, ...chunks: readonly Uint8Array[]): FrameInput[] => {
  const reader = new FrameReader(side);
  return chunks.flatMap((chunk) => reader.push(chunk));
};
const good = (inputs: readonly FrameInput[]): J11Frame[] =>
  inputs.flatMap((input) => (input.kind === 'frame' ? [{ code: input.code, data: input.data }] : []));
const sides = ['host', 'module'] as const;
const golden: readonly (readonly [FrameSide, Uint8Array])[] = [
  ...requestVectors.map((bytes) => ['host', bytes] as const),
  ...goldenFrames.map(({ side, bytes }) => [side, bytes] as const),
];
const frames = fc.record({ code: fc.nat(0xffff), data: fc.uint8Array({ maxLength: 60 }) });

test('every published frame is read, and written the same', () => {
  expect(golden).toHaveLength(58);
  for (const [side, bytes] of golden) {
    const [frame] = good(read(side, bytes));
    expect(encodeFrame(side, frame as J11Frame)).toEqual(bytes);
  }
});

test('cut at every byte, a frame is read just the same; cut short, it is not', () => {
  for (const [side, bytes] of golden) {
    const whole = read(side, bytes);
    for (let at = 1; at < bytes.length; at++) {
      expect(read(side, bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
      expect(read(side, bytes.subarray(0, at))).toEqual([]);
    }
  }
});

test('a header whose sum is wrong says nothing, its code neither', () => {
  const wrong = encodeFrame('module', { code: 0x6019, data: new Uint8Array() });
  wrong[5] = 0x18;
  expect(read('module', wrong)).toEqual([{ kind: 'damaged', reason: 'header sum' }]);
});

test('any byte changed, a frame is no longer read', () => {
  for (const [side, bytes] of golden) {
    for (let at = 0; at < bytes.length; at++) {
      const wrong = Uint8Array.from(bytes);
      wrong[at] = (wrong[at] ?? 0) ^ 0x10;
      expect(good(read(side, wrong))).toEqual([]);
    }
  }
});

test('a stream of frames amid garbage, in chunks of any size', () => {
  const garbage = fc.uint8Array({ maxLength: 20 }).map((bytes) => bytes.filter((byte) => byte !== 0xd0));
  fc.assert(
    fc.property(
      fc.constantFrom(...sides),
      fc.array(fc.tuple(garbage, frames), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      (side, parts, sizes) => {
        const wire = joinBytes(parts.flatMap(([before, frame]) => [before, encodeFrame(side, frame)]));
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < wire.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          chunks.push(wire.subarray(at, at + size));
          at += size;
        }
        expect(good(read(side, ...chunks))).toEqual(parts.map(([, frame]) => frame));
      },
    ),
  );
});

test('whatever bytes come, nothing throws and a frame behind them is found', () => {
  const words = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.constantFrom(...golden.map(([, bytes]) => bytes)),
    fc.constantFrom(...sides.map((side) => UNIQUE_CODES[side])),
    frames.map((frame) => encodeFrame('module', frame).slice(0, -1)),
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 10 }), frames, (noise, frame) => {
      const reader = new FrameReader('module');
      const found = [
        ...reader.push(joinBytes(noise)),
        ...reader.giveUp(),
        ...reader.push(encodeFrame('module', frame)),
      ];
      expect(good(found).at(-1)).toEqual(frame);
      expect(reader.isPending).toBe(false);
    }),
  );
});

test('a frame that lost bytes takes the next one along only until its length is reached', () => {
  const [lost, next] = [
    encodeFrame('module', { code: 0x6018, data: new Uint8Array(100) }),
    encodeFrame('module', { code: 0x6019, data: new Uint8Array() }),
  ];
  const reader = new FrameReader('module');
  expect(reader.push(lost.subarray(0, 40))).toEqual([]);
  const found = Array.from({ length: 7 }, () => reader.push(next)).flat();
  expect(found[0]).toEqual({ kind: 'damaged', reason: 'data sum', code: 0x6018 });
  expect(good(found)).toHaveLength(7);
});

test('what an idle line left half is given up', () => {
  const reader = new FrameReader('module');
  reader.push(encodeFrame('module', { code: 0x6018, data: new Uint8Array(100) }).subarray(0, 40));
  expect(reader.isPending).toBe(true);
  expect(reader.giveUp()).toEqual([]);
  expect(reader.isPending).toBe(false);
  expect(reader.skipped).toBe(40);
});

test('a length below its own sums, or beyond the longest frame, is damage; too much data is refused', () => {
  const header = (length: number): Uint8Array => {
    const start = [...UNIQUE_CODES.module, 0x60, 0x18, length >> 8, length & 0xff];
    const sum = start.reduce((total, byte) => total + byte, 0);
    return Uint8Array.of(...start, sum >> 8, sum & 0xff, 0, 0);
  };
  const damaged = { kind: 'damaged', reason: 'length', code: 0x6018 };
  expect(read('module', header(3))).toEqual([damaged]);
  expect(read('module', header(MAX_DATA_LENGTH + 5))).toEqual([damaged]);
  expect(read('module', header(MAX_DATA_LENGTH + 4))).toEqual([]);
});

test('a frame takes 1,361 bytes at most, 12 of them header', () => {
  const longest = { code: 0x0008, data: new Uint8Array(1349).fill(0xd0) };
  expect(encodeFrame('host', longest)).toHaveLength(1361);
  expect(good(read('host', encodeFrame('host', longest)))).toEqual([longest]);
  expect(() => encodeFrame('host', { code: 1, data: new Uint8Array(1350) })).toThrow(
    new RangeError('a J11 frame takes 1349 bytes of data'),
  );
});

test('frames one right behind the other: not a byte is lost between them', () => {
  const frames = [0, 1, 20, 200].map((length) => ({ code: 0x6018, data: new Uint8Array(length).fill(length) }));
  const reader = new FrameReader('module');
  expect(good(reader.push(joinBytes(frames.map((frame) => encodeFrame('module', frame)))))).toEqual(frames);
  expect(reader.skipped).toBe(0);
});

test('the other side’s frames are garbage', () => {
  for (const [side, bytes] of golden) expect(read(side === 'host' ? 'module' : 'host', bytes)).toEqual([]);
});

test('what was read does not change with the caller’s buffer', () => {
  const reader = new FrameReader('module');
  const chunk = Buffer.from(encodeFrame('module', { code: 0x6018, data: Uint8Array.of(1, 2, 3) }));
  const half = Buffer.from(chunk.subarray(0, 13));
  const found = reader.push(chunk);
  chunk.fill(0);
  reader.push(half);
  half.fill(0);
  found.push(...reader.push(Uint8Array.of(2, 3)));
  expect(good(found).map(({ data }) => data)).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
});
