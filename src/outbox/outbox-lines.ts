import { crc32 } from 'node:zlib';

/** Pure: how readings stand in a segment file. One line of JSON each, `{"crc":"89abcdef","reading":{…}}`. */

/** A reading as it was found in a segment. */
export interface StoredLine {
  /** Byte for byte what was stored: re-serialising would turn 7.0 into 7. */
  readonly payload: string;
  /** Where its line begins in the file. */
  readonly start: number;
}

export interface Segment {
  readonly lines: readonly StoredLine[];
  /** Whole lines that are not what was written. */
  readonly damaged: number;
  /** Bytes of a last line that was not written to its end: what a power cut leaves. */
  readonly tornBytes: number;
}

const HEAD = '{"crc":"';
const MIDDLE = '","reading":';
const CRC_DIGITS = 8;
const PAYLOAD_AT = HEAD.length + CRC_DIGITS + MIDDLE.length;
const NEWLINE = 0x0a;

/** CRC-32 of the payload's UTF-8, 8 hex digits. */
export const checksum = (payload: string): string => crc32(payload).toString(16).padStart(CRC_DIGITS, '0');

/** @param payload JSON on one line. */
export const encodeLine = (payload: string): string => `${HEAD}${checksum(payload)}${MIDDLE}${payload}}\n`;

/** The payload of a line without its line feed; undefined when it is not what was written. */
function decodeLine(line: string): string | undefined {
  const payload = line.slice(PAYLOAD_AT, -1);
  return payload !== '' && encodeLine(payload) === `${line}\n` ? payload : undefined;
}

/** Total: no bytes make it throw. @param from where in the file `bytes` begin. */
export function decodeSegment(bytes: Buffer, from = 0): Segment {
  const lines: StoredLine[] = [];
  let damaged = 0;
  let at = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
    const payload = decodeLine(bytes.toString('utf8', at, end));
    if (payload === undefined) damaged++;
    else lines.push({ payload, start: from + at });
    at = end + 1;
  }
  const rest = decodeLine(bytes.toString('utf8', at)); // only the line feed may be missing
  if (rest !== undefined) lines.push({ payload: rest, start: from + at });
  return { lines, damaged, tornBytes: rest === undefined ? bytes.length - at : 0 };
}
