import { describe, expect, test } from 'vitest';
import { describeLine } from '../support/describe-line.ts';
import { linesOf, singly, skLinesOf } from '../support/line-reader.ts';
import { readTranscript, transcriptNames } from '../support/transcript.ts';
import { expectedLines } from './expected.ts';

test('every transcript has its expected lines', () => {
  expect(Object.keys(expectedLines).sort()).toEqual(transcriptNames);
});

describe.each(transcriptNames)('%s', (name) => {
  const { moduleBytes } = readTranscript(name);
  const { names, lines } = expectedLines[name] ?? { names: {}, lines: [] };

  test('gives the expected lines', () => {
    expect(skLinesOf([moduleBytes]).map((line) => describeLine(line, names))).toEqual(lines);
  });

  test('gives the same lines byte by byte', () => {
    expect(linesOf(singly(moduleBytes))).toEqual(linesOf([moduleBytes]));
  });

  test('gives the same lines wherever it is cut in two', () => {
    const whole = linesOf([moduleBytes]).join('\n');
    const wrong = Array.from(moduleBytes, (_, at) => at).filter(
      (at) => linesOf([moduleBytes.subarray(0, at), moduleBytes.subarray(at)]).join('\n') !== whole,
    );
    expect(wrong).toEqual([]);
  });

  test('never throws when its beginning is missing', () => {
    for (let at = 0; at < moduleBytes.length; at++) skLinesOf([moduleBytes.subarray(at)]);
  });
});

test('a session joined in the middle of a line is understood from the next line on', () => {
  const { moduleBytes } = readTranscript('se-bp35a1-get-e7-e8-tid-1002');
  expect(skLinesOf([moduleBytes.subarray(20)]).map(({ kind }) => kind)).toEqual(['noise', 'ok', 'rxudp']);
});
