import { afterEach, beforeEach, expect, test } from 'vitest';
import { birthJitterMs } from '../../../src/mqtt/discovery-publisher.ts';
import { AedesBroker } from '../../support/aedes-broker.ts';
import { eventually } from '../../support/eventually.ts';
import { MqttWatcher } from '../../support/mqtt-watcher.ts';
import { SinkRig, fullProfile } from '../../support/sink-rig.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** A broker in this process (3.1.1), our time virtual: only sockets are waited for in real time. */
const root = 'broute2mqtt/home';
const config = 'homeassistant/device/broute2mqtt_home/config';
let clock: VirtualClock;
let broker: AedesBroker;
let watcher: MqttWatcher;
let rig: SinkRig;
let url: string;

beforeEach(async () => {
  clock = new VirtualClock();
  broker = await AedesBroker.start();
  ({ url } = broker);
  watcher = await MqttWatcher.open(url, { protocolVersion: 4, clientId: 'watcher' });
  rig = new SinkRig(url, {}, clock);
});

afterEach(async () => {
  await clock.creepWhile(rig.stop(), 5);
  await watcher.close();
  await broker[Symbol.asyncDispose]();
  expect(clock.sleepers).toBe(0);
});

const up = (): Promise<void> => clock.creepUntil(() => rig.connected, 'connected', 50);
const last = (topic: string): string | undefined => watcher.last(`${root}/${topic}`)?.payload;
const until = (probe: () => boolean, what: string): Promise<boolean> => eventually(probe, what);
/** In order of arrival, of what this broker keeps in order: what is sent with QoS 0 overtakes. */
const acknowledged = (): string[] =>
  watcher
    .topics()
    .filter((topic) => topic !== `${root}/state/instant` && topic !== 'mark' && !topic.endsWith('status'));
/** Everything sent so far has arrived: a reading of its own came through behind it. */
async function flushed(): Promise<void> {
  const mark = `mark-${watcher.seen.length}-${Math.random()}`;
  await watcher.client.publishAsync('mark', mark, { qos: 1 });
  await until(() => watcher.last('mark')?.payload === mark, 'mark');
}

test('MQTT 5 refused: 3.1.1 is spoken, and the instant state is not retained', async () => {
  await up();
  expect(rig.sink.health()).toMatchObject({ ok: true, detail: 'connected (MQTT 3.1.1)', broker: url, queued: 0 });
  expect(rig.sink.health('ja').detail).toBe('接続済み（MQTT 3.1.1）');
  rig.reading({ powerW: 5, importKwh: 1 });
  await until(() => last('readings') !== undefined, 'reading');
  const late = await MqttWatcher.open(url, { protocolVersion: 4 });
  await until(() => late.last(`${root}/state/energy`) !== undefined, 'retained energy');
  expect(late.topics()).not.toContain(`${root}/state/instant`);
  await late.close();
});

test('the start: offline, document, link, bridge; then states before online', async () => {
  rig.status('opening');
  await up();
  rig.profile();
  rig.reading({ powerW: 5, importKwh: 1 });
  await until(() => last('meter/availability') === 'online', 'online');
  expect(acknowledged().slice(0, 10)).toEqual([
    `${root}/meter/availability`,
    config,
    `${root}/state/link`,
    `${root}/state/config`,
    `${root}/bridge/availability`,
    `${root}/state/price`, // taken back: none is configured
    `${root}/state/energy`,
    `${root}/state/usage`,
    `${root}/state/minute`,
    `${root}/meter/availability`,
  ]);
});

test('what an earlier run told of prices and minutes is taken back where this one has none, once', async () => {
  const told = ['state/price', 'state/minute'];
  for (const topic of told) await watcher.client.publishAsync(`${root}/${topic}`, '{}', { qos: 1, retain: true });
  const kept = async (): Promise<string[]> => {
    await flushed();
    const late = await MqttWatcher.open(url, { protocolVersion: 4, clientId: `late-${Math.random()}` });
    await until(() => late.last(`${root}/bridge/availability`) !== undefined, 'retained');
    const topics = told.filter((topic) => late.last(`${root}/${topic}`) !== undefined);
    await late.close();
    return topics;
  };
  await up();
  await until(() => last('state/price') === '', 'price taken back');
  expect(await kept()).toEqual(['state/minute']); // nothing is known of the meter yet
  rig.profile({ ...fullProfile, getMap: [0xe0] });
  await until(() => last('state/minute') === '', 'minute taken back');
  expect(await kept()).toEqual([]);
  watcher.clear();
  rig.profile({ ...fullProfile, getMap: [0xe0] });
  rig.reading({ powerW: 5 });
  await until(() => last('readings') !== undefined, 'reading');
  expect(watcher.topics()).not.toContain(`${root}/state/price`);
  expect(watcher.topics()).not.toContain(`${root}/state/minute`);
});

test('a meter that falls silent is offline at its mark, and online with the next answer', async () => {
  await up();
  rig.reading({ powerW: 5 });
  await clock.advance(35_000);
  await flushed();
  expect(last('meter/availability')).toBe('online');
  clock.jumpWall(-86_400_000); // the wall clock has no say
  await clock.advance(2);
  await until(() => last('meter/availability') === 'offline', 'offline');
  rig.reading({ powerW: 6 });
  await until(() => last('meter/availability') === 'online', 'online again');
  expect(watcher.topics().slice(-3)).toContain(`${root}/state/instant`);
});

test('connected is off at the mark, before availability, and on again after it; the state stays the phase', async () => {
  await up();
  rig.status('connected');
  rig.reading({ powerW: 5 });
  await clock.advance(100);
  await flushed();
  watcher.clear();
  await clock.advance(35_000);
  await until(() => last('meter/availability') === 'offline', 'offline');
  rig.reading({ powerW: 6 });
  await until(() => last('state/link')?.includes('"connected":"ON"') ?? false, 'connected again');
  const told = watcher.seen.flatMap(({ topic, payload }) => {
    if (topic === `${root}/meter/availability`) return [payload];
    if (topic !== `${root}/state/link`) return [];
    const { state, connected } = JSON.parse(payload) as Record<string, string>;
    return [`${state} ${connected}`];
  });
  expect(told).toEqual(['connected OFF', 'offline', 'online', 'connected ON']);
});

test('a meter that is slower than asked has its mark where its pace puts it, and a later net below', async () => {
  await up();
  rig.profile();
  rig.status('connected');
  rig.pace(100);
  rig.reading({ powerW: 5 });
  await clock.advance(304_000);
  await flushed();
  expect(last('meter/availability')).toBe('online');
  expect(JSON.parse(last('state/link') ?? '')).toMatchObject({ connected: 'ON', interval: 100 });
  expect(last('state/instant')).toContain('"power":5');
  expect(watcher.last(config)?.payload).toContain('"expire_after":540');
  await clock.advance(1002);
  await until(() => last('meter/availability') === 'offline', 'offline');
  await until(() => last('state/instant')?.includes('"power":null') ?? false, 'taken back');
});

test('a changed document waits two seconds after the one before; then the state is said again', async () => {
  await up();
  await clock.advance(5000);
  const { energyScale: _, ...unscaled } = fullProfile;
  rig.profile(unscaled);
  rig.profile(fullProfile);
  rig.profile(fullProfile);
  rig.reading({ powerW: 5 });
  await flushed();
  expect(watcher.on(config)).toHaveLength(2);
  expect(watcher.last(config)?.payload).not.toContain('energy_import');
  await clock.advance(1999);
  await flushed();
  expect(watcher.on(config)).toHaveLength(2);
  await clock.advance(1);
  await until(() => watcher.last(config)?.payload.includes('energy_import') ?? false, 'second document');
  expect(watcher.on(`${root}/state/instant`)).toHaveLength(1);
  await clock.advance(2500);
  await until(() => watcher.on(`${root}/state/instant`).length === 2, 'state again');
  expect(watcher.on(`${root}/readings`)).toHaveLength(1);
});

test('what was announced is not taken back', async () => {
  await up();
  rig.profile();
  await clock.advance(10_000);
  rig.profile({ ...fullProfile, hasTPhase: false, hasExport: false });
  await clock.advance(10_000);
  await flushed();
  expect(watcher.last(config)?.payload).toContain('current_t');
  expect(watcher.last(config)?.payload).toContain('energy_export');
});

test('a birth is answered once, after the id’s jitter, with everything fresh', async () => {
  await up();
  rig.status('connected');
  rig.reading({ powerW: 5, importKwh: 1 });
  await clock.advance(6000);
  await flushed();
  watcher.clear();
  await watcher.client.publishAsync('homeassistant/status', 'offline');
  await watcher.client.publishAsync('homeassistant/status', 'ONLINE');
  await watcher.client.publishAsync('homeassistant/status', 'online');
  await flushed();
  await clock.advance(birthJitterMs('home') - 100);
  expect(watcher.on(config)).toEqual([]);
  await clock.advance(100);
  await until(() => last('bridge/availability') === 'online', 'answered');
  expect(acknowledged()).toEqual([
    config,
    `${root}/state/link`,
    `${root}/state/energy`,
    `${root}/state/minute`,
    `${root}/state/usage`,
    `${root}/state/config`,
    `${root}/meter/availability`,
    `${root}/bridge/availability`,
  ]);
  await until(() => watcher.on(`${root}/state/instant`).length === 1, 'instant state');
});

test('half hours that were missed wait for the broker as readings do, each once, the oldest first', async () => {
  const markMs = Date.parse('2026-01-15T12:00:00+09:00');
  rig.sink.accept({ kind: 'profile', meter: 'home', profile: fullProfile });
  for (const i of [0, 1, 2]) {
    const halfHour = {
      markMs: markMs + i * 1_800_000,
      importKwh: 12345 + i / 10,
      ...(i === 1 ? {} : { exportKwh: 7 }),
    };
    rig.sink.accept({ kind: 'history', meter: 'home', halfHour });
  }
  expect(rig.sink.health().queued).toBe(3);
  await up();
  await clock.creepUntil(() => watcher.on(`${root}/history`).length === 3, 'all', 20);
  expect(watcher.on(`${root}/history`).map(({ payload, retain }) => [payload, retain])).toEqual([
    ['{"meter":"home","time":"2026-01-15T12:00:00+09:00","import":12345.0,"export":7.0}', false],
    ['{"meter":"home","time":"2026-01-15T12:30:00+09:00","import":12345.1}', false],
    ['{"meter":"home","time":"2026-01-15T13:00:00+09:00","import":12345.2,"export":7.0}', false],
  ]);
  await until(() => rig.sink.health().queued === 0, 'acknowledged');
});

test('minutes have a topic and an outbox of their own, where they are wanted', async () => {
  const minute = { minuteMs: Date.parse('2026-01-15T12:01:00+09:00'), importKwh: 12345.6, exportKwh: 7 };
  rig.sink.accept({ kind: 'profile', meter: 'home', profile: fullProfile });
  rig.sink.accept({ kind: 'minute', meter: 'home', minute });
  expect(rig.sink.health().queued).toBe(0);
  await clock.creepWhile(rig.stop(), 5);
  const meter = { id: 'home', name: 'Smart meter', intervalS: 10, energyIntervalS: 60, minuteHistory: true };
  rig = new SinkRig(url, { meter }, clock);
  rig.sink.accept({ kind: 'profile', meter: 'home', profile: fullProfile });
  rig.sink.accept({ kind: 'minute', meter: 'home', minute });
  rig.sink.accept({
    kind: 'minute',
    meter: 'home',
    minute: { minuteMs: minute.minuteMs + 60_000, importKwh: 12345.7 },
  });
  expect(rig.sink.health().queued).toBe(2);
  await up();
  await clock.creepUntil(() => watcher.on(`${root}/history_minutes`).length === 2, 'both', 20);
  expect(watcher.on(`${root}/history_minutes`).map(({ payload, retain }) => [payload, retain])).toEqual([
    ['{"meter":"home","time":"2026-01-15T12:01:00+09:00","import":12345.6,"export":7.0}', false],
    ['{"meter":"home","time":"2026-01-15T12:02:00+09:00","import":12345.7}', false],
  ]);
  expect(watcher.on(`${root}/history`)).toEqual([]);
  await until(() => rig.sink.health().queued === 0, 'acknowledged');
});

test('readings come in order, without holes, however long the broker was away', async () => {
  for (let n = 1; n <= 100; n++) rig.reading({ powerW: n });
  rig.reading({ fault: false }); // nothing the stream tells of
  expect(rig.sink.health().queued).toBe(100);
  await up();
  await clock.creepUntil(() => watcher.on(`${root}/readings`).length === 100, 'all', 20);
  const seen = watcher
    .on(`${root}/readings`)
    .map(({ payload }) => JSON.parse(payload) as { seq: number; power: number });
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1));
  expect(seen.every(({ seq, power }) => seq === power)).toBe(true);
  expect(watcher.on(`${root}/state/instant`)).toHaveLength(1);
  await until(() => rig.sink.health().queued === 0, 'acknowledged');
});

test('a half hour is published and stays', async () => {
  await up();
  const markMs = Date.UTC(2026, 0, 15, 3, 0, 0);
  const accept = (n: number, importKwh: number): void =>
    rig.sink.accept({ kind: 'halfHour', meter: 'home', halfHour: { markMs: markMs + n * 1_800_000, importKwh } });
  rig.profile();
  accept(0, 100);
  accept(1, 100.5);
  await until(() => watcher.on(`${root}/state/halfhour`).length === 2, 'both');
  expect(JSON.parse(last('state/halfhour') ?? '')).toMatchObject({ import: 100.5, import_delta: 0.5 });
});

test('a half hour that comes in two halves keeps its slot', async () => {
  await up();
  const markMs = Date.UTC(2026, 0, 15, 3, 0, 0);
  const marks = [
    { markMs, importKwh: 100, exportKwh: 7 },
    { markMs: markMs + 1_800_000, importKwh: 100.5 },
    { markMs: markMs + 1_800_000, importKwh: 100.5, exportKwh: 7.2 },
  ];
  for (const halfHour of marks) rig.sink.accept({ kind: 'halfHour', meter: 'home', halfHour });
  await until(() => watcher.on(`${root}/state/halfhour`).length === 3, 'all');
  expect(JSON.parse(last('state/halfhour') ?? '')).toMatchObject({ import_delta: 0.5, export_delta: 0.2 });
});

test('an interval asked for reaches us; once it is in force, states, expiry and the document follow, both ways', async () => {
  await up();
  rig.profile();
  expect(JSON.parse(last('state/config') ?? '')).toMatchObject({ poll_interval: 10 });
  await watcher.client.publishAsync(`${root}/command/poll_interval`, '600');
  await until(() => rig.intervals.length === 1, 'asked for');
  expect(rig.intervals).toEqual([600]);
  const expiry = (): unknown =>
    (JSON.parse(watcher.last(config)?.payload ?? '{}') as { components: Record<string, Record<string, unknown>> })
      .components['power']?.['expire_after'];
  const inForce = async (intervalS: number): Promise<void> => {
    rig.sink.accept({ kind: 'interval', meter: 'home', intervalS });
    rig.pace(intervalS);
    for (let i = 0; i < 30; i++) await clock.advance(100);
    await flushed();
  };
  await inForce(600);
  expect(JSON.parse(last('state/config') ?? '')).toMatchObject({ poll_interval: 600 });
  expect(expiry()).toBe(3000);
  rig.reading({ powerW: 5 });
  await clock.advance(1_800_000);
  await flushed();
  expect(last('meter/availability')).toBe('online');
  await inForce(20);
  await flushed();
  expect(expiry()).toBe(300);
  expect(last('meter/availability')).toBe('offline');
});

test('the clean stop says offline twice and stops everything', async () => {
  await up();
  await clock.creepWhile(rig.stop(), 5);
  await until(() => last('bridge/availability') === 'offline', 'offline');
  expect(watcher.topics().slice(-2)).toEqual([`${root}/meter/availability`, `${root}/bridge/availability`]);
  rig.reading({ powerW: 1 }); // too late, and no harm
});

test('events of another meter are not ours; without discovery nothing is announced', async () => {
  const quiet = new SinkRig(
    url,
    {
      meter: { id: 'quiet', name: 'Quiet', intervalS: 10, energyIntervalS: 60 },
      homeAssistant: { discovery: false, prefix: 'homeassistant', statusTopic: 'homeassistant/status' },
    },
    clock,
  );
  await clock.creepUntil(() => quiet.connected, 'connected', 50);
  quiet.sink.accept({ kind: 'reading', meter: 'home', reading: { atMs: 0, powerW: 1 } });
  quiet.profile();
  quiet.reading({ powerW: 2 });
  await until(() => watcher.last('broute2mqtt/quiet/readings') !== undefined, 'own reading');
  expect(watcher.on('broute2mqtt/quiet/readings')).toHaveLength(1);
  expect(watcher.topics().filter((topic) => topic.includes('broute2mqtt_quiet'))).toEqual([]);
  await clock.creepWhile(quiet.stop(), 5);
});
