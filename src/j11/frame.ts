import { bytesOf16, readU16, concatBytes } from '../kernel/bytes.ts';

/** Who says a frame: its first four bytes tell. ROHM 63TR008E, 3.1. */
export type FrameSide = 'host' | 'module';

export const UNIQUE_CODES: Readonly<Record<FrameSide, Uint8Array>> = {
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
  const start = Uint8Array.of(...UNIQUE_CODES[side], ...bytesOf16(code), ...bytesOf16(SUMS_LENGTH + data.length));
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

export type Damage = 'header sum' | 'data sum' | 'length';

/** A whole frame, or one whose beginning was there and which is not what it says. */
export type FrameInput =
  | ({ readonly kind: 'frame' } & J11Frame)
  /** `code` is there where the header's sum was right. */
  | { readonly kind: 'damaged'; readonly reason: Damage; readonly code?: number };

/**
 * Cuts what arrives into frames, however it is cut into chunks. Bytes that begin no frame are dropped; after a damaged
 * one the search goes on one byte behind its beginning, since the next frame may stand inside what it claimed.
 */
export class FrameReader {
  readonly #unique: Uint8Array;
  #held: Uint8Array = new Uint8Array();
  /** Bytes dropped because they begin no frame. */
  skipped = 0;

  constructor(side: FrameSide) {
    this.#unique = UNIQUE_CODES[side];
  }

  push(bytes: Uint8Array): FrameInput[] {
    this.#held = concatBytes(this.#held, bytes); // a copy: a Buffer is the caller's, and its slices are no copies
    return this.#cut();
  }

  /** The line was idle for long: what is still missing will not come. */
  giveUp(): FrameInput[] {
    const found: FrameInput[] = [];
    while (this.#held.length > 0) {
      this.#skip(1);
      found.push(...this.#cut());
    }
    return found;
  }

  /** In the middle of a frame, or of what may become one. */
  get isPending(): boolean {
    return this.#held.length > 0;
  }

  #cut(): FrameInput[] {
    const found: FrameInput[] = [];
    for (;;) {
      this.#skip(this.#garbage());
      const input = this.#next();
      if (!input) return found;
      found.push(input);
    }
  }

  /** @returns undefined while more bytes are needed. */
  #next(): FrameInput | undefined {
    const held = this.#held;
    if (held.length < HEADER_LENGTH) return undefined;
    const { code, dataLength } = headerOf(held);
    if (sumOf(held.subarray(0, 8)) !== readU16(held, 8)) return this.#damaged({ reason: 'header sum' });
    if (dataLength < 0 || dataLength > MAX_DATA_LENGTH) return this.#damaged({ reason: 'length', code });
    if (held.length < HEADER_LENGTH + dataLength) return undefined;
    const data = held.slice(HEADER_LENGTH, HEADER_LENGTH + dataLength);
    if (sumOf(data) !== readU16(held, 10)) return this.#damaged({ reason: 'data sum', code });
    this.#held = held.subarray(HEADER_LENGTH + dataLength);
    return { kind: 'frame', code, data };
  }

  #damaged(what: { readonly reason: Damage; readonly code?: number }): FrameInput {
    this.#skip(1);
    return { kind: 'damaged', ...what };
  }

  /** How many of the bytes held cannot begin a frame. */
  #garbage(): number {
    const held = this.#held;
    const begins = (at: number): boolean =>
      this.#unique.every((byte, i) => at + i >= held.length || held[at + i] === byte);
    let at = 0;
    while (!begins(at)) at++;
    return at;
  }

  #skip(count: number): void {
    this.skipped += count;
    this.#held = this.#held.subarray(count);
  }
}
