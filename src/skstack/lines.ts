import { MAX_DATA_LENGTH } from './commands.ts';
import { rxUdpHeader } from './events.ts';

/** The longest line a module prints is an ERXUDP with 1232 bytes in hex, some 2,620 characters; beyond this it is noise. */
export const MAX_LINE_LENGTH = 4096;

/** Where a text line ends: at CR or LF, or before a word that begins a module's line but is glued behind an echo or a fragment. */
const TEXT_LINE_END = /[\r\n]|(?!^)(?:ERXUDP |EVENT [0-9A-F]{2}|EPANDESC)/;

/**
 * A whole line of another kind amid raw payload: bytes of the datagram were lost and its count runs on over the lines
 * that follow. Read as ECHONET Lite values, CRLF and these words lie outside every range of a meter.
 */
const OVERRUN =
  /\r\n(?:(?:OK(?: [0-9A-F]{2})?|FAIL ER\d\d|EPANDESC|EVENT [0-9A-F]{2} [0-9A-F:]{39}[ 0-9A-F]*)(?:\r|$)|ERXUDP [0-9A-F:]{39} [0-9A-F:]{39} )/i;

/**
 * Puts lines together from the pieces between carriage returns (latin-1, one character a byte).
 *
 * A module ends lines with CRLF, its product commands' answers with CR alone, and prints ERXUDP payload as raw bytes when
 * it is in binary mode, so that a payload may hold CR, LF, blanks and even "ERXUDP". Only DATALEN says where such a line
 * ends: a piece that is too short is joined with the next. If its end is then not where DATALEN says, bytes were lost: the
 * header's line is noise and the lines behind it are looked for once more. Total: every input gives lines, noise included.
 */
export class LineJoiner {
  #pending: string | undefined;

  /** Forgets a half line: after a time-out its rest will not come. */
  reset(): void {
    this.#pending = undefined;
  }

  /** True while a binary payload is being collected. */
  get collecting(): boolean {
    return this.#pending !== undefined;
  }

  /** @param piece what stood before a CR, without it. @returns the lines that are complete now, without line ends, never empty ones. */
  push(piece: string): string[] {
    const text = this.#pending === undefined ? piece : `${this.#pending}\r${piece}`;
    this.#pending = undefined;
    const lines: string[] = [];
    this.#split(text, lines);
    return lines;
  }

  #split(text: string, lines: string[]): void {
    let rest = text;
    while (rest !== '') {
      if (rest.startsWith('\n') || rest.startsWith('\r')) {
        rest = rest.slice(1);
        continue;
      }
      const header = rxUdpHeader(rest);
      const next = header ? this.#datagram(rest, header.dataAt, header.length, lines) : takeTextLine(rest, lines);
      if (next === undefined) return;
      rest = next;
    }
  }

  /** @returns what follows the datagram; undefined when it is not complete and waits in `#pending`. */
  #datagram(text: string, dataAt: number, length: number, lines: string[]): string | undefined {
    const data = text.slice(dataAt);
    if (length > MAX_DATA_LENGTH) return takeTextLine(text, lines);
    const digits = data.search(/[^0-9A-F]|$/i);
    // Raw ECHONET payload begins with 10h, raw PANA payload with 00h: neither is a hex digit, so a digit means ASCII.
    if (digits > 0 || data === '') {
      if (digits !== 2 * length) return takeTextLine(text, lines); // cut short or too long: the parser refuses and counts it
      lines.push(text.slice(0, dataAt + digits));
      return data.slice(digits);
    }
    if (OVERRUN.test(data)) return takeTextLine(text, lines);
    if (data.length < length) {
      this.#pending = text;
      return undefined;
    }
    const rest = data.slice(length);
    // A CR must follow, and it stands where the text ends. (LF will not do: one byte lost, and CR would pass for the last.)
    if (rest !== '' && !rest.startsWith('\r')) return takeTextLine(text, lines);
    lines.push(text.slice(0, dataAt + length));
    return rest;
  }
}

/** Cuts one text line off, bounded. @returns the rest. */
function takeTextLine(text: string, lines: string[]): string {
  const end = TEXT_LINE_END.exec(text)?.index ?? text.length;
  lines.push(text.slice(0, Math.min(end, MAX_LINE_LENGTH)));
  return text.slice(end);
}
