/** Big-endian integers. Callers have checked the length: reading past the end is a defect, not bad input. */

export const readU16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

export const readS16 = (bytes: Uint8Array, at: number): number => (readU16(bytes, at) << 16) >> 16;

export const readS32 = (bytes: Uint8Array, at: number): number => (readU16(bytes, at) << 16) | readU16(bytes, at + 2);

export const readU32 = (bytes: Uint8Array, at: number): number => readS32(bytes, at) >>> 0;

/** An unsigned byte read as two's complement. */
export const signed8 = (byte: number): number => (byte << 24) >> 24;

/** Writes the low `width` bytes of an integer (two's complement when negative) and returns the offset behind them. */
export function writeInteger(bytes: Uint8Array, at: number, width: number, value: number): number {
  for (let i = 0; i < width; i++) bytes[at + i] = value >>> (8 * (width - 1 - i));
  return at + width;
}

export const bytesOf16 = (value: number): readonly [number, number] => [(value >> 8) & 0xff, value & 0xff];
export const bytesOf32 = (value: number): readonly number[] => [...bytesOf16(value >>> 16), ...bytesOf16(value)];

// Node's own conversions, as plain bytes: a Buffer may share its memory, and its slices do.
export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** `value` in upper-case hex with leading zeros to `width` digits. */
export const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');

/** Bytes as upper-case hex. */
export const hexOfBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

/** Bytes of an even number of hex digits. The caller has checked the form. */
export const bytesOfHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

/** A latin-1 string and its bytes: one character, one byte, both ways. */
export const bytesOfLatin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
export const latin1OfBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** An IPv6 address in full form, upper case, as the rest of the program writes it. */
export const addressOf = (bytes: Uint8Array): string =>
  Array.from({ length: 8 }, (_, i) => hex(readU16(bytes, 2 * i), 4)).join(':');
export const bytesOfAddress = (address: string): Uint8Array => bytesOfHex(address.replaceAll(':', ''));

/** An integer argument of ours. @throws RangeError outside `min`–`max`. */
export function mustBeInteger(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}`);
  }
  return value;
}
