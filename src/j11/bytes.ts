/** Unsigned, big-endian; the caller has checked the length. */
export const uint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
export const uint32 = (bytes: Uint8Array, at: number): number => uint16(bytes, at) * 0x10000 + uint16(bytes, at + 2);
export const int8 = (value: number): number => (value << 24) >> 24;

export const bytesOf16 = (value: number): readonly [number, number] => [(value >> 8) & 0xff, value & 0xff];
export const bytesOf32 = (value: number): readonly number[] => [...bytesOf16(value >>> 16), ...bytesOf16(value)];

export const hexOf = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');

/** Latin-1, a character a byte: ID, password and Pairing ID are ASCII on this wire. */
export const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
export const bytesOfText = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** An EUI-64 as 16 upper-case hex digits. */
export const macOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => hexOf(byte, 2)).join('');
/** Bytes of an even number of hex digits. The caller has checked the form. */
export const bytesOfMac = (mac: string): Uint8Array =>
  Uint8Array.from({ length: mac.length / 2 }, (_, i) => Number.parseInt(mac.slice(2 * i, 2 * i + 2), 16));

/** An IPv6 address in full form, upper case, as the rest of the program writes it. */
export const addressOf = (bytes: Uint8Array): string =>
  Array.from({ length: 8 }, (_, i) => hexOf(uint16(bytes, 2 * i), 4)).join(':');
export const bytesOfAddress = (address: string): Uint8Array => bytesOfMac(address.replaceAll(':', ''));
