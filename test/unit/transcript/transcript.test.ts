import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOfLatin1, latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { formatTranscript, parseTranscript, transcriptText } from '../../../src/transcript/transcript.ts';
import type { Side, Transcript } from '../../../src/transcript/transcript.ts';
import { transcriptNames, readTranscript } from '../../support/transcript.ts';

function parsed(text: string): Transcript {
  const result = parseTranscript(text);
  if (!result.ok) throw new Error(`${result.problem.line}: ${result.problem.reason.en}`);
  return result.value;
}

const written = (latin1: string, dataAt?: number): string => transcriptText(bytesOfLatin1(latin1), dataAt);

test.each([
  ['SKVER\r\n', 'SKVER'],
  ['OK 01\r', 'OK 01\\r'],
  ['', '\\c'],
  ['\r\n', ''],
  ['  LQI:CA\r\n', '  LQI:CA'],
  ['SKSCAN 2 FFFFFFFF 6 0 \r\n', 'SKSCAN 2 FFFFFFFF 6 0{20}'],
  ['a{b}\\r\r\n', 'a{7B627D5C72}'],
  ['\x10\x81\x00\x01 0\x05\r\n', '{10810001203005}'],
  ['EVENT\n\r\n', 'EVENT{0A}'],
])('%j is written as %s', (bytes, text) => {
  expect(written(bytes)).toBe(text);
});

test('raw data are written in hex as a whole, be they printable or not', () => {
  expect(written('SKSENDTO 1 0002 AB', 16)).toBe('SKSENDTO 1 0002 {4142}\\c');
});

test('any bytes are read as they were written', () => {
  const line = fc.record({
    from: fc.constantFrom<Side>('host', 'module'),
    atMs: fc.nat(86_400_000),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .string({ unit: fc.constantFrom('\r', '\n', '\\', '{', '}', ' ', 'c', 'r', '0', 'A', ';', '#') })
        .map(bytesOfLatin1),
    ),
  });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) => {
      const { lines: read } = parsed(formatTranscript([['format', 'broute2mqtt transcript 1']], lines));
      expect(read.map(({ from, atS, bytes }) => [from, Math.round((atS ?? 0) * 1000), latin1OfBytes(bytes)])).toEqual(
        lines.map(({ from, atMs, bytes }) => [from, atMs, latin1OfBytes(bytes)]),
      );
    }),
  );
});

test.each(transcriptNames)('%s is read, and what is written of it is read the same', (name) => {
  const { lines } = readTranscript(name);
  const again = parsed(
    formatTranscript(
      [],
      lines.map(({ from, bytes, atS = 0 }) => ({ from, bytes, atMs: atS * 1000 })),
    ),
  );
  expect(again.lines.map(({ from, bytes }) => [from, latin1OfBytes(bytes)])).toEqual(
    lines.map(({ from, bytes }) => [from, latin1OfBytes(bytes)]),
  );
});

test('a byte order mark and line ends of Windows do no harm', () => {
  expect(parsed('\uFEFF# edition: SE\r\n>[0.100] SKVER\r\n').lines).toEqual([
    { from: 'host', text: 'SKVER', atS: 0.1, bytes: bytesOfLatin1('SKVER\r\n') },
  ]);
});

test.each([
  ['', 1, 'no line'],
  ['> SKVER\nSKVER', 2, 'neither'],
  ['> SKVER\n<SKVER', 2, 'neither'],
  ['>[x] SKVER', 1, 'neither'],
  ['# Format 1\n> A', 1, 'key: value'],
  ['# format: broute2mqtt transcript 2\n> A', 1, 'newer version'],
  ['# format: something else\n> A', 1, 'not a format'],
  ['> A\n\n> {0D0', 3, 'pairs of hex'],
  ['> {0D0G}', 1, 'pairs of hex'],
  ['> あ', 1, 'U+3042 is no byte'],
  ['> a\tb', 1, 'U+0009 is no byte'],
])('%j is refused at line %i', (text, line, reason) => {
  const result = parseTranscript(text);
  expect(result.ok ? undefined : result.problem).toEqual({
    line,
    reason: { en: expect.stringContaining(reason) as string, ja: expect.stringMatching(/[ぁ-ん]/) as string },
  });
});
