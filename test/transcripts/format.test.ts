import { expect, test } from 'vitest';
import { latin1OfBytes } from '../../src/kernel/bytes.ts';
import { parseTranscript } from '../support/transcript.ts';

const bytesOf = (line: string): string => latin1OfBytes(parseTranscript('x', line).lines[0]?.bytes ?? new Uint8Array());

test('a line ends with CRLF, with a lone CR after \\r, with nothing after \\c', () => {
  expect([bytesOf('> SKVER'), bytesOf('> ROPT\\r'), bytesOf('> SKSENDTO {1081}\\c')]).toEqual([
    'SKVER\r\n',
    'ROPT\r',
    'SKSENDTO \x10\x81',
  ]);
});

test('blanks at both ends count, and a line may be empty', () => {
  expect([bytesOf('<   LQI:CA'), bytesOf('> SKSCAN 2 FFFFFFFF 6 0 '), bytesOf('<[111.515] ')]).toEqual([
    '  LQI:CA\r\n',
    'SKSCAN 2 FFFFFFFF 6 0 \r\n',
    '\r\n',
  ]);
});

test('header, time stamps and remarks are read and kept off the wire', () => {
  const transcript = parseTranscript('x', '# edition: SE\n# notes: a\n# notes: b\n#\n>[1.5] SKVER\n; a remark\n< OK\n');
  expect(transcript.header.get('notes')).toEqual(['a', 'b']);
  expect(transcript.lines.map(({ from, atS }) => [from, atS])).toEqual([
    ['host', 1.5],
    ['module', undefined],
  ]);
  expect([latin1OfBytes(transcript.hostBytes), latin1OfBytes(transcript.moduleBytes)]).toEqual(['SKVER\r\n', 'OK\r\n']);
});

test('a line of no known form is an error', () => {
  expect(() => parseTranscript('x', '> SKVER\nSKVER')).toThrow('x:2: neither');
});
