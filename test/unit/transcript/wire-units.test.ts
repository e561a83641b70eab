import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { latin1OfBytes } from '../../../src/kernel/bytes.ts';
import { payloadOf, WireUnits } from '../../../src/transcript/wire-units.ts';
import type { Side } from '../../../src/transcript/transcript.ts';
import { binaryRxUdp, METER } from '../../support/rxudp.ts';
import { readTranscript, transcriptNames } from '../../support/transcript.ts';

const FRAME = Buffer.from('1081000102880105FF017201E7040D0A0D0A', 'hex');
const RXUDP = latin1OfBytes(binaryRxUdp(FRAME, '1 0'));
const SEND = `SKSENDTO 1 ${METER} 0E1A 1 0 0004 A\r\nB`;

function unitsOf(from: Side, ...chunks: string[]): string[] {
  const units = new WireUnits(from);
  return [...chunks.flatMap((chunk) => units.push(chunk, 0)), ...units.flush()].map(({ text }) => text);
}

test.each<[Side, string, string[]]>([
  ['host', 'SKVER\r\nROPT\rSKINFO\r\n', ['SKVER\r\n', 'ROPT\r', 'SKINFO\r\n']],
  ['host', `${SEND}SKVER\r\n`, [SEND, 'SKVER\r\n']],
  ['module', `OK\r\n${RXUDP}\r\nOK 00\r`, ['OK\r\n', `${RXUDP}\r\n`, 'OK 00\r']],
  ['module', `SKSENDTO X ${RXUDP}\r\nOK\n`, [`SKSENDTO X ${RXUDP}\r\n`, 'OK\n']],
  ['module', RXUDP.slice(0, -3), [RXUDP.slice(0, -3)]],
  [
    'module',
    '\xd0\xf9\xee\x5d\x20\x01\x00\x05\x02\x41\x00\x01\x0dOK\r\n',
    ['\xd0\xf9\xee\x5d\x20\x01\x00\x05\x02\x41\x00\x01\x0d', 'OK\r\n'],
  ],
])('%s %j', (from, text, expected) => {
  expect(unitsOf(from, text)).toEqual(expected);
  expect(unitsOf(from, ...Array.from(text))).toEqual(expected);
});

test('a carriage return waits for its line feed until the other side speaks', () => {
  const units = new WireUnits('module');
  expect(units.push('OK 01\r', 1)).toEqual([]);
  expect(units.settle()).toEqual([{ from: 'module', atMs: 1, text: 'OK 01\r' }]);
  expect(units.settle()).toEqual([]);
});

test('nothing is lost or changed, whatever comes in whatever pieces', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      RXUDP,
      SEND,
      RXUDP.slice(0, 90),
      '\xd0\xf9\xee\x5d',
      '\xd0\xea\x83\xfc',
      'OK\r\n',
    ),
    fc.uint8Array({ maxLength: 20 }).map(latin1OfBytes),
  );
  fc.assert(
    fc.property(fc.constantFrom<Side>('host', 'module'), fc.array(piece), (from, pieces) => {
      expect(unitsOf(from, ...pieces).join('')).toBe(pieces.join(''));
    }),
  );
});

test.each(transcriptNames)('%s: the lines are the units', (name) => {
  const { lines } = readTranscript(name);
  const side = (from: Side): string[] =>
    lines.filter((line) => line.from === from).map(({ bytes }) => latin1OfBytes(bytes).replaceAll('X', '0')); // masked digits
  for (const from of ['host', 'module'] as const)
    expect(unitsOf(from, side(from).join('')).join('|')).toBe(side(from).join('|'));
});

test('data are found raw and in hex, and not when they are cut short', () => {
  const hex = `${RXUDP.slice(0, -FRAME.length)}${FRAME.toString('hex').toUpperCase()}\r\n`;
  expect(payloadOf({ from: 'module', text: `${RXUDP}\r\n` })?.bytes).toBe(latin1OfBytes(FRAME));
  expect(payloadOf({ from: 'module', text: hex })?.bytes).toBe(latin1OfBytes(FRAME));
  expect(payloadOf({ from: 'module', text: RXUDP.slice(0, -1) })).toBeUndefined();
  expect(payloadOf({ from: 'host', text: SEND })?.bytes).toBe('A\r\nB');
  expect(payloadOf({ from: 'module', text: 'OK\r\n' })).toBeUndefined();
});
