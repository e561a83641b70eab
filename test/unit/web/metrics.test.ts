import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { BridgeError } from '../../../src/kernel/errors.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import type { MeterClock } from '../../../src/model/reading.ts';
import type { Activity, BridgeEvent } from '../../../src/model/status.ts';
import { Metrics } from '../../../src/web/metrics.ts';
import { startWeb } from '../../../src/web/server.ts';
import { BoardRig } from '../../support/board-rig.ts';
import { logLines } from '../../support/log-lines.ts';

/** Board and metrics on virtual time. */
class Scraped extends BoardRig {
  readonly redactor = new Redactor();
  readonly metrics: Metrics;
  constructor(exporterNames = false) {
    const meters = [{ id: 'home', name: 'Home', intervalS: 10, energyIntervalS: 60, contractAmpere: 40 }];
    super({ meters });
    const { board, redactor } = this;
    this.metrics = new Metrics({ meters, board, broker: () => this.broker, version: '9.8.7', redactor, exporterNames });
  }

  override accept(event: BridgeEvent): void {
    super.accept(event);
    this.metrics.accept(event);
  }

  did(activity: Activity): void {
    this.metrics.accept({ kind: 'activity', meter: 'home', activity });
  }

  /** Lines with samples of the metrics whose names begin so, without the meter's label. */
  async samples(prefix: string): Promise<string[]> {
    const lines = (await this.metrics.text()).split('\n');
    return lines
      .filter((line) => line.startsWith(prefix))
      .map((line) =>
        line
          .replace(/meter="home",?/, '')
          .replace('{}', '')
          .replace(',}', '}'),
      );
  }
}

let it: Scraped;
beforeEach(() => void (it = new Scraped()));

describe('values', () => {
  test('in base units, with their signs', async () => {
    it.reading({ powerW: -850, currentRA: -4.2, currentTA: 0.3, importKwh: 12345.4, exportKwh: 0.1, fault: false });
    expect(await it.samples('broute2mqtt_power')).toEqual(['broute2mqtt_power_watts -850']);
    expect(await it.samples('broute2mqtt_current')).toEqual([
      'broute2mqtt_current_amperes{phase="r"} -4.2',
      'broute2mqtt_current_amperes{phase="t"} 0.3',
    ]);
    expect(await it.samples('broute2mqtt_energy_joules')).toEqual([
      'broute2mqtt_energy_joules_total{direction="import"} 44443440000',
      'broute2mqtt_energy_joules_total{direction="export"} 360000',
    ]);
    expect(await it.samples('broute2mqtt_meter_fault')).toEqual(['broute2mqtt_meter_fault 0']);
    expect(await it.samples('broute2mqtt_contract')).toEqual(['broute2mqtt_contract_current_amperes 40']);
    expect(await it.samples('broute2mqtt_last_reading')).toEqual([
      `broute2mqtt_last_reading_timestamp_seconds ${it.clock.now() / 1000}`,
    ]);
  });

  test('are absent before the first reading and when stale, each by its own mark; the stamp stays', async () => {
    const values = [
      'broute2mqtt_power',
      'broute2mqtt_current',
      'broute2mqtt_energy_joules',
      'broute2mqtt_link_quality',
    ];
    const shown = async (): Promise<number[]> =>
      Promise.all(values.map(async (prefix) => (await it.samples(prefix)).length));
    it.status({ lqi: 80 });
    expect(await shown()).toEqual([0, 0, 0, 0]);
    expect(await it.samples('broute2mqtt_last_reading')).toEqual([]);
    expect(await it.samples('broute2mqtt_reading_fresh')).toEqual(['broute2mqtt_reading_fresh 0']);
    expect(await it.samples('broute2mqtt_meter_connected')).toEqual(['broute2mqtt_meter_connected 0']);
    it.reading({ powerW: 1, currentRA: 1, importKwh: 1 });
    expect(await shown()).toEqual([1, 1, 1, 1]);
    expect(await it.samples('broute2mqtt_reading_fresh')).toEqual(['broute2mqtt_reading_fresh 1']);
    expect(await it.samples('broute2mqtt_meter_connected')).toEqual(['broute2mqtt_meter_connected 1']);
    expect(await it.samples('broute2mqtt_poll_interval')).toEqual(['broute2mqtt_poll_interval_seconds 10']);
    await it.clock.advance(35_001);
    expect(await shown()).toEqual([0, 0, 1, 0]);
    expect(await it.samples('broute2mqtt_reading_fresh')).toEqual(['broute2mqtt_reading_fresh 0']);
    await it.clock.advance(150_000);
    expect(await shown()).toEqual([0, 0, 0, 0]);
    expect(await it.samples('broute2mqtt_last_reading')).toHaveLength(1);
  });

  test('link quality stands with the time it was measured', async () => {
    const signalAtMs = it.clock.now() - 60_000;
    it.status({ lqi: 80, rssiDbm: -82, signalAtMs });
    it.reading({ powerW: 1 });
    expect(await it.samples('broute2mqtt_link_quality')).toEqual([
      'broute2mqtt_link_quality 80',
      `broute2mqtt_link_quality_timestamp_seconds ${signalAtMs / 1000}`,
    ]);
    await it.clock.advance(35_001);
    expect(await it.samples('broute2mqtt_link_quality')).toEqual([]);
  });

  test('the skew of the meter’s clock, absent while unknown', async () => {
    const say = (clock: MeterClock): void => it.board.accept({ kind: 'clock', meter: 'home', clock });
    expect(await it.samples('broute2mqtt_meter_clock')).toEqual([]);
    say({ atMs: it.clock.now(), skewMs: 123_400 });
    expect(await it.samples('broute2mqtt_meter_clock')).toEqual(['broute2mqtt_meter_clock_skew_seconds 123']);
    say({ atMs: it.clock.now() });
    expect(await it.samples('broute2mqtt_meter_clock')).toEqual([]);
    say({ atMs: it.clock.now(), skewMs: 0 });
    await it.clock.advance(3 * 3_600_000 + 5001);
    expect(await it.samples('broute2mqtt_meter_clock')).toEqual([]);
  });

  test("smartmeter-exporter's names, units and help texts, only in its place", async () => {
    it.reading({ powerW: 742, currentRA: 5.1, currentTA: 2 });
    expect(await it.samples('power_consumption')).toEqual([]);
    it = new Scraped(true);
    const header = (await it.metrics.text()).split('\n').filter((line) => line.includes('power_consumption'));
    expect(header).toEqual([
      '# HELP power_consumption_watt Power consumption in Watt',
      '# TYPE power_consumption_watt gauge',
      '# HELP power_consumption_ampare_r Power consumption in Ampare(R)',
      '# TYPE power_consumption_ampare_r gauge',
      '# HELP power_consumption_ampare_t Power consumption in Ampare(T)',
      '# TYPE power_consumption_ampare_t gauge',
    ]);
    it.reading({ powerW: -742, currentRA: 5.1, currentTA: -2 });
    expect(await it.samples('power_consumption')).toEqual([
      'power_consumption_watt -742',
      'power_consumption_ampare_r 5100',
      'power_consumption_ampare_t -2000',
    ]);
    await it.clock.advance(35_001);
    expect(await it.samples('power_consumption')).toEqual([]);
  });
});

describe('the link', () => {
  test('its state is a set, its pauses are counted once each', async () => {
    for (const phase of ['paused', 'paused', 'connected', 'paused'] as const) it.status({ phase, reconnects: 3 });
    expect(await it.samples('broute2mqtt_link_state')).toEqual([
      ...['opening', 'scanning', 'joining', 'connected'].map((state) => `broute2mqtt_link_state{state="${state}"} 0`),
      'broute2mqtt_link_state{state="paused"} 1',
      ...['waiting', 'stopped'].map((state) => `broute2mqtt_link_state{state="${state}"} 0`),
    ]);
    expect(await it.samples('broute2mqtt_airtime_pauses')).toEqual(['broute2mqtt_airtime_pauses_total 2']);
    expect(await it.samples('broute2mqtt_reconnects')).toEqual(['broute2mqtt_reconnects_total 3']);
    expect(await it.samples('broute2mqtt_reconnects')).toEqual(['broute2mqtt_reconnects_total 3']); // not added up
  });

  test('what was done is counted, what was not stands at 0', async () => {
    it.did({ what: 'rung', rung: 'scan-channel' });
    it.did({ what: 'held', register: 'export' });
    it.did({ what: 'scan', durationMs: 4400, found: true });
    it.did({ what: 'join', durationMs: 2600, joined: false });
    it.reading({ powerW: 1, roundTripMs: 420 });
    const steps = await it.samples('broute2mqtt_recovery_steps');
    expect(steps).toHaveLength(8);
    expect(steps.filter((line) => !line.endsWith(' 0'))).toEqual([
      'broute2mqtt_recovery_steps_total{rung="scan-channel"} 1',
    ]);
    expect(await it.samples('broute2mqtt_energy_held')).toEqual([
      'broute2mqtt_energy_held_total{direction="import"} 0',
      'broute2mqtt_energy_held_total{direction="export"} 1',
    ]);
    expect(await it.samples('broute2mqtt_scan_duration_seconds_sum')).toEqual([
      'broute2mqtt_scan_duration_seconds_sum{result="found"} 4.4',
      'broute2mqtt_scan_duration_seconds_sum{result="none"} 0',
    ]);
    expect(await it.samples('broute2mqtt_join_duration_seconds_count')).toEqual([
      'broute2mqtt_join_duration_seconds_count{result="joined"} 0',
      'broute2mqtt_join_duration_seconds_count{result="failed"} 1',
    ]);
    const trips = await it.samples('broute2mqtt_round_trip_seconds');
    expect(trips).toContain('broute2mqtt_round_trip_seconds_bucket{le="0.5"} 1');
    expect(trips).toContain('broute2mqtt_round_trip_seconds_bucket{le="0.3"} 0');
    expect(await it.samples('broute2mqtt_readings')).toEqual(['broute2mqtt_readings_total 1']);
  });

  test('broker and outbox: only with a broker, and only what it tells', async () => {
    expect(await it.samples('broute2mqtt_broker')).toEqual([]);
    it.broker = { ok: false, detail: 'refused', queued: 12 };
    expect(await it.samples('broute2mqtt_broker')).toEqual(['broute2mqtt_broker_connected 0']);
    expect(await it.samples('broute2mqtt_outbox')).toEqual(['broute2mqtt_outbox_readings 12']);
    it.broker = { ok: true, detail: 'connected', queued: 0, dropped: 7 };
    expect(await it.samples('broute2mqtt_broker')).toEqual(['broute2mqtt_broker_connected 1']);
    expect(await it.samples('broute2mqtt_outbox')).toEqual([
      'broute2mqtt_outbox_readings 0',
      'broute2mqtt_outbox_dropped_total 7',
    ]);
    expect(await it.samples('broute2mqtt_stream')).toEqual(['broute2mqtt_stream_held 0']);
    it.broker = {
      ok: false,
      detail: 'refuses',
      connected: true,
      queued: 3,
      held: new BridgeError('BROKER_REFUSED', ''),
    };
    expect(await it.samples('broute2mqtt_stream')).toEqual(['broute2mqtt_stream_held 1']);
    expect(await it.samples('broute2mqtt_broker')).toEqual(['broute2mqtt_broker_connected 1']);
  });

  test('build, module and process; no secret in what the module says', async () => {
    it.redactor.add('ABCDEFGHIJKL');
    it.status({ module: { edition: 'DSE', stackVersion: '1.2.8', appVersion: 'x ABCDEFGHIJKL' } });
    expect(await it.samples('broute2mqtt_module')).toEqual([
      'broute2mqtt_module_info{edition="DSE",stack="1.2.8",app="x [redacted]"} 1',
    ]);
    expect(await it.samples('broute2mqtt_build')).toEqual(['broute2mqtt_build_info{version="9.8.7"} 1']);
    expect(await it.samples('process_resident_memory_bytes')).toHaveLength(1);
    expect(await it.samples('nodejs_eventloop_lag')).toHaveLength(1);
  });
});

describe('/metrics', () => {
  const serve = async (more: { readonly token?: string; readonly metricsOnly?: boolean }) => {
    const { board, metrics, redactor } = it;
    const { log, lines } = logLines();
    const listen = { host: '127.0.0.1', port: 0 };
    const server = await startWeb({
      listen,
      language: 'en',
      board,
      metrics,
      late: () => [],
      redactor,
      log,
      clock: systemClock,
      ...more,
    });
    const get = (path: string, init?: RequestInit): Promise<Response> => fetch(new URL(path, server.address), init);
    return { get, lines, [Symbol.asyncDispose]: () => server.close() };
  };

  test('is text of the version scrapers expect', async () => {
    await using web = await serve({});
    it.redactor.add('1234');
    it.reading({ powerW: 1234 });
    const answer = await web.get('/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain('broute2mqtt_power_watts{meter="home"} 1234\n');
  });

  test('tells readings, so it asks for the token', async () => {
    await using web = await serve({ token: 'kagi' });
    expect((await web.get('/metrics')).status).toBe(401);
    expect((await web.get('/metrics', { headers: { authorization: 'Bearer kagi' } })).status).toBe(200);
  });

  test("in smartmeter-exporter's place it stands alone with the probes", async () => {
    await using web = await serve({ metricsOnly: true });
    const status = async (path: string): Promise<number> => (await web.get(path)).status;
    expect(await Promise.all(['/metrics', '/livez', '/healthz'].map(status))).toEqual([200, 200, 503]);
    expect(await Promise.all(['/', '/api/status', '/page.js'].map(status))).toEqual([404, 404, 404]);
    expect(await (await web.get('/')).text()).toBe('There is nothing here. The metrics are at /metrics.\n');
    expect(web.lines.at(0)?.msg).toBe('metrics listening');
  });
});

describe('docs/prometheus.md', () => {
  const page = readFileSync(new URL('../../../docs/prometheus.md', import.meta.url), 'utf8');

  test('has a row for every metric of ours, with its type and labels', async () => {
    it = new Scraped(true);
    const text = await it.metrics.text();
    const known = [...text.matchAll(/^# TYPE (broute2mqtt_\w+|power_\w+) (\w+)/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    const rows = [...page.matchAll(/^\| `(\w+)` +\| (gauge|counter|histogram)/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(rows.sort()).toEqual(known.sort());
  });
});
