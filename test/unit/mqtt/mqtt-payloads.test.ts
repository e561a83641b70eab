import { expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { contractState, NOT_OVER, overContractStep, usedAmpere } from '../../../src/mqtt/meter-states.ts';
import { isoJst, isoLocal } from '../../../src/kernel/clock.ts';
import {
  configPayload,
  energyPayload,
  halfHourPayload,
  instantPayload,
  linkPayload,
  readingPayload,
  usagePayload,
} from '../../../src/mqtt/mqtt-payloads.ts';
import { status } from '../../support/sink-rig.ts';

const atMs = Date.UTC(2026, 0, 15, 3, 0, 30, 120);
const stamp = isoLocal(atMs);
const mark = Date.UTC(2026, 0, 15, 3, 0, 0);

test('times are ISO 8601 with the offset of this place, marks in Japan’s', () => {
  expect(stamp).toMatch(/^2026-01-1\dT\d\d:\d0:30\.120[+-]\d\d:\d\d$/);
  expect(Date.parse(stamp)).toBe(atMs);
  expect(isoJst(mark)).toBe('2026-01-15T12:00:00+09:00');
});

test('a state has every key; decimals are fixed', () => {
  const contract = { headroomA: 27.5, usagePercent: 31.25, over: false };
  expect(instantPayload({ atMs, powerW: -1234, currentRA: 7, currentTA: -5.5 }, contract)).toBe(
    `{"power":-1234,"current_r":7.0,"current_t":-5.5,"headroom":27.5,"contract_usage":31,"over_contract":"OFF","time":"${stamp}"}`,
  );
  expect(instantPayload({ atMs }, undefined)).toBe(
    `{"power":null,"current_r":null,"current_t":null,"headroom":null,"contract_usage":null,"over_contract":null,"time":"${stamp}"}`,
  );
  expect(energyPayload({ atMs, importKwh: 12345.6, exportKwh: 0, fault: true }, 1)).toBe(
    `{"import":12345.6,"export":0.0,"fault":"ON","time":"${stamp}"}`,
  );
  expect(energyPayload({ atMs, importKwh: 0.0001 }, 4)).toContain('{"import":0.0001,"export":null,"fault":null');
});

test('usage has every key, its times in Japan’s; what is not known is null', () => {
  const peak = { watts: 3200, startMs: mark - 3_600_000 };
  const usage = {
    demandNowW: 511.6,
    demandForecastW: 0,
    peakToday: peak,
    dayMs: mark - 12 * 3_600_000,
    importTodayKwh: 3,
  };
  expect(JSON.parse(usagePayload({ atMs, halfHourMs: mark, ...usage }, 1))).toEqual({
    demand_now: 512,
    demand_forecast: 0,
    demand_30min: null,
    half_hour_start: '2026-01-15T12:00:00+09:00',
    demand_peak_today: 3200,
    demand_peak_today_start: '2026-01-15T11:00:00+09:00',
    demand_peak_month: null,
    demand_peak_month_start: null,
    import_today: 3,
    export_today: null,
    day_start: '2026-01-15T00:00:00+09:00',
    time: stamp,
  });
  expect(usagePayload({ atMs, importTodayKwh: 3 }, 1)).toContain('"import_today":3.0,');
  expect(configPayload(30, atMs)).toBe(`{"poll_interval":30,"time":"${stamp}"}`);
});

test('a register’s own decimals are never rounded away, whatever scale was remembered', () => {
  expect(energyPayload({ atMs, importKwh: 12345.67 }, 1)).toContain('"import":12345.67');
  expect(readingPayload({ meter: 'home', run: 1, seq: 1 }, { atMs, importKwh: 12345.6 }, 0)).toContain(
    '"import":12345.6}',
  );
  const now = { markMs: mark, importKwh: 100.31 };
  expect(halfHourPayload(now, { markMs: mark - 1_800_000, importKwh: 100.1 }, 0)).toContain('"import_delta":0.21');
});

test('what is no number is null, never NaN', () => {
  expect(instantPayload({ atMs, powerW: Number.NaN, currentRA: Infinity }, undefined)).toContain(
    '"power":null,"current_r":null',
  );
});

test('a half hour has a slot only beside its neighbour', () => {
  const now = { markMs: mark, importKwh: 12345.4, exportKwh: 0.3 };
  const slot = (before: object | undefined): unknown => JSON.parse(halfHourPayload(now, before as never, 1));
  const alone = { slot_start: null, import: 12345.4, export: 0.3, import_delta: null, export_delta: null };
  expect(slot(undefined)).toEqual({ time: '2026-01-15T12:00:00+09:00', ...alone });
  expect(slot({ markMs: mark - 3_600_000, importKwh: 12344 })).toMatchObject(alone);
  expect(slot({ markMs: mark - 1_800_000, importKwh: 12344.8 })).toMatchObject({
    slot_start: '2026-01-15T11:30:00+09:00',
    import_delta: 0.6,
    export_delta: null,
  });
  expect(slot({ markMs: mark - 1_800_000, importKwh: 99999 })).toMatchObject({ import_delta: null });
});

test('the link', () => {
  const more = {
    lqi: 120,
    rssiDbm: -71,
    signalAtMs: atMs,
    pan: { channel: 33, panId: 1, macAddress: '0' },
    reconnects: 3,
    lastSuccessMs: atMs,
  };
  expect(JSON.parse(linkPayload(status('connected', more), { connected: true, intervalS: 10 }))).toEqual({
    state: 'connected',
    connected: 'ON',
    interval: 10,
    rssi: -71,
    lqi: 120,
    signal_time: stamp,
    channel: 33,
    reconnects: 3,
    last_success: stamp,
    last_error: null,
    rung: null,
    time: isoLocal(mark),
  });
  const lost = status('waiting', { error: new BridgeError('SESSION_LOST', 'long story') });
  expect(JSON.parse(linkPayload(lost, { connected: false, intervalS: 10 }))).toMatchObject({
    connected: 'OFF',
    last_error: 'SESSION_LOST',
    rssi: null,
  });
  const slow = linkPayload(status('connected'), { connected: false, intervalS: 7.5 });
  expect(JSON.parse(slow)).toMatchObject({ state: 'connected', connected: 'OFF', interval: 7.5 });
});

test('a reading leaves out what the answer did not hold', () => {
  const id = { meter: 'home', run: 17, seq: 4711 };
  expect(readingPayload(id, { atMs, powerW: 1234, currentRA: 7, currentTA: 5.5 }, 1)).toBe(
    `{"meter":"home","run":17,"seq":4711,"time":"${stamp}","power":1234,"current_r":7.0,"current_t":5.5}`,
  );
  expect(readingPayload(id, { atMs, importKwh: 5 }, 2)).toBe(
    `{"meter":"home","run":17,"seq":4711,"time":"${stamp}","import":5.00}`,
  );
});

test('contract current: both legs count, one that feeds back frees nothing', () => {
  expect(usedAmpere({ atMs, currentRA: 30, currentTA: -5 }, true)).toBe(30);
  expect(usedAmpere({ atMs, currentRA: 30 }, false)).toBe(30);
  expect(usedAmpere({ atMs, currentRA: 30 }, true)).toBeUndefined();
  expect(usedAmpere({ atMs, currentTA: 30 }, true)).toBeUndefined();
  expect(contractState(40, 45, NOT_OVER)).toEqual({ headroomA: -5, usagePercent: 112.5, over: false });
});

test('over contract: on at the second answer above, off below 90 %', () => {
  const usages = [1, 0.95, 1, 1.2, 0.95, 0.9, 0.89, 1, 0.99];
  let state = NOT_OVER;
  const seen = usages.map((usage) => (state = overContractStep(state, usage)).on);
  expect(seen).toEqual([false, false, false, true, true, true, false, false, false]);
});
