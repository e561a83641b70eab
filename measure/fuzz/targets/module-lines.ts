import { isDeepStrictEqual } from 'node:util';
import { decodeFrame } from '../../../src/echonet/frame.ts';
import { readingOf } from '../../../src/echonet/smart-meter.ts';
import { parseLine } from '../../../src/skstack/events.ts';
import type { RxUdp, SkLine } from '../../../src/skstack/events.ts';
import { bytesOfLatin1, hexOfBytes, latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { formatLine } from '../../../src/skstack/line-formatter.ts';
import { LineJoiner, MAX_LINE_LENGTH } from '../../../src/skstack/lines.ts';
import { LineReader } from '../../../test/support/line-reader.ts';
import { asciiRxUdp, binaryRxUdp, METER } from '../../../test/support/rxudp.ts';
import { joinBytes } from '../../../test/support/transcript.ts';
import { corpusOf, frames, moduleBytes, wordsOf } from '../material.ts';
import { chunksOf, Dice, mutated } from '../mutator.ts';
import type { Material } from '../mutator.ts';
import { must, nothing } from '../target.ts';
import type { Session, Target } from '../target.ts';

const CRLF = bytesOfLatin1('\r\n');
const DONE = bytesOfLatin1(`EVENT 21 ${METER} 00\r\nOK\r\n`);
const words = wordsOf(
  '\r\n',
  '\r',
  '\n',
  ' ',
  'OK\r\n',
  'OK 01\r',
  'FAIL ER05\r\n',
  'ERXUDP ',
  'EPANDESC\r\n',
  `EVENT 25 ${METER}\r\n`,
  `EVENT 21 ${METER} 0 00\r\n`,
  '  Channel:33\r\n',
  '  Pan ID:8888\r\n',
  'EVER 1.2.10\r\n',
  'ESREG ',
  'EINFO ',
  METER,
  '0E1A ',
  '1 0 ',
  'CA 1 ',
  '04D0 ',
  '0000 ',
  '\u0010\u0081',
  '\0\0',
  'SKSENDTO ',
);

/** Whole datagrams among other lines, in every form a module prints them; the wounds come after. */
function datagrams(): Uint8Array[] {
  const dice = new Dice(4711);
  return frames.flatMap((frame) => {
    const columns = dice.pick(['1', '1 0', 'CA 1 0', '0'] as const) as '1';
    const before = dice.pick(['', 'OK\r\n', `EVENT 21 ${METER} 0 00\r\n`, 'SKSENDTO']);
    return [binaryRxUdp(frame, columns), asciiRxUdp(frame, columns)].map((line) =>
      joinBytes([bytesOfLatin1(before), line, CRLF, dice.chance(0.5) ? DONE : new Uint8Array()]),
    );
  });
}

function session(material: Material): Session {
  return {
    make: (seed) => mutated(new Dice(seed), material),
    check,
    [Symbol.asyncDispose]: nothing,
  };
}

export const lines: Target = {
  name: 'lines',
  share: 20,
  open: () => session({ seeds: [...corpusOf('lines'), ...moduleBytes()], words, most: 6000 }),
};
export const rxudp: Target = {
  name: 'rxudp',
  share: 24,
  open: () => session({ seeds: [...corpusOf('rxudp'), ...datagrams()], words, most: 3000 }),
};

function check(input: Uint8Array): void {
  const wire = joinBytes([input, CRLF, DONE]);
  const reader = new LineReader();
  const found = chunksOf(wire).flatMap((chunk) => reader.push(chunk));
  must(isDeepStrictEqual(found, atOnce(wire)), 'the chunks mattered');
  checkOrder(found, latin1OfBytes(wire));
  const parsed = found.map((line) => parseLine(line));
  parsed.forEach((line, i) => checkLine(line, found[i] as string));
  const [event, ok] = parsed.slice(-2);
  must(event?.kind === 'event' && event.number === 0x21 && ok?.kind === 'ok', 'the lines behind it were not found');
}

/** The same without ReadlineParser and without chunks. */
function atOnce(wire: Uint8Array): string[] {
  const joiner = new LineJoiner();
  return latin1OfBytes(wire)
    .split('\r')
    .slice(0, -1)
    .flatMap((text) => joiner.push(text));
}

/** Lines are pieces of the wire, in its order; nothing is made up or told twice. */
function checkOrder(found: readonly string[], wire: string): void {
  let at = 0;
  for (const line of found) {
    must(line !== '' && line.length <= MAX_LINE_LENGTH, 'an empty line, or one without an end');
    const next = wire.indexOf(line, at);
    must(next >= at, 'a line that was not on the wire');
    at = next + line.length;
  }
}

function checkLine(line: SkLine, text: string): void {
  if (line.kind === 'rxudp') checkDatagram(line, text);
  if (line.kind === 'event') must(line.number <= 0xff && (line.param ?? 0) <= 0xff, 'an event out of range');
  if (line.kind === 'fail') must(line.code >= 0 && line.code <= 99, 'a code out of range');
  if (line.kind === 'noise' || line.kind === 'echo') must(line.text === text, 'noise is not told as it came');
  checkRoundTrip(line);
}

function checkDatagram({ payload, ...line }: RxUdp, text: string): void {
  const [, length = '', data = ''] =
    /^ERXUDP (?:[0-9A-F:]+ ){5}(?:[0-9A-F]{1,2} ){1,3}([0-9A-F]{4}) ([^]*)$/i.exec(text) ?? [];
  must(payload.length === Number.parseInt(length, 16), 'a payload that is not as long as DATALEN says');
  const same = data === latin1OfBytes(payload) || data.toUpperCase() === hexOfBytes(payload);
  must(same, 'a payload that is not what stood there');
  must(line.remotePort <= 0xffff && line.localPort <= 0xffff, 'a port out of range');
  const frame = decodeFrame(payload);
  if (frame.ok) readingOf(frame.value.properties, undefined);
}

/** What a module would print for it is read as the same. */
function checkRoundTrip(line: SkLine): void {
  if ('value' in line && !/^\S+$/.test(line.value ?? 'x') && line.kind !== 'panField') return; // white space at the end of a line is not told
  if (line.kind === 'info' && line.edition === undefined) return; // printed as one of the two
  if (line.kind === 'event' && line.from === '') return; // has neither a side nor a parameter when it is printed
  const edition = isDse(line) ? 'DSE' : 'SE';
  const bytes = formatLine(line, edition, 'ascii');
  const again = parseLine(latin1OfBytes(bytes).replace(/\r\n?$/, ''));
  const expected = line.kind === 'rxudp' && edition === 'DSE' ? { ...line, side: line.side ?? 0 } : line;
  must(isDeepStrictEqual(again, expected), () => `${line.kind} is not read as it is printed`);
}

const isDse = (line: SkLine): boolean =>
  (line.kind === 'rxudp' && (line.side ?? line.lqi) !== undefined) ||
  (line.kind === 'event' && line.side !== undefined) ||
  (line.kind === 'info' && line.edition === 'DSE');
