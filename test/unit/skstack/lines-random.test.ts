import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLine } from '../../../src/skstack/events.ts';
import { bytesOfLatin1 } from '../../../src/kernel/bytes.ts';
import { LineJoiner, MAX_LINE_LENGTH } from '../../../src/skstack/lines.ts';
import { describeLine } from '../../support/describe-line.ts';
import { linesOf, skLinesOf } from '../../support/line-reader.ts';
import { asciiRxUdp, binaryRxUdp, METER, rxUdpHeader } from '../../support/rxudp.ts';
import { joinBytes } from '../../support/transcript.ts';

const CRLF = bytesOfLatin1('\r\n');
const DONE = bytesOfLatin1(`EVENT 21 ${METER} 00\r\nOK\r\n`);
const done = [`event 21 ${METER} param 00`, 'ok'];
const described = (chunks: Iterable<Uint8Array>): string[] => skLinesOf(chunks).map((line) => describeLine(line));

/** Bytes as they come, and far too often those that mean something here. */
const bytes = (words: readonly string[]): fc.Arbitrary<Uint8Array> =>
  fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom('\r', '\n', '\r\n', ' ', '0', '\u0000', ...words).map((word) => bytesOfLatin1(word)),
      ),
      { maxLength: 30 },
    )
    .map((parts) => joinBytes(parts));

const header = fc.nat({ max: 0x04d0 }).map((length) => rxUdpHeader(length));
const noise = fc
  .tuple(
    bytes(['ERXUDP ', 'EVENT 25', 'EPANDESC', 'OK', 'FAIL ER', ' EINFO ']),
    fc.option(header),
    bytes(['OK', '\u0010']),
  )
  .map(([before, head, after]) => joinBytes([before, bytesOfLatin1(head ?? ''), after]));

const payload = bytes(['ERXUDP ', 'EVENT 25', 'EPANDESC ', 'OK', '0123']).map((rest) =>
  joinBytes([Uint8Array.of(0x10), rest.subarray(0, 1231)]),
);
/** A whole line amid the payload is what the joiner takes for lost bytes; random bytes never make one, our words can. */
const ordinaryPayload = payload.filter((data) => !/\r\n(?:OK|EPANDESC)/.test(Buffer.from(data).toString('latin1')));

const chunked = (data: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const at = [...new Set([0, ...cuts.map((cut) => cut % (data.length + 1)), data.length])].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => data.subarray(at[index], end));
};
const cuts = fc.array(fc.nat(), { maxLength: 20 });
const without = (line: Uint8Array, from: number, count: number): Uint8Array => {
  const start = from % line.length;
  return joinBytes([line.subarray(0, start), line.subarray(start + count)]);
};

test('no bytes throw, whatever the chunks; no line is empty or over-long', () => {
  fc.assert(
    fc.property(noise, cuts, (data, at) => {
      const lines = linesOf(chunked(data, at));
      for (const line of lines) parseLine(line);
      expect(lines.every((line) => line !== '' && line.length <= MAX_LINE_LENGTH)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('no single line throws', () => {
  const word = fc.constantFrom(
    'OK',
    'FAIL',
    'ER05',
    'EVENT',
    '21',
    METER,
    '0',
    'ERXUDP',
    'EINFO',
    'ESREG',
    'EVER',
    '',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ unit: 'binary-ascii' }))), (words) => {
      expect(parseLine(words.join(' ')).kind).toBeTypeOf('string');
    }),
    { numRuns: 2000 },
  );
});

test('the chunks never matter', () => {
  fc.assert(
    fc.property(noise, cuts, (data, at) => {
      expect(linesOf(chunked(data, at))).toEqual(linesOf([data]));
    }),
    { numRuns: 1000 },
  );
});

test('any binary payload that begins with 10h survives, wherever it is cut', () => {
  fc.assert(
    fc.property(ordinaryPayload, fc.constantFrom('1', '1 0', 'CA 1 0'), cuts, (data, columns, at) => {
      const lines = skLinesOf(chunked(joinBytes([binaryRxUdp(data, columns), CRLF, DONE]), at));
      expect(lines).toMatchObject([{ kind: 'rxudp', secured: true, payload: data }, { kind: 'event' }, { kind: 'ok' }]);
    }),
    { numRuns: 1000 },
  );
});

test('any ASCII payload survives, wherever it is cut', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 1232 }),
      fc.constantFrom('1', '1 0', 'CA 1 0'),
      cuts,
      (data, columns, at) => {
        const lines = skLinesOf(chunked(joinBytes([asciiRxUdp(data, columns), CRLF, DONE]), at));
        expect(lines).toMatchObject([{ kind: 'rxudp', payload: data }, { kind: 'event' }, { kind: 'ok' }]);
      },
    ),
  );
});

test('lines after any noise and a line end are found at once, even if the noise began a datagram', () => {
  fc.assert(
    fc.property(noise, (data) => {
      expect(described([data, CRLF, DONE]).slice(-2)).toEqual(done);
    }),
    { numRuns: 3000 },
  );
});

test('whatever is lost of a datagram, it is refused and the lines behind it are found', () => {
  fc.assert(
    fc.property(ordinaryPayload, fc.nat(), fc.integer({ min: 1, max: 200 }), (data, from, count) => {
      const lines = described([without(binaryRxUdp(data), from, count), CRLF, DONE]);
      expect(lines.slice(-2)).toEqual(done);
      expect(lines.filter((line) => line.startsWith('rxudp'))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test('whichever byte of a datagram or its line end is wrong, the lines behind it are found', () => {
  fc.assert(
    fc.property(ordinaryPayload, fc.nat(), fc.nat({ max: 255 }), (data, at, value) => {
      const line = joinBytes([binaryRxUdp(data), CRLF]);
      line[at % line.length] = value;
      expect(described([line, DONE]).slice(-2)).toEqual(done);
    }),
    { numRuns: 2000 },
  );
});

test('an unfinished datagram swallows at most 1232 bytes of lines nobody knows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 0x04d0 }), (length) => {
      const joiner = new LineJoiner();
      joiner.push(`${rxUdpHeader(length)}\u0010`);
      let swallowed = 0;
      while (joiner.collecting) {
        joiner.push('\nEINFO');
        swallowed += '\nEINFO\r'.length;
      }
      expect(swallowed).toBeLessThan(1232 + '\nEINFO\r'.length);
    }),
  );
});
