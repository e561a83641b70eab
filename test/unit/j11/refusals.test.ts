import { expect, test } from 'vitest';
import { COMMAND_CODES, encodeCommand, parseCommand } from '../../../src/j11/commands.ts';
import type { CommandName } from '../../../src/j11/commands.ts';
import { RESULT, resultText } from '../../../src/j11/responses.ts';

const { badLength, badParameter } = RESULT;
const parsed = (name: CommandName, data: readonly number[]) =>
  parseCommand({ code: COMMAND_CODES[name], data: Uint8Array.from(data) });
const zeros = (length: number): number[] => Array.from({ length }, () => 0);
/** Destination, two ports, length, payload. */
const sending = (told: number, payload: number): number[] => [...zeros(20), told >> 8, told & 255, ...zeros(payload)];
const MASK = [0x00, 0x03, 0xff, 0xf0];

const refused: readonly (readonly [why: string, CommandName, readonly number[], number])[] = [
  ['a port of one byte', 'openPort', [0x0e], badLength],
  ['a port of three bytes', 'closePort', [0x0e, 0x1a, 0], badLength],
  ['port 0', 'openPort', [0, 0], badParameter],
  ['credentials one short', 'setCredentials', zeros(43), badLength],
  ['credentials one long', 'setCredentials', zeros(45), badLength],
  ['three settings', 'configure', [5, 0, 4], badLength],
  ['another mode', 'configure', [4, 0, 4, 0], badParameter],
  ['an unknown sleep', 'configure', [5, 2, 4, 0], badParameter],
  ['channel 3', 'configure', [5, 0, 3, 0], badParameter],
  ['channel 18', 'configure', [5, 0, 18, 0], badParameter],
  ['an unknown power', 'configure', [5, 0, 4, 3], badParameter],
  ['no flow control', 'setFlowControl', [], badLength],
  ['flow control of two bytes', 'setFlowControl', [0, 0], badLength],
  ['a status with data', 'status', [0], badLength],
  ['a datagram of nothing', 'send', sending(0, 0), badLength],
  ['a datagram too long', 'send', sending(1233, 1233), badLength],
  ['a length that is not the payload’s', 'send', sending(2, 1), badLength],
  ['a scan without a flag', 'scan', [5, ...MASK], badLength],
  ['a scan with half an id', 'scan', [5, ...MASK, 1, 0x30], badLength],
  ['a scan for an id that is not there', 'scan', [5, ...MASK, 1], badLength],
  ['duration 0', 'scan', [0, ...MASK, 0], badParameter],
  ['duration 15', 'scan', [15, ...MASK, 0], badParameter],
  ['no channel', 'scan', [5, 0, 0, 0, 0, 0], badParameter],
  ['channel 18 in a mask', 'scan', [5, 0, 4, 0, 0, 0], badParameter],
  ['another flag', 'scan', [5, ...MASK, 2], badParameter],
];
for (const [why, name, data, code] of refused)
  test(`${name} is refused: ${why}`, () => expect(parsed(name, data)).toEqual({ kind: 'refused', result: code }));

const taken: readonly (readonly [CommandName, readonly number[]])[] = [
  ['openPort', [0, 1]],
  ['configure', [5, 1, 17, 2]],
  ['send', sending(1, 1)],
  ['send', sending(1232, 1232)],
  ['scan', [1, ...MASK, 0]],
  ['scan', [14, 0, 0, 0, 0x10, 0, ...zeros(8)]],
];
for (const [name, data] of taken)
  test(`${name} is taken at its bounds: ${data.length} bytes`, () =>
    expect(parsed(name, data)).toMatchObject({ kind: 'command', command: { name } }));

test('a code that is none, and 00F0, are not understood', () => {
  for (const code of [0x0000, 0x00f0, 0xffff])
    expect(parseCommand({ code, data: new Uint8Array() })).toEqual({ kind: 'unknown' });
});

test('ID or password of another length are a mistake of ours', () => {
  const [id, password] = ['0'.repeat(32), 'A'.repeat(12)];
  for (const wrong of [
    { id: id.slice(1), password },
    { id, password: password.slice(1) },
    { id: `${id}0`, password: password.slice(1) },
  ])
    expect(() => encodeCommand({ name: 'setCredentials', ...wrong })).toThrow(
      new RangeError('ID or password has a wrong length'),
    );
});

test('every result has words of its own, and a number', () => {
  const texts = Object.values(RESULT).map((code) => resultText(code).en);
  expect(new Set(texts).size).toBe(texts.length);
  for (const [index, code] of Object.values(RESULT).entries())
    expect(texts[index]?.toUpperCase()).toContain(code.toString(16).toUpperCase().padStart(2, '0'));
});
