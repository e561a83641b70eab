/** Big-endian bytes. Callers have checked the length: reading past the end is a defect, not bad input. */

export const readU16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

export const readS16 = (bytes: Uint8Array, at: number): number => (readU16(bytes, at) << 16) >> 16;

export const readS32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;

export const readU32 = (bytes: Uint8Array, at: number): number => readS32(bytes, at) >>> 0;

/** Writes the low `width` bytes of an integer (two's complement when negative) and returns the offset behind them. */
export function write(bytes: Uint8Array, at: number, width: number, value: number): number {
  for (let i = 0; i < width; i++) bytes[at + i] = value >>> (8 * (width - 1 - i));
  return at + width;
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Two upper-case hex digits per byte. */
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');

/** @throws RangeError unless `text` is exactly `length` bytes in hex. */
export function fromHex(text: string, length: number): Uint8Array {
  if (text.length !== 2 * length || !/^[0-9a-f]*$/i.test(text)) throw new RangeError(`not ${length} bytes of hex`);
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** An integer argument of ours. @throws RangeError outside `min`–`max`. */
export function mustBeInteger(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}`);
  }
  return value;
}
