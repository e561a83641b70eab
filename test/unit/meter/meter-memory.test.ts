import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { meterMemory } from '../../../src/meter/meter-memory.ts';
import type { Remembered } from '../../../src/meter/meter-memory.ts';
import { logLines } from '../../support/log-lines.ts';

const profile = { getMap: [0xe0, 0xe7], hasTPhase: true, hasExport: false };
const whole: Remembered = {
  macAddress: '001C6400030C12A4',
  profile: { ...profile, makerCode: '000016', energyScale: { coefficient: 1, exponent: -1, digits: 6 } },
  import: { kwh: 12_345.6, atMs: 1_768_446_000_000 },
  export: { kwh: 0, atMs: 1_768_446_000_000 },
  requestSize: 2,
  roundTripMs: 812,
  minute: { meter: '001C6400030C12A4-NEW0002', minuteMs: 1_768_446_000_000, importKwh: 12_345.6 },
};
const { requestSize: _size, roundTripMs: _time, ...older } = whole;

async function loaded(text: string): Promise<{ value: Remembered | undefined; files: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'memory-'));
  await writeFile(join(folder, 'meter.json'), text);
  const value = await meterMemory(folder, logLines().log).load();
  const files = await readdir(folder);
  await rm(folder, { recursive: true });
  return { value, files };
}

for (const [name, value] of [
  ['everything', whole],
  ['nothing', {}],
  ['what an older version knew', older],
  ['a profile without energy', { profile }],
] as const) {
  test(`${name} is remembered`, async () => {
    expect((await loaded(JSON.stringify(value))).value).toEqual(value);
  });
}

const strange: readonly (readonly [string, unknown])[] = [
  ['no object', 5],
  ['nothing at all', null],
  ['a list', []],
  ['a profile that is none', { profile: 'x' }],
  ['a map that is no list', { profile: { ...profile, getMap: 'E7' } }],
  ['a map with a fraction', { profile: { ...profile, getMap: [1.5] } }],
  ['a profile without its T flag', { profile: { ...profile, hasTPhase: undefined } }],
  ['a profile without its export flag', { profile: { ...profile, hasExport: 1 } }],
  ['a scale that is none', { profile: { ...profile, energyScale: [] } }],
  ['a scale without digits', { profile: { ...profile, energyScale: { coefficient: 1, exponent: 0 } } }],
  ['a size of no property', { requestSize: 0 }],
  ['a size of seven', { requestSize: 7 }],
  ['a size that is text', { requestSize: '2' }],
  ['a round trip of an hour', { roundTripMs: 3_600_000 }],
  ['a round trip that is none', { roundTripMs: null }],
  ['a register that is none', { import: null }],
  ['a register without value', { export: { atMs: 1 } }],
  ['a minute between two', { minute: { meter: 'a', minuteMs: 1 } }],
  ['a minute of no meter', { minute: { minuteMs: 60_000 } }],
  ['a minute whose register is text', { minute: { meter: 'a', minuteMs: 60_000, importKwh: '1' } }],
  ['a register without time', { import: { kwh: 1, atMs: 'x' } }],
];
for (const [name, value] of strange) {
  test(`${name} is set aside`, async () => {
    expect(await loaded(JSON.stringify(value))).toEqual({ value: undefined, files: ['meter.json.corrupt'] });
  });
}
