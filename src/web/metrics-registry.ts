import { collectDefaultMetrics, Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { QuantityKey } from '../model/quantity.ts';
import { LINK_PHASES, RECOVERY_RUNGS } from '../model/status.ts';

/** A timer that never fires: prom-client's event loop figures would wake an idle machine a hundred times a second. */
const NEVER_MS = 2_147_483_647;
const EVENT_LOOP_FIGURES = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

const BUCKETS = {
  /** Around half a second in good reception, 20 s at most. */
  roundTrip: [0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20],
  /** The remembered channel takes a second, everything a minute. */
  scan: [1, 2.5, 5, 10, 20, 35, 60, 120, 300],
  join: [1, 2, 3, 5, 7.5, 10, 15, 20, 30, 60],
} as const;

/** Process and Node, as every program that uses prom-client shows them. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  for (const figure of EVENT_LOOP_FIGURES) registry.removeSingleMetric(`nodejs_eventloop_lag_${figure}_seconds`);
}

/** Set once, or counted as it happens; all else is made anew at each scrape. */
const LASTING: ReadonlySet<string> = new Set([
  'build',
  'contract',
  'readings',
  'recovery',
  'pauses',
  'scan',
  'join',
  'roundTrip',
  'held',
]);

function makersFor(registry: Registry) {
  const about = <L extends string>(name: string, help: string, labels: readonly L[]) => ({
    name: `broute2mqtt_${name}`,
    help,
    labelNames: ['meter', ...labels] as ('meter' | L)[],
    registers: [registry],
  });
  const gauge = <L extends string = never>(name: string, help: string, ...labels: readonly L[]) =>
    new Gauge(about(name, help, labels));
  const counter = <L extends string = never>(name: string, help: string, ...labels: readonly L[]) =>
    new Counter(about(name, help, labels));
  const seconds = <L extends string = never>(
    name: string,
    help: string,
    bounds: readonly number[],
    ...labels: readonly L[]
  ) => new Histogram({ ...about(name, help, labels), buckets: [...bounds] });
  return { gauge, counter, seconds };
}
type Makers = ReturnType<typeof makersFor>;

// Names and labels are public: changing one breaks dashboards and alerts. They are listed in docs/prometheus.md.

const meterMetrics = ({ gauge, counter }: Makers) => ({
  power: gauge('power_watts', 'Instantaneous power, negative while exporting; absent while not current'),
  current: gauge('current_amperes', 'Current of a phase, negative while exporting; absent while not current', 'phase'),
  contract: gauge('contract_current_amperes', 'Contracted current as configured'),
  energy: counter('energy_joules_total', 'Register of the meter; 1 kWh is 3.6e6 J', 'direction'),
  fault: gauge('meter_fault', 'The meter reports a fault of its own'),
  clockSkew: gauge(
    'meter_clock_skew_seconds',
    'Clock of the meter minus ours, right to half a minute; absent while unknown',
  ),
  lastReading: gauge('last_reading_timestamp_seconds', 'When the meter last gave a good answer'),
  fresh: gauge('reading_fresh', '1 while the newest good answer is current'),
  connected: gauge('meter_connected', '1 while a session stands and the newest good answer is current'),
  interval: gauge(
    'poll_interval_seconds',
    'Between questions for power: as configured, or more where the meter is slower',
  ),
  readings: counter('readings_total', 'Answers of the meter'),
});

const linkMetrics = ({ gauge, counter, seconds }: Makers) => ({
  linkState: gauge('link_state', `1 for the state the link is in: ${LINK_PHASES.join(', ')}`, 'state'),
  quality: gauge('link_quality', 'Link quality indicator of the radio module, 0 to 255'),
  rssi: gauge('received_power_dbm', 'Received power; derived from the link quality where the module does not say it'),
  signalAt: gauge('link_quality_timestamp_seconds', 'When link quality and received power were measured'),
  module: gauge('module_info', 'Always 1; what the radio module says of itself', 'edition', 'stack', 'app'),
  reconnects: counter('reconnects_total', 'Sessions built anew; the first one does not count'),
  recovery: counter('recovery_steps_total', `Steps taken to get answers again: ${RECOVERY_RUNGS.join(', ')}`, 'rung'),
  pauses: counter('airtime_pauses_total', 'Times the radio paused because of the legal limit of airtime'),
  scan: seconds('scan_duration_seconds', 'Scans for the meter', BUCKETS.scan, 'result'),
  join: seconds('join_duration_seconds', 'Attempts to join the meter', BUCKETS.join, 'result'),
  roundTrip: seconds('round_trip_seconds', 'From the last byte of a request to its answer', BUCKETS.roundTrip),
  held: counter('energy_held_total', 'Register values held back as not plausible', 'direction'),
});

const brokerMetrics = ({ gauge, counter }: Makers) => ({
  brokerConnected: gauge('broker_connected', '1 while the MQTT broker is connected; absent without mqtt'),
  outbox: gauge('outbox_readings', 'Readings the MQTT broker has not acknowledged yet'),
  streamHeld: gauge('stream_held', '1 while the MQTT broker is connected and refuses the readings, which wait'),
  dropped: counter('outbox_dropped_total', 'Readings given up: the outbox was full, or the broker can never take them'),
});

export function ownMetrics(registry: Registry) {
  const build = new Gauge({
    name: 'broute2mqtt_build_info',
    help: 'Always 1; the version is in the label',
    labelNames: ['version'],
    registers: [registry],
  });
  const make = makersFor(registry);
  const own = { build, ...meterMetrics(make), ...linkMetrics(make), ...brokerMetrics(make) };
  const shown = Object.entries(own).flatMap(([name, metric]) => (LASTING.has(name) ? [] : [metric]));
  return { ...own, shown };
}
export type OwnMetrics = ReturnType<typeof ownMetrics>;

const EXPORTER_GAUGES = [
  { key: 'power', factor: 1, name: 'watt', help: 'Watt' },
  { key: 'current_r', factor: 1000, name: 'ampare_r', help: 'Ampare(R)' },
  { key: 'current_t', factor: 1000, name: 'ampare_t', help: 'Ampare(T)' },
] as const satisfies readonly { readonly key: QuantityKey; readonly factor: number; name: string; help: string }[];

/** The names of smartmeter-exporter, with its units (mA) and without labels. */
export const exporterMetrics = (registry: Registry) =>
  EXPORTER_GAUGES.map(({ key, factor, name, help }) => ({
    key,
    factor,
    gauge: new Gauge({
      name: `power_consumption_${name}`,
      help: `Power consumption in ${help}`,
      registers: [registry],
    }),
  }));
