import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { credentials } from '../support/bridge.ts';
import { freePort } from '../support/free-port.ts';
import { Household } from '../support/household.ts';
import { Program } from '../support/program.ts';

const deploy = new URL('../../deploy/', import.meta.url).pathname;
const alerts = join(deploy, 'prometheus/alerts.yml');

async function folder(home: Household): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'prometheus-'));
  home.keep({ [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) });
  return path;
}

async function promtool(home: Household, ...args: string[]): Promise<void> {
  const program = home.keep(new Program('promtool', args));
  const code = await program.ended;
  expect(code, program.stdout + program.stderr).toBe(0);
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** A real Prometheus that scrapes one address every second and knows our alerts. */
async function scraper(home: Household, target: string) {
  const path = await folder(home);
  const listen = `127.0.0.1:${await freePort()}`;
  const job = { job_name: 'broute2mqtt', static_configs: [{ targets: [target] }] };
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [alerts],
    scrape_configs: [job],
  };
  await writeFile(join(path, 'prometheus.yml'), JSON.stringify(config));
  const args = [`--config.file=${path}/prometheus.yml`, `--storage.tsdb.path=${path}/data`];
  const program = home.keep(new Program('prometheus', [...args, `--web.listen-address=${listen}`]));

  const ask = async (
    api: string,
  ): Promise<{ readonly status: string; readonly data: never; readonly error?: string }> =>
    (await (await fetch(`http://${listen}/api/v1/${api}`)).json()) as never;
  const query = async (text: string): Promise<readonly Sample[]> => {
    const { data, error } = await ask(`query?query=${encodeURIComponent(text)}`);
    if (error !== undefined) throw new Error(`${text}: ${error}`);
    return (data as { readonly result: readonly Sample[] }).result;
  };
  /** Waits until the query has as many samples. */
  const until = async (text: string, count: number): Promise<readonly Sample[]> => {
    for (const end = performance.now() + 60_000; ; await delay(200)) {
      if (program.code !== undefined) throw new Error(`Prometheus ended: ${program.stderr}`);
      const found = await query(text).catch(() => undefined); // it is still starting
      if (found?.length === count) return found;
      if (performance.now() > end) throw new Error(`${text}: ${JSON.stringify(found)} instead of ${count} samples`);
    }
  };
  return { ask, query, until };
}

/** Every expression of the dashboard, with its variables filled in. */
const dashboardQueries = (): string[] => {
  const text = readFileSync(join(deploy, 'grafana/dashboard.json'), 'utf8');
  const { panels } = JSON.parse(text) as { panels: { targets: { expr: string }[] }[] };
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$meter', '.*')));
};

test('promtool takes configuration and alerts, and each alert fires when it should and not before', async () => {
  await using home = new Household();
  await promtool(home, 'check', 'config', join(deploy, 'prometheus/prometheus.yml'));
  const meter = '{meter="home"}';
  const at = (time: string, alertname: string, fires: boolean, labels: object = { meter: 'home' }) => ({
    eval_time: time,
    alertname,
    exp_alerts: fires ? [{ exp_labels: { severity: 'warning', ...labels } }] : [],
  });
  const series = {
    [`broute2mqtt_reading_fresh${meter}`]: '1x4 0x20',
    [`broute2mqtt_reconnects_total${meter}`]: '0+1x30',
    [`broute2mqtt_airtime_pauses_total${meter}`]: '0x9 1x20',
    'broute2mqtt_current_amperes{meter="home",phase="r"}': '10 10 35x30',
    'broute2mqtt_current_amperes{meter="home",phase="t"}': '-50 5x31',
    [`broute2mqtt_contract_current_amperes${meter}`]: '40x31',
    [`broute2mqtt_broker_connected${meter}`]: '1x9 0x20',
    'up{job="broute2mqtt",instance="i"}': '1x4 0x20',
  };
  const rules = [
    at('9m', 'SmartMeterStale', false),
    at('11m', 'SmartMeterStale', true),
    at('4m', 'SmartMeterFlapping', false),
    at('20m', 'SmartMeterFlapping', true),
    at('8m', 'SmartMeterAirtime', false),
    at('15m', 'SmartMeterAirtime', true, { meter: 'home', severity: 'info' }),
    at('2m', 'SmartMeterOverContract', false),
    at('4m', 'SmartMeterOverContract', true),
    at('14m', 'SmartMeterBrokerAway', false),
    at('16m', 'SmartMeterBrokerAway', true),
    at('9m', 'SmartMeterBridgeDown', false),
    at('11m', 'SmartMeterBridgeDown', true, { job: 'broute2mqtt', instance: 'i' }),
  ];
  const path = await folder(home);
  const groups = [
    {
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: rules,
    },
  ];
  // Annotations are text for people: what matters is when it fires.
  const bare = readFileSync(alerts, 'utf8').replaceAll(/^ {8}annotations:\n(?: {10}.*\n)*/gm, '');
  await writeFile(join(path, 'alerts.yml'), bare);
  await writeFile(join(path, 'test.yml'), JSON.stringify({ rule_files: ['alerts.yml'], tests: groups }));
  await promtool(home, 'test', 'rules', join(path, 'test.yml'));
});

test('in the place of smartmeter-exporter: its environment alone, both sets of names in a real Prometheus', async () => {
  await using home = new Household();
  const stick = await home.stick();
  const port = await freePort();
  const cwd = await folder(home);
  const env = {
    SMARTMETER_ID: `"${credentials.route_b_id}"`,
    SMARTMETER_PASSWORD: `${credentials.route_b_password} # from the letter`,
    SMARTMETER_DEVICE: stick.path,
    SMARTMETER_LOGLEVEL: '10 #10:DEBUG 20:INFO',
    SMARTMETER_GET_INTERVAL: '2',
    PORT: String(port),
    BROUTE2MQTT_STATE_DIR: join(cwd, 'state'), // as in the image
  };
  const bridge = home.cli([], { cwd, env });
  await bridge.until(() => bridge.stdout.includes('metrics listening'), 'it listens');
  const early = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(early).not.toMatch(/^(power_consumption|broute2mqtt_power_watts)/m);
  const prometheus = await scraper(home, `127.0.0.1:${port}`);

  const [watts] = await prometheus.until('power_consumption_watt', 1);
  expect(Object.keys(watts?.metric ?? {}).sort()).toEqual(['__name__', 'instance', 'job']);
  const joined = 'ignoring(meter, phase)';
  await prometheus.until(`power_consumption_watt == ${joined} broute2mqtt_power_watts{meter="home"}`, 1);
  for (const phase of ['r', 't']) {
    const inAmpere = `broute2mqtt_current_amperes{phase="${phase}"} * 1000`;
    await prometheus.until(`abs(power_consumption_ampare_${phase} - ${joined} (${inAmpere})) < 0.001`, 1);
  }
  await prometheus.until('broute2mqtt_link_state{state="connected"} == 1', 1);
  await prometheus.until('broute2mqtt_energy_joules_total{direction="import"} / 3.6e6 > 0', 1);
  await prometheus.until('time() - broute2mqtt_last_reading_timestamp_seconds < 20', 1);
  await prometheus.until('broute2mqtt_scan_duration_seconds_count{result="found"} == 1', 1);
  await prometheus.until('broute2mqtt_join_duration_seconds_count{result="joined"} == 1', 1);
  await prometheus.until('broute2mqtt_round_trip_seconds_count > 2', 1);

  const { data: names } = await prometheus.ask('label/__name__/values');
  for (const expression of [...dashboardQueries(), readFileSync(alerts, 'utf8')]) {
    if (!expression.startsWith('groups')) await prometheus.query(expression);
    const used = [...expression.matchAll(/\bbroute2mqtt_\w+/g)].map(([name]) => name);
    const absent = /contract|outbox|broker_connected/; // neither a contract nor a broker here
    expect(used.filter((name) => !absent.test(name) && !(names as string[]).includes(name))).toEqual([]);
  }
  const { data: loaded } = await prometheus.ask('rules');
  expect((loaded as { groups: { rules: { health: string }[] }[] }).groups.flatMap(({ rules }) => rules)).toHaveLength(
    6,
  );

  await stick.unplug();
  await prometheus.until('broute2mqtt_reading_fresh == 0', 1);
  await prometheus.until('{__name__=~"power_consumption.*|broute2mqtt_(power_watts|current_amperes)"}', 0);
  await prometheus.until('ALERTS{alertname="SmartMeterStale",alertstate="pending"}', 1);
  expect(bridge.stdout + bridge.stderr).not.toContain(credentials.route_b_password);
  expect((await bridge.end()).code).toBe(0);
});

test('what is wrong in that environment is said in its words, and nothing starts', async () => {
  await using home = new Household();
  const env = { SMARTMETER_ID: '"123"', PORT: 'x' };
  const bridge = home.cli([], { cwd: await folder(home), env });
  expect(await bridge.ended).toBe(78);
  expect(bridge.stderr.match(/^\w+(?=: )/gm)?.sort()).toEqual(['PORT', 'SMARTMETER_ID', 'SMARTMETER_PASSWORD']);
});
