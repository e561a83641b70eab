import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { knownStick, KNOWN_STICKS } from '../../../src/wire/known-sticks.ts';

const page = readFileSync(new URL('../../../docs/sticks.md', import.meta.url), 'utf8');
const generic = /^FTDI FT230X/;

test.each([
  ['0403:6015', 'FTDI FT230X Basic UART', generic],
  [undefined, 'FTDI FT230X Basic UART DK0IEADJ', generic],
  ['0403:6015', 'RATOC Systems, Ltd. RS-WSUHA-P', /^RATOC RS-WSUHA-P/],
  ['0403:6015', 'RATOC Systems, Ltd. RS-WSUHA-J11', /^J11/],
  [undefined, 'ROHM BP35C2-J11-T01', /^J11/],
  [undefined, 'TESSERA RL7023 Stick-D DSS', /^Tessera/],
  ['10c4:ea60', 'ROHM BP35A1', /^ROHM/],
  ['1111:2222', 'JORJIN WSR35A1-00', /^JORJIN/],
  ['1111:2222', 'NTT UDG-1-WSNE', /^NTT/],
  ['1111:2222', 'Some Wi-SUN Adapter', /Wi-SUN$/],
])('%s %s is known', (usb, words, name) => {
  expect(knownStick({ usb, words })?.name).toMatch(name);
});

test.each([
  ['0403:6015', 'dresden elektronik ConBee'],
  ['0403:6001', 'FTDI FT232R USB UART'],
  ['0403:6010', 'FTDI FT230X Basic UART'],
  ['10c4:ea60', 'Silicon Labs CP2102N USB to UART Bridge Controller'],
  ['1a86:7523', 'QinHeng Electronics USB Serial'],
  ['0403:6015', ''],
])('%s %s belongs to somebody else', (usb, words) => {
  expect(knownStick({ usb, words })).toBeUndefined();
});

test('docs/sticks.md has a row for every stick, with its family and id, in the same order', () => {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .slice(2);
  const expected = KNOWN_STICKS.map(({ name, family, usb }) => [name, family, usb ?? '–']);
  expect(rows.map(([, ...cells]) => cells.slice(0, 3)).slice(0, expected.length)).toEqual(expected);
});
