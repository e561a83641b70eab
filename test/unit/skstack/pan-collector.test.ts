import { expect, test } from 'vitest';
import { parseLine } from '../../../src/skstack/events.ts';
import { ownPans, PanCollector } from '../../../src/skstack/exchanges.ts';
import type { ScannedPan } from '../../../src/skstack/exchanges.ts';

/** A block as modules print it; a field is left out with undefined. */
function block(fields: Readonly<Record<string, string | undefined>> = {}): string[] {
  const all = {
    Channel: '2F',
    'Channel Page': '09',
    'Pan ID': '8A32',
    Addr: '001C6400030C12A4',
    LQI: 'CB',
    PairID: '89ABCDEF',
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`  ${name}:${value}`]));
  return ['EPANDESC', ...lines];
}
function collected(...lines: readonly string[]): readonly ScannedPan[] {
  const collector = new PanCollector();
  for (const line of lines) collector.feed(parseLine(line));
  return collector.pans;
}
const pan: ScannedPan = { channel: 0x2f, panId: 0x8a32, macAddress: '001C6400030C12A4', lqi: 0xcb, pairId: '89ABCDEF' };

test('a block becomes a PAN', () => {
  expect(collected(...block())).toEqual([pan]);
});

test('SIDE of a dual-stack module and lower-case digits change nothing', () => {
  expect(collected(...block({ Side: '0', Addr: '001c6400030c12a4', PairID: '89abcdef' }))).toEqual([pan]);
});

test('a scan without Pairing ID tells none', () => {
  const [{ pairId, ...rest }, none] = [pan, collected(...block({ PairID: undefined }))];
  expect([pairId, none]).toStrictEqual(['89ABCDEF', [rest]]);
});

test('a block that comes twice is one PAN, with the newer quality', () => {
  expect(collected(...block(), ...block({ LQI: '20' }))).toEqual([{ ...pan, lqi: 0x20 }]);
});

test('two blocks are two PANs', () => {
  const other = block({ Addr: '00112233445566AA', Channel: '21', PairID: '00000000' });
  expect(collected(...block(), ...other).map(({ channel, pairId }) => [channel, pairId])).toEqual([
    [0x2f, '89ABCDEF'],
    [0x21, '00000000'],
  ]);
});

for (const [name, broken] of [
  ['no channel', { Channel: undefined }],
  ['channel 32', { Channel: '20' }],
  ['channel 61', { Channel: '3D' }],
  ['a channel of no number', { Channel: 'XX' }],
  ['a channel of three digits', { Channel: '02F' }],
  ['no PAN ID', { 'Pan ID': undefined }],
  ['a PAN ID of five digits', { 'Pan ID': '18A32' }],
  ['no quality', { LQI: undefined }],
  ['no address', { Addr: undefined }],
  ['half an address', { Addr: '001C6400' }],
  ['a digit too many before its address', { Addr: '0001C6400030C12A4' }],
  ['a digit too many behind its address', { Addr: '001C6400030C12A40' }],
  ['a quality of no number', { LQI: 'C-' }],
] as const) {
  test(`a block with ${name} is none`, () => {
    expect(collected(...block(broken))).toEqual([]);
  });
}

test('the first and the last channel are channels', () => {
  expect(collected(...block({ Channel: '21' }), ...block({ Channel: '3C', Addr: '00112233445566AA' }))).toHaveLength(2);
});

test('fields without a block, and fields behind another line, belong to nothing', () => {
  const [, ...fields] = block();
  expect(collected(...fields)).toEqual([]);
  expect(collected('EPANDESC', 'garbage', ...fields)).toEqual([]);
});

test('a block cut off by the next keeps nothing of it', () => {
  const cut = block({ Addr: '00112233445566AA' }).slice(0, 4);
  expect(collected(...cut, ...block())).toEqual([pan]);
});

test('blocks before and after EVENT 22 both count', () => {
  const late = block({ Addr: '00112233445566AA' });
  const done = 'EVENT 22 FE80:0000:0000:0000:021D:1290:1234:5678';
  expect(collected(...block(), done, ...late)).toHaveLength(2);
});

test('ours are those of our Pairing ID or of none, strongest first', () => {
  const { pairId: _, ...untold } = { ...pan, macAddress: 'B', lqi: 250 };
  const weak = { ...pan, macAddress: 'A', lqi: 3 };
  const neighbour = { ...pan, macAddress: 'C', lqi: 255, pairId: '00000000' };
  expect(ownPans([weak, neighbour, pan, untold], '89abcdef').map(({ macAddress }) => macAddress)).toEqual([
    'B',
    '001C6400030C12A4',
    'A',
  ]);
  expect(ownPans([neighbour], '89ABCDEF')).toEqual([]);
  const { pairId: __, ...told } = pan;
  expect(ownPans([pan], '89ABCDEF')).toEqual([told]);
});
