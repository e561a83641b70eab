import { isDeepStrictEqual } from 'node:util';
import { encodeCommand, parseCommand } from '../../../src/j11/commands.ts';
import { encodeFrame, MAX_DATA_LENGTH, UNIQUE_CODES, FrameReader } from '../../../src/j11/frame.ts';
import type { J11Frame, FrameSide, FrameInput } from '../../../src/j11/frame.ts';
import { encodeNotification, parseNotification } from '../../../src/j11/notifications.ts';
import { decodeConnection, decodeSendResult, decodeStatus, decodeVersion } from '../../../src/j11/responses.ts';
import { joinBytes } from '../../../test/support/transcript.ts';
import { goldenFrames, requestVectors } from '../../../test/unit/j11/golden.ts';
import { corpusOf } from '../material.ts';
import { chunksOf, Dice, mutated } from '../mutator.ts';
import { must, nothing } from '../target.ts';
import type { Target } from '../target.ts';

const sides: readonly FrameSide[] = ['host', 'module'];
/** What must be found behind anything. */
const LAST: J11Frame = { code: 0x6019, data: new Uint8Array() };

/** Frames of both sides, whole, wounded, with right sums around wrong data. */
export const j11: Target = {
  name: 'j11',
  share: 12,
  open: () => {
    const dice = new Dice(4711);
    const golden = [...requestVectors, ...goldenFrames.map(({ bytes }) => bytes)];
    const longest = encodeFrame('module', { code: 0x6018, data: new Uint8Array(MAX_DATA_LENGTH) });
    const streams = Array.from({ length: 40 }, () =>
      joinBytes([dice.pick(golden), dice.pick(golden), dice.pick(golden)]),
    );
    const material = {
      seeds: [...corpusOf('j11'), ...golden, ...streams, longest],
      words: [...sides.map((side) => UNIQUE_CODES[side]), ...golden.map((bytes) => bytes.subarray(0, 12))],
      most: 3000,
    };
    return {
      make: (seed) => mutated(new Dice(seed), material),
      check,
      [Symbol.asyncDispose]: nothing,
    };
  },
};

function check(bytes: Uint8Array): void {
  const input = new Uint8Array(bytes); // slices of a Buffer would be Buffers
  for (const side of sides) checkStream(side, bytes);
  // Right sums, any data: what a parser meets behind them.
  const code = ((input[0] ?? 0) << 8) | (input[1] ?? 0);
  checkFrame({ code, data: input.subarray(2, 2 + MAX_DATA_LENGTH) });
  for (const frame of goldenCodes) checkFrame({ code: frame, data: input.subarray(0, MAX_DATA_LENGTH) });
}

const goldenCodes = [...new Set([...requestVectors, ...goldenFrames.map(({ bytes }) => bytes)].map(codeOf))];
function codeOf(bytes: Uint8Array): number {
  return ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0);
}

function checkStream(side: FrameSide, input: Uint8Array): void {
  const reader = new FrameReader(side);
  const found = chunksOf(input).flatMap((chunk) => reader.push(chunk));
  must(isDeepStrictEqual(found, new FrameReader(side).push(input)), 'the chunks mattered');
  found.push(...reader.giveUp());
  must(!reader.isPending, 'something was held back');
  found.push(...reader.push(encodeFrame(side, LAST)));
  must(isDeepStrictEqual(found.at(-1), { kind: 'frame', ...LAST }), 'the frame behind it was not found');
  found.forEach((one) => checkFound(side, one, input));
}

/** A frame stands in the bytes as it would be written; nothing is made up. */
function checkFound(side: FrameSide, found: FrameInput, input: Uint8Array): void {
  if (found.kind === 'damaged') return;
  const written = encodeFrame(side, found);
  const stands = Buffer.from(input.buffer, input.byteOffset, input.length).includes(Buffer.from(written));
  must(stands || found.code === LAST.code, 'a frame that was not on the wire');
  checkFrame(found);
}

function checkFrame(frame: J11Frame): void {
  const parsed = parseCommand(frame);
  if (parsed.kind === 'command') {
    const [again] = new FrameReader('host').push(encodeCommand(parsed.command));
    const isSame = again?.kind === 'frame' && isDeepStrictEqual(parseCommand(again), parsed);
    must(isSame, () => `${parsed.command.name} is not read as it is written`);
  }
  const notification = parseNotification(frame);
  if (notification.kind !== 'noise') {
    const [again] = new FrameReader('module').push(encodeNotification(notification));
    const isSame = again?.kind === 'frame' && isDeepStrictEqual(parseNotification(again), notification);
    must(isSame, () => `${notification.kind} is not read as it is written`);
  }
  const connection = decodeConnection(frame.data);
  must(connection === undefined || connection.rssiDbm >= -128, 'a power out of range');
  decodeStatus(frame.data);
  decodeVersion(frame.data);
  must((decodeSendResult(frame.data) ?? 0) <= 0xf, 'a send result out of range');
}
