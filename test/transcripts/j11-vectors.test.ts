import { expect, test } from 'vitest';
import { hexOfBytes } from '../../src/kernel/bytes.ts';
import { readTranscript } from '../support/transcript.ts';

const REQUEST = 0xd0ea83fc;
const HEADER_LENGTH = 12;
const frames = readTranscript('j11-command-vectors').lines.map(({ bytes }) => bytes);
const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => total + byte, 0) % 0x10000;

test('there is a frame for each of the 24 commands', () => {
  expect(frames).toHaveLength(24);
});

test.each(frames.map((frame) => [hexOfBytes(frame), frame] as const))(
  '%s has the right length and sums',
  (_, frame) => {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    expect({
      code: view.getUint32(0),
      length: view.getUint16(6),
      headerSum: view.getUint16(8),
      dataSum: view.getUint16(10),
    }).toEqual({
      code: REQUEST,
      length: 4 + frame.length - HEADER_LENGTH,
      headerSum: sum(frame.subarray(0, 8)),
      dataSum: sum(frame.subarray(HEADER_LENGTH)),
    });
  },
);
