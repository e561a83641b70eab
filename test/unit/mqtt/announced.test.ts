import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadMqtt } from '../../../src/broker/mqtt-client.ts';
import { VirtualBroker } from '../../support/virtual-broker.ts';
import type { Message } from '../../support/virtual-broker.ts';
import { eventually } from '../../support/eventually.ts';
import { SinkRig } from '../../support/sink-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Starts one after the other on one state directory: what Home Assistant is told, and told to forget. */
const config = 'homeassistant/device/broute2mqtt_home/config';
const withContract = { id: 'home', name: 'Smart meter', intervalS: 10, energyIntervalS: 60, contractAmpere: 40 };
const without = { id: 'home', name: 'Smart meter', intervalS: 10, energyIntervalS: 60 };
let clock: VirtualClock;
let broker: VirtualBroker;
let stateDir: string;
let seen: Message[];

beforeAll(async () => void (await loadMqtt())); // takes real time, once
beforeEach(async () => {
  clock = new VirtualClock();
  broker = new VirtualBroker(clock);
  seen = [];
  broker.onMessage = (message) => seen.push(message);
  stateDir = await mkdtemp(join(tmpdir(), 'announced-'));
});
afterEach(async () => {
  broker[Symbol.dispose]();
  await rm(stateDir, { recursive: true, force: true });
});

type Doc = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const documents = (topic = config): Doc[] =>
  seen.flatMap((m) =>
    m.topic === topic && m.payload !== '' ? [(JSON.parse(m.payload) as { components: Doc }).components] : [],
  );
const inventory = async (): Promise<{ topic: string; components: Record<string, string> }> =>
  JSON.parse(await readFile(join(stateDir, 'announced.json'), 'utf8'));

/** One start: everything is announced, and ten seconds pass. */
async function start(options: ConstructorParameters<typeof SinkRig>[1], probe: () => boolean): Promise<void> {
  const rig = new SinkRig(broker.url, { stateDir, ...options }, clock);
  rig.profile();
  await clock.advance(100);
  await eventually(probe, 'announced'); // the disk takes real time
  for (let i = 0; i < 100; i++) await clock.advance(100);
  await clock.creepWhile(rig.stop());
}
const announced = (): boolean => documents().length > 0;

test('contract_ampere removed: its two entities are removed by name once, then never spoken of again', async () => {
  await start({ meter: withContract }, announced);
  expect(documents().at(-1)).toHaveProperty('headroom.device_class', 'current');
  expect((await inventory()).components).toMatchObject({ headroom: 'sensor', over_contract: 'binary_sensor' });

  seen.length = 0;
  await start({ meter: without }, announced);
  const [first, last] = [documents()[0], documents().at(-1)];
  expect(first?.['headroom']).toEqual({ platform: 'sensor' });
  expect(first?.['over_contract']).toEqual({ platform: 'binary_sensor' });
  expect(first).toHaveProperty('power.device_class', 'power');
  expect(last).not.toHaveProperty('headroom');
  expect(last).not.toHaveProperty('over_contract');
  expect(Object.keys((await inventory()).components)).not.toContain('headroom');

  seen.length = 0;
  const { mtimeMs } = await stat(join(stateDir, 'announced.json'));
  await start({ meter: without }, announced);
  expect(documents().every((document) => !('headroom' in document))).toBe(true);
  expect((await stat(join(stateDir, 'announced.json'))).mtimeMs).toBe(mtimeMs); // written only when changed
});

test('what this meter did not say again is not what the configuration forbids: it stays', async () => {
  await start({ meter: withContract }, announced);
  seen.length = 0;
  const rig = new SinkRig(broker.url, { stateDir, meter: withContract }, clock); // no profile known yet
  await clock.advance(100);
  await eventually(announced, 'announced');
  for (let i = 0; i < 50; i++) await clock.advance(100);
  expect(documents().every((document) => !('power' in document))).toBe(true);
  expect((await inventory()).components).toHaveProperty('power', 'sensor');
  await clock.creepWhile(rig.stop());
});

test('a state of before the inventory: whatever the configuration forbids is removed', async () => {
  await writeFile(join(stateDir, 'meter.json'), '{}');
  await start({ meter: without }, announced);
  expect(documents()[0]?.['headroom']).toEqual({ platform: 'sensor' });
  expect(documents().at(-1)).not.toHaveProperty('headroom');
});

test('a first start removes nothing', async () => {
  await start({ meter: without }, announced);
  expect(documents().every((document) => !('headroom' in document))).toBe(true);
});

test('a damaged inventory is set aside, and nothing is made of it', async () => {
  await writeFile(join(stateDir, 'announced.json'), '{"topic":"x","components":{"a b":1}}');
  await start({ meter: without }, announced);
  expect(documents().every((document) => !('a b' in document))).toBe(true);
  expect((await inventory()).topic).toBe(config);
});

test('another prefix, or discovery turned off: the document of before goes', async () => {
  await start({ meter: without }, announced);
  const gone = (topic: string) => (): boolean => broker.retained.get(topic) === '';
  const other = { discovery: true, prefix: 'ha', statusTopic: 'homeassistant/status' };
  await start({ meter: without, homeAssistant: other }, gone(config));
  const moved = config.replace('homeassistant', 'ha');
  expect(documents(moved).length).toBeGreaterThan(0);
  expect((await inventory()).topic).toBe(moved);
  seen.length = 0;
  await start({ meter: without, homeAssistant: { ...other, discovery: false } }, gone(moved));
  expect((await inventory()).topic).toBe('');
  seen.length = 0;
  await start({ meter: without, homeAssistant: { ...other, discovery: false } }, () => seen.length > 0);
  expect(seen.filter(({ topic }) => topic.endsWith('/config') && !topic.startsWith('broute2mqtt/'))).toEqual([]);
});
