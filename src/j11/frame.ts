import { bytesOf16, readU16 } from '../kernel/bytes.ts';

/** Who says a frame: its first four bytes tell. ROHM 63TR008E, 3.1. */
export type FrameSide = 'host' | 'module';

export const uniqueCodes: Readonly<Record<FrameSide, Uint8Array>> = {
  host: Uint8Array.of(0xd0, 0xea, 0x83, 0xfc),
  module: Uint8Array.of(0xd0, 0xf9, 0xee, 0x5d),
};

export const HEADER_LENGTH = 12;
/** Bytes the length field counts besides the data: the two sums. */
const SUMS_LENGTH = 4;
export const MAX_FRAME_LENGTH = 1361;
export const MAX_DATA_LENGTH = MAX_FRAME_LENGTH - HEADER_LENGTH;

export interface J11Frame {
  /** Command code; a response has the request's + 2000h, notifications are 4xxx and 6xxx. */
  readonly code: number;
  readonly data: Uint8Array;
}

/** The sum of bytes, modulo 65536: both the header's and the data's checksum. */
export function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum & 0xffff;
}

/** @throws RangeError for more data than a frame takes. */
export function encodeFrame(side: FrameSide, { code, data }: J11Frame): Uint8Array {
  if (data.length > MAX_DATA_LENGTH) throw new RangeError(`a J11 frame takes ${MAX_DATA_LENGTH} bytes of data`);
  const start = Uint8Array.of(...uniqueCodes[side], ...bytesOf16(code), ...bytesOf16(SUMS_LENGTH + data.length));
  const frame = new Uint8Array(HEADER_LENGTH + data.length);
  frame.set(start);
  frame.set([...bytesOf16(sumOf(start)), ...bytesOf16(sumOf(data))], start.length);
  frame.set(data, HEADER_LENGTH);
  return frame;
}

/** What a header says of what follows; the caller has checked its length and its sum. */
export const headerOf = (header: Uint8Array): { readonly code: number; readonly dataLength: number } => ({
  code: readU16(header, 4),
  dataLength: readU16(header, 6) - SUMS_LENGTH,
});
