import { ReadlineParser } from '@serialport/parser-readline';
import { parseLine, type SkLine } from '../../src/skstack/events.ts';
import { LineJoiner } from '../../src/skstack/lines.ts';

/** The real way in, made synchronous: bytes → ReadlineParser → LineJoiner → parseLine. */
export class LineReader {
  readonly joiner = new LineJoiner();
  readonly #parser = new ReadlineParser({ delimiter: '\r', encoding: 'latin1', readableObjectMode: true });

  /** @returns the lines this chunk completes. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    this.#parser.write(chunk);
    for (;;) {
      const piece = this.#parser.read() as string | null;
      if (piece === null) break;
      lines.push(...this.joiner.push(piece));
    }
    if (this.#parser.writableLength > 0) throw new Error('the parser held a chunk back');
    return lines;
  }
}

export function linesOf(chunks: Iterable<Uint8Array>): string[] {
  const reader = new LineReader();
  return [...chunks].flatMap((chunk) => reader.push(chunk));
}

export const skLinesOf = (chunks: Iterable<Uint8Array>): SkLine[] => linesOf(chunks).map((line) => parseLine(line));

/** The same bytes one by one. */
export const singly = (bytes: Uint8Array): Uint8Array[] =>
  Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
