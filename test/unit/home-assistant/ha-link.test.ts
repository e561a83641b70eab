import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { BridgeError } from '../../../src/kernel/errors.ts';
import { HomeAssistantLink } from '../../../src/home-assistant/ha-link.ts';
import { HOUR_MS } from '../../../src/home-assistant/hour-rows.ts';
import { RecorderApi } from '../../../src/home-assistant/recorder-api.ts';
import { FakeHomeAssistant, HA_TOKEN } from '../../support/fake-home-assistant.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { signal } = new AbortController();
const IMPORT = 'sensor.energy_import';
const UNIQUE = 'broute2mqtt_home_energy_import';
const NOON = Date.parse('2026-01-15T12:00:00+09:00');

let ha: FakeHomeAssistant;
beforeEach(async () => {
  ha = await FakeHomeAssistant.start();
});
afterEach(() => ha[Symbol.asyncDispose]());

const open = (url = ha.url, token = HA_TOKEN): Promise<HomeAssistantLink> =>
  HomeAssistantLink.open({ url, token }, systemClock, signal);
const failure = (work: Promise<unknown>): Promise<BridgeError> =>
  work.then(
    () => Promise.reject(new Error('it worked')),
    (error: unknown) => error as BridgeError,
  );

test('it logs in, also behind a path, and calls', async () => {
  using link = await open(`${ha.url}/`);
  expect(link.version).toBe('2026.11.0');
  expect(ha.tokens).toEqual([HA_TOKEN]);
  expect(await link.call('get_config', {}, signal)).toEqual({ version: '2026.11.0', state: 'RUNNING' });
  expect((await failure(open(`${ha.url}/elsewhere`))).text('en')).toMatch(
    / at 127\.0\.0\.1:\d+: HTTP 4\d\d \[HOME_ASSISTANT_UNREACHABLE\]$/,
  );
});

test('a token that is refused: a code of its own, and no word of the token', async () => {
  const error = await failure(open(ha.url, 'CANARY'));
  expect(error.code).toBe('HOME_ASSISTANT_DENIED');
  expect(`${error.text('en')}${error.text('ja')}${error.hint('ja')}`).not.toContain('CANARY');
  expect(error.text('ja')).toContain('トークンを受け付けません');
});

test('nobody there', async () => {
  await ha.down();
  const error = await failure(open());
  expect(error.code).toBe('HOME_ASSISTANT_UNREACHABLE');
  expect(error.text('en')).toContain('ECONNREFUSED');
});

test('somebody who says nothing is given up after 20 s', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clock = new VirtualClock();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const opened = failure(HomeAssistantLink.open({ url, token: 't' }, clock, signal));
  await clock.creepUntil(() => clock.sleepers > 0, 'waiting');
  await clock.advance(20_000);
  expect((await opened).text('en')).toContain('no answer within 20 s');
  expect(clock.sleepers).toBe(0);
  server.close();
});

test.each([
  [
    'an error of a command',
    { error: { code: 'home_assistant_error', message: 'Invalid\n timestamp' } },
    'HOME_ASSISTANT_REFUSED',
    'get_config: home_assistant_error: Invalid timestamp',
  ],
  [
    'a command for administrators',
    { error: { code: 'unauthorized', message: 'Unauthorized' } },
    'HOME_ASSISTANT_DENIED',
    'only an administrator',
  ],
  ['a connection that is lost', 'hang up', 'HOME_ASSISTANT_UNREACHABLE', 'closed the connection'],
  ['no JSON', { raw: '<html>' }, 'HOME_ASSISTANT_UNREACHABLE', 'not Home Assistant'],
  ['more than any answer has', { raw: `"${'x'.repeat(16_000_001)}"` }, 'HOME_ASSISTANT_UNREACHABLE', 'payload'],
] as const)('%s', async (_, reply, code, text) => {
  using link = await open();
  ha.replies.set('get_config', reply);
  const error = await failure(link.call('get_config', {}, signal));
  expect(error.code).toBe(code);
  expect(error.text('en')).toContain(text);
});

test('an answer that does not come is given up, and the next call is answered', async () => {
  const clock = new VirtualClock();
  using link = await clock.creepWhile(HomeAssistantLink.open({ url: ha.url, token: HA_TOKEN }, clock, signal));
  ha.replies.set('get_config', 'hang');
  const late = failure(link.call('get_config', {}, signal));
  await clock.creepUntil(() => ha.asked.length > 0, 'asked');
  await clock.advance(60_000);
  expect((await late).text('ja')).toContain('60 秒以内に応答がありません');
  ha.replies.clear();
  expect(await clock.creepWhile(link.call('get_config', {}, signal))).toMatchObject({ state: 'RUNNING' });
});

test('a caller who goes leaves nothing behind', async () => {
  const going = new AbortController();
  using link = await open();
  ha.replies.set('get_config', 'hang');
  const call = failure(link.call('get_config', {}, going.signal));
  going.abort(new Error('stop'));
  expect((await call).message).toBe('stop');
});

test('only our own entities with a sum are found, whatever they are called', async () => {
  ha.sensor(UNIQUE, 'sensor.denki', [], 'Wh');
  ha.sensor('somebody_else', 'sensor.other', []);
  ha.registry.push({ platform: 'template', unique_id: 'broute2mqtt_home_energy_export', entity_id: 'sensor.fake' });
  ha.statistics.set('sensor.fake', { unit: 'kWh', hours: new Map() });
  using link = await open();
  const found = await new RecorderApi(link).ownStatistics([UNIQUE, 'broute2mqtt_home_energy_export'], signal);
  expect([...found]).toEqual([[UNIQUE, { statisticId: 'sensor.denki', unit: 'Wh' }]]);
});

test('hours are asked for in the unit of the statistic, and written in it', async () => {
  ha.sensor(UNIQUE, IMPORT, [{ startMs: NOON, state: 5000, sum: 3000 }], 'Wh');
  using link = await open();
  const [api, statistic] = [new RecorderApi(link), { statisticId: IMPORT, unit: 'Wh' }];
  const range = { fromMs: NOON - HOUR_MS, toMs: NOON + 9 * HOUR_MS };
  expect(await api.hours(statistic, range, signal)).toEqual([{ startMs: NOON, state: 5000, sum: 3000 }]);
  expect(ha.asked.at(-1)).toMatchObject({
    units: { energy: 'Wh' },
    start_time: '2026-01-15T11:00:00+09:00',
    types: ['state', 'sum'],
  });
  await api.write(statistic, [{ startMs: NOON + HOUR_MS, state: 6000, sum: 4000 }], signal);
  expect(ha.asked.at(-1)).toMatchObject({
    metadata: {
      mean_type: 0,
      unit_class: 'energy',
      has_sum: true,
      source: 'recorder',
      statistic_id: IMPORT,
      unit_of_measurement: 'Wh',
    },
    stats: [{ start: '2026-01-15T13:00:00+09:00', state: 6000, sum: 4000 }],
  });
});

test.each([
  ['2025.4.4', { has_mean: false }, false],
  ['2025.10.3', { has_mean: false }, false],
  ['2025.11.0', { mean_type: 0, unit_class: 'energy' }, false],
  ['2026.2.3', { mean_type: 0, unit_class: 'energy' }, false],
  ['2026.11.0b3', { mean_type: 0, unit_class: 'energy' }, true],
  ['2027.1.0', { mean_type: 0, unit_class: 'energy' }, true],
  ['dev', { has_mean: false }, false],
])('Home Assistant %s is written to in its form', async (version, form, canRemove) => {
  ha.version = version;
  ha.sensor(UNIQUE, IMPORT, []);
  using link = await open();
  const [api, statistic] = [new RecorderApi(link), { statisticId: IMPORT, unit: 'kWh' }];
  await api.write(statistic, [], signal).catch(() => undefined);
  const { metadata } = ha.asked.at(-1) as { metadata: object };
  expect(metadata).toMatchObject(form);
  expect('has_mean' in metadata).not.toBe('mean_type' in metadata);
  expect(api.canRemove).toBe(canRemove);
  const range = { fromMs: NOON, toMs: NOON + HOUR_MS };
  if (canRemove) await api.remove(statistic, range, signal);
  else await expect(api.remove(statistic, range, signal)).rejects.toThrow(RangeError);
  expect(ha.commands.includes('recorder/clear_statistics')).toBe(canRemove);
});

test('it is asked nothing while it starts', async () => {
  ha.state = 'STARTING';
  using link = await open();
  expect((await failure(new RecorderApi(link).mustRun(signal))).code).toBe('HOME_ASSISTANT_UNREACHABLE');
});
