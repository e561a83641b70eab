/** `value` in upper-case hex with leading zeros to `width` digits. */
export const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');

/** Bytes as upper-case hex. */
export function hexOfBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hex(byte, 2);
  return text;
}

/** Bytes of an even number of hex digits. The caller has checked the form. */
export function bytesOfHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** A latin-1 string and its bytes: one character, one byte, both ways. */
export function bytesOfLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
export function latin1OfBytes(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
