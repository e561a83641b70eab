import { expect, test } from 'vitest';
import { BridgeError, failureOf } from '../../../src/kernel/errors.ts';
import { heldError } from '../../../src/broker/reason-codes.ts';
import { HISTORY_LIMIT } from '../../../src/web/meter-record.ts';
import { BoardRig, brokerHealth } from '../../support/board-rig.ts';
import type { BoardRigOptions } from '../../support/board-rig.ts';

const meters = [{ id: 'home', name: '自宅', intervalS: 10, energyIntervalS: 60 }];

const rig = (options: BoardRigOptions = {}): BoardRig => new BoardRig({ meters, version: '1.2.3', ...options });

test('before anything is known there is no value, no pan and no age, only a phase', () => {
  const { home } = rig();
  expect(home()).toEqual({
    id: 'home',
    name: '自宅',
    phase: 'opening',
    phase_age_s: 0,
    fresh: false,
    connected: false,
    interval_s: 10,
    reason: 'no reading yet (opening)',
    stale_after_s: 35,
    reconnects: 0,
  });
});

test('what the meter told is there with its time, its age and its sign; what it did not tell is absent', async () => {
  const { clock, reading, status, home } = rig();
  status({ pan: { channel: 57, panId: 0x3c, macAddress: '001D129012345678' }, lqi: 132, rssiDbm: -68, reconnects: 2 });
  reading({ powerW: -850, currentRA: -7.1 });
  await clock.advance(4_000);
  expect(home()).toMatchObject({
    fresh: true,
    age_s: 4,
    phase_age_s: 4,
    lqi: 132,
    rssi: -68,
    reconnects: 2,
    pan: { channel: 57, pan_id: '003C', mac: '001D129012345678' },
    reading: {
      power: { value: -850, age_s: 4, stale: false, stale_after_s: 35 },
      current_r: { value: -7.1, stale: false },
    },
  });
  const { reading: shown } = home();
  expect(Object.keys(shown ?? {})).toEqual(['time', 'power', 'current_r']);
  expect(Date.parse(shown?.power?.time ?? '')).toBe(clock.now() - 4_000);
});

test('a value is current up to its mark and stale just after it', async () => {
  const { clock, reading, home, board } = rig();
  reading({ powerW: 400 });
  await clock.advance(35_000);
  expect([home().fresh, home().reading?.power?.stale, board.problems()]).toEqual([true, false, []]);
  await clock.advance(1);
  expect([home().fresh, home().reading?.power?.stale]).toEqual([false, true]);
  expect(home().reason).toBe('last reading is 35 s old (opening)');
  expect(board.problems()).toEqual(['home: last reading is 35 s old (opening)']);
});

test('a signal is told with its age, whatever the wall clock does', async () => {
  const { clock, status, home } = rig();
  const signalAtMs = clock.now() - 3000;
  status({ lqi: 80, rssiDbm: -82, signalAtMs });
  clock.jumpWall(86_400_000);
  await clock.advance(60_000);
  expect(home()).toMatchObject({ lqi: 80, rssi: -82, signal_age_s: 63 });
  expect(Date.parse(home().signal_time ?? '')).toBe(signalAtMs);
  status({});
  for (const key of ['lqi', 'rssi', 'signal_time', 'signal_age_s']) expect(home()).not.toHaveProperty(key);
});

test('connected is a session whose newest answer is current; the phase stays what it is', async () => {
  const { clock, reading, status, home } = rig();
  status({ phase: 'connected', sinceMs: clock.now(), reconnects: 0 });
  expect(home()).toMatchObject({ phase: 'connected', connected: false });
  reading({ powerW: 400 });
  expect(home()).toMatchObject({ phase: 'connected', connected: true });
  await clock.advance(35_001);
  expect(home()).toMatchObject({ phase: 'connected', connected: false });
});

test('the marks follow the pace at which the meter is really asked', async () => {
  const { clock, board, reading, home } = rig();
  board.accept({ kind: 'pace', meter: 'home', intervalS: 70 });
  reading({ powerW: 400, importKwh: 5 });
  await clock.advance(215_000);
  expect(home()).toMatchObject({ interval_s: 70, stale_after_s: 215, fresh: true });
  expect(home().reading).toMatchObject({ power: { stale: false }, import: { stale: false, stale_after_s: 215 } });
  await clock.advance(1);
  expect(home().reading).toMatchObject({ power: { stale: true }, import: { stale: true } });
});

test('registers, asked for every minute, have a later mark than power', async () => {
  const { clock, reading, home } = rig();
  reading({ powerW: 400, importKwh: 12345.6, exportKwh: 0, fault: false });
  await clock.advance(100_000);
  expect(home().reading).toMatchObject({
    power: { stale: true },
    import: { value: 12345.6, stale: false },
    export: { value: 0, stale: false },
    fault: { value: false, stale: false },
  });
  await clock.advance(90_000);
  expect(home().reading?.import?.stale).toBe(true);
});

test('a meter that answers without power is fresh, and its old power is marked all the same', async () => {
  const { clock, reading, home } = rig();
  reading({ powerW: 400 });
  await clock.advance(60_000);
  reading({ importKwh: 1.5 });
  expect([home().fresh, home().reading?.power?.stale]).toEqual([true, true]);
});

test('an answer without any value is no reading', () => {
  const { reading, home } = rig();
  reading({ roundTripMs: 800 });
  expect(home().reading).toBeUndefined();
  expect(home().fresh).toBe(false);
});

test('a jump of the wall clock makes nothing older or newer', async () => {
  const { clock, reading, status, home } = rig();
  reading({ powerW: 400 });
  status({ phase: 'waiting', retryAtMs: clock.now() + 30_000 });
  clock.jumpWall(-86_400_000);
  await clock.advance(10_000);
  expect(home()).toMatchObject({ fresh: true, age_s: 10, phase_age_s: 10, retry_in_s: 20 });
  clock.jumpWall(2 * 86_400_000);
  expect(home()).toMatchObject({ fresh: true, age_s: 10, phase_age_s: 10, retry_in_s: 20 });
});

test('a status repeated within a phase does not begin it anew', async () => {
  const { clock, status, home } = rig();
  const sinceMs = clock.now();
  status({ phase: 'scanning', sinceMs });
  await clock.advance(12_000);
  status({ phase: 'scanning', sinceMs, lqi: 80 });
  expect(home()).toMatchObject({ phase: 'scanning', phase_age_s: 12, lqi: 80 });
});

test('an error comes with what to do about it, in the language asked for, and goes with the next status', () => {
  const { status, home, board } = rig();
  const failure = new BridgeError('PAN_NOT_FOUND', { en: 'no PAN on channels 33 to 60', ja: '見つかりません' });
  status({ phase: 'waiting', error: failure });
  expect(home().error).toMatchObject({
    code: 'PAN_NOT_FOUND',
    message: 'no PAN on channels 33 to 60 [PAN_NOT_FOUND]',
    hint: expect.stringContaining('move the stick'),
  });
  expect(board.snapshot({ language: 'ja' }).meters[0]?.error).toMatchObject({
    message: '見つかりません [PAN_NOT_FOUND]',
    hint: expect.stringContaining('スティックをメーターに近づけ'),
  });
  status({ phase: 'waiting', error: failureOf(new Error('x is not a function')) });
  expect(home().error?.hint).toContain('defect');
  status({ phase: 'connected' });
  expect(home().error).toBeUndefined();
});

test('the module, the half-hour registers and the broker are told where known', () => {
  const broker = { ok: false, detail: 'connecting', connected: false };
  const { board, status, home } = rig({ brokerHealth: () => brokerHealth(broker) });
  status({ module: { edition: 'DSE', stackVersion: '1.5.2', appVersion: 'rev26e' } });
  const markMs = Date.UTC(2026, 0, 15, 3, 0);
  board.accept({ kind: 'halfHour', meter: 'home', halfHour: { markMs, importKwh: 12.5 } });
  expect(home()).toMatchObject({
    module: { edition: 'DSE', stack_version: '1.5.2', app_version: 'rev26e' },
    half_hour: { time: '2026-01-15T12:00:00+09:00', import: 12.5 },
    broker: { connected: false, detail: 'connecting' },
  });
});

test('a broker that refuses the readings is told with what to do, in the language of who asks', () => {
  const held = heldError('mqtt://broker', 'broute2mqtt/home/readings', 0x87);
  const { board } = rig({
    brokerHealth: (_meter, language = 'en') =>
      brokerHealth({ ok: false, connected: true, detail: `connected (${language})`, held }),
  });
  const hint = (language: 'en' | 'ja'): string | undefined =>
    board.snapshot({ language }).meters[0]?.broker?.held?.hint;
  expect(hint('en')).toContain('Allow this user to write broute2mqtt/home/readings');
  expect(hint('ja')).toContain('broute2mqtt/home/readings の書き込みを許可');
  expect(board.snapshot({ language: 'ja' }).meters[0]?.broker?.detail).toBe('connected (ja)');
  expect(board.notes()).toEqual([
    'home: readings wait: mqtt://broker refuses writing broute2mqtt/home/readings: not authorized (0x87) [BROKER_REFUSED]',
  ]);
});

test('the history holds the newest points only and comes only when asked for', async () => {
  const { clock, reading, board, home } = rig();
  for (let count = 0; count < HISTORY_LIMIT + 5; count++) {
    reading({ powerW: count });
    clock.jumpWall(1); // the chart runs on ages, not on wall time
  }
  await clock.advance(7_000);
  expect(home().history).toBeUndefined();
  const history = board.snapshot({ history: true }).meters[0]?.history ?? [];
  expect(history).toHaveLength(HISTORY_LIMIT);
  expect([history[0], history.at(-1)]).toEqual([
    [7, 5],
    [7, HISTORY_LIMIT + 4],
  ]);
});

test('version and uptime are told, and events of a meter nobody configured are ignored', async () => {
  const { clock, board } = rig();
  board.accept({ kind: 'reading', meter: 'other', reading: { atMs: 0, powerW: 1 } });
  await clock.advance(61_500);
  expect(board.snapshot()).toMatchObject({ version: '1.2.3', uptime_s: 61, meters: [{ id: 'home' }] });
});

test('the skew of the meter’s clock is there while it is known', async () => {
  const { clock, board, home } = rig();
  const say = (skewMs?: number): void =>
    board.accept({
      kind: 'clock',
      meter: 'home',
      clock: { atMs: clock.now(), ...(skewMs === undefined ? {} : { skewMs }) },
    });
  say(-90_400);
  await clock.advance(5000);
  expect(home().clock_skew).toMatchObject({ value: -90, age_s: 5, stale: false, stale_after_s: 10_805 });
  clock.jumpWall(31_000);
  expect(home()).not.toHaveProperty('clock_skew');
  clock.jumpWall(-31_000);
  expect(home()).toHaveProperty('clock_skew');
  await clock.advance(10_801_000);
  expect(home().clock_skew?.stale).toBe(true);
  say(0);
  expect(home().clock_skew?.value).toBe(0);
  say();
  expect(home()).not.toHaveProperty('clock_skew');
});

test('the contract, and what was bought: in the names of `state/usage`, taken back at the same marks', async () => {
  const { clock, board, reading, home } = rig({ meters: [{ ...meters[0]!, contractAmpere: 40 }] });
  expect(home()).toMatchObject({ contract_ampere: 40 });
  expect(home().usage).toBeUndefined();
  const at = Date.UTC(2026, 0, 15, 3, 0);
  const usage = {
    atMs: clock.now(),
    halfHourMs: at,
    demandNowW: 410,
    demandForecastW: 420,
    demand30minW: 400,
    peakToday: { watts: 2000, startMs: at - 3_600_000 },
    peakMonth: { watts: 4100, startMs: at - 86_400_000 },
    importTodayKwh: 6.1,
    exportTodayKwh: 0,
  };
  const settled = {
    half_hour: '2026-01-15T12:00:00+09:00',
    demand_30min: 400,
    peak_today: { power: 2000, time: '2026-01-15T11:00:00+09:00' },
    peak_month: { power: 4100, time: '2026-01-14T12:00:00+09:00' },
  };
  reading({ powerW: 423, importKwh: 100, exportKwh: 50 });
  board.accept({ kind: 'usage', meter: 'home', usage });
  expect(home().usage).toEqual({
    ...settled,
    demand_now: 410,
    demand_forecast: 420,
    import_today: 6.1,
    export_today: 0,
  });
  await clock.advance(36_000);
  expect(home().usage).toEqual({ ...settled, import_today: 6.1, export_today: 0 });
  await clock.advance(150_000);
  expect(home().usage).toBeUndefined();
});

test('the page’s address and the demo are said at the top', () => {
  const { board } = rig({ page: 'http://192.0.2.7:8080/', demo: true });
  expect(board.snapshot()).toMatchObject({ page: 'http://192.0.2.7:8080/', demo: true });
  expect(Object.keys(rig().board.snapshot())).toEqual(['version', 'time', 'uptime_s', 'meters']);
});
