import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Pan } from '../../../src/model/pan.ts';
import { panMemory } from '../../../src/meter/meter-memory.ts';
import { logLines } from '../../support/log-lines.ts';

const pan: Pan = { channel: 47, panId: 0x8a32, macAddress: '001C6400030C12A4', lqi: 203 };
const { lqi: _, ...unheard } = pan;

async function loaded(text: string): Promise<Pan | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'pan-'));
  await writeFile(join(folder, 'pan.json'), text);
  const value = await panMemory(folder, logLines().log).load();
  await rm(folder, { recursive: true });
  return value;
}

for (const [name, value, expected] of [
  ['a PAN', pan, unheard],
  ['a PAN without quality', unheard, unheard],
  ['a PAN with a strange quality', { ...pan, lqi: 256 }, unheard],
  ['the outermost values', { ...pan, channel: 33, panId: 0, lqi: 0 }, { ...unheard, channel: 33, panId: 0 }],
  [
    'the outermost values on the other side',
    { ...pan, channel: 60, panId: 0xffff, lqi: 255 },
    { ...unheard, channel: 60, panId: 0xffff },
  ],
  ['a PAN with something more', { ...pan, password: 'x' }, unheard],
] as const) {
  test(`${name} is remembered, but not how well it was heard`, async () => {
    expect(await loaded(JSON.stringify(value))).toEqual(expected);
  });
}

for (const value of [
  null,
  5,
  [],
  { ...pan, channel: 32 },
  { ...pan, channel: 61 },
  { ...pan, channel: '47' },
  { ...pan, channel: 47.5 },
  { ...pan, panId: -1 },
  { ...pan, panId: 65_536 },
  { ...pan, macAddress: undefined },
  { ...pan, macAddress: '001c6400030c12a4' },
  { ...pan, macAddress: '001C6400030C12A4\r\nSKRESET' },
]) {
  test(`${JSON.stringify(value)} is no PAN`, async () => {
    expect(await loaded(JSON.stringify(value))).toBeUndefined();
  });
}
