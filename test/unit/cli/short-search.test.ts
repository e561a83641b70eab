import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ShortSearch } from '../../../src/cli/mackerel/short-search.ts';
import type { SearchHints } from '../../../src/cli/mackerel/short-search.ts';
import type { Pan } from '../../../src/model/pan.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { AirtimeLimit } from '../../../src/module/airtime-limit.ts';
import type { ScanRequest } from '../../../src/model/scan-plan.ts';
import type { WiSunModule } from '../../../src/module/module.ts';
import { scanTimeMs } from '../../../src/skstack/commands.ts';
import { FULL_SCAN } from '../../../src/model/scan-plan.ts';
import { panMemory } from '../../../src/meter/meter-memory.ts';
import { logLines } from '../../support/log-lines.ts';

const meter: Pan = { channel: 47, panId: 0x8888, macAddress: '001D129012345678' };
const neighbour: Pan = { channel: 33, panId: 0x7777, macAddress: '001D129000000001' };
const { log } = logLines();
const { signal } = new AbortController();
let dir = '';
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'search-'))));
afterEach(() => rm(dir, { recursive: true }));

/** A module whose scans find what is on the channels they name. */
function scanner(...pans: readonly Pan[]): { module: WiSunModule; requests: ScanRequest[] } {
  const requests: ScanRequest[] = [];
  const never = (): never => {
    throw new Error('not asked for');
  };
  const module: WiSunModule = {
    info: { stackVersion: '1.2.8', edition: 'SE' },
    airtime: new AirtimeLimit(systemClock),
    attach: never,
    reset: never,
    join: never,
    terminate: never,
    scan(request) {
      requests.push(request);
      return Promise.resolve(pans.filter(({ channel }) => (request.mask >>> (channel - 33)) & 1));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { module, requests };
}

/** One run of the plugin: as many scans as it has time for. */
async function run(scans: number, pans: readonly Pan[], hints: Partial<SearchHints> = {}) {
  const search = await ShortSearch.open(dir, { channel: undefined, macAddress: undefined, ...hints }, log);
  const { module, requests } = scanner(...pans);
  const wrapped = search.wrap(module);
  const found: (readonly Pan[])[] = [];
  for (let i = 0; i < scans; i++)
    found.push(await wrapped.scan(FULL_SCAN[i % FULL_SCAN.length] as ScanRequest, signal));
  return { search, requests, found };
}

test('seven pieces, none longer than 9 s, name every channel at both durations, run after run', async () => {
  const all: ScanRequest[] = [];
  for (const scans of [2, 1, 3, 1]) all.push(...(await run(scans, [])).requests);
  for (const { mask, duration } of all) expect(scanTimeMs(mask, duration)).toBeLessThan(9000);
  for (const duration of [6, 7]) {
    const masks = all.filter((request) => request.duration === duration).map(({ mask }) => mask);
    expect(masks.reduce((sum, mask) => sum | mask, 0)).toBe(0x0fffffff);
  }
  expect((await run(1, [])).requests).toEqual([all[0]]);
});

test('a channel that is named comes first, for a second, and the rest after it', async () => {
  const { requests, found } = await run(2, [meter], { channel: 47 });
  expect(requests[0]).toEqual({ mask: 1 << 14, duration: 7 });
  expect(found[0]).toEqual([meter]);
  expect((await run(2, [], { channel: 47 })).requests[1]?.mask).toBe(0x05555555);
});

test('where it was heard is where the next run begins', async () => {
  await run(1, [meter]);
  expect((await run(1, [meter])).requests).toEqual([{ mask: 1 << 14, duration: 7 }]);
});

test('only the meter of the address counts', async () => {
  const { found } = await run(1, [neighbour, meter], { macAddress: meter.macAddress });
  expect(found).toEqual([[meter]]);
});

test('a network that did not answer is not joined unheard by the next run, but listened for', async () => {
  await panMemory(dir, log).save(meter);
  const { search } = await run(0, []);
  await search.end(false);
  expect(existsSync(join(dir, 'pan.json'))).toBe(false);
  expect((await run(1, [])).requests).toEqual([{ mask: 1 << 14, duration: 7 }]);
});

test('the network of another meter than the one named is forgotten', async () => {
  await panMemory(dir, log).save(neighbour);
  await ShortSearch.open(dir, { channel: undefined, macAddress: meter.macAddress }, log);
  expect(existsSync(join(dir, 'pan.json'))).toBe(false);
});

test('as long as no module was opened, nothing of the state is touched: it is a bridge’s', async () => {
  await panMemory(dir, log).save(meter);
  const search = await ShortSearch.open(dir, { channel: undefined, macAddress: undefined }, log);
  await search.end(false);
  await search.end(true);
  expect(existsSync(join(dir, 'pan.json'))).toBe(true);
  expect(existsSync(join(dir, 'search.json'))).toBe(false);
});

test('an answer lets the search begin anew', async () => {
  const { search } = await run(3, []);
  await search.end(true);
  expect((await run(1, [])).requests[0]).toMatchObject({ duration: 5 });
});

test.each(['{"next":7}', '{"next":-1}', '{"next":0,"channel":32}', '[]', 'null', 'x'])(
  'a damaged file (%s) begins anew',
  async (text) => {
    await writeFile(join(dir, 'search.json'), text);
    expect((await run(1, [])).requests[0]).toMatchObject({ duration: 5 });
  },
);

test('the ladder’s own scan of one channel passes', async () => {
  const search = await ShortSearch.open(dir, { channel: undefined, macAddress: undefined }, log);
  const { module, requests } = scanner(meter);
  await search.wrap(module).scan({ mask: 1 << 14, duration: 6 }, signal);
  expect(requests).toEqual([{ mask: 1 << 14, duration: 6 }]);
});
