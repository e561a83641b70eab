import { join } from 'node:path';
import type { Config, MackerelConfig, MeterConfig, MqttConfig } from '../config/schema.ts';
import { abortable, scope, together } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { Pulse } from '../kernel/pulse.ts';
import type { Beat } from '../kernel/pulse.ts';
import type { Redactor } from '../kernel/redactor.ts';
import type { Sink } from '../model/sink.ts';
import { fanOut } from '../model/sink.ts';
import type { BridgeEvent } from '../model/status.ts';
import type { Wire } from '../module/wire.ts';
import { LogSink } from '../sinks/log-sink.ts';
import type { MackerelSink } from '../sinks/mackerel-sink.ts';
import { MqttSink } from '../sinks/mqtt-sink.ts';
import { PhaseWatch } from '../supervisor/phase-watch.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { brokerOptions } from './service/broker-options.ts';
import { openMeterLink } from './service/meter-link.ts';
import type { MeterLink } from './service/meter-link.ts';
import { nextRun } from './service/run-counter.ts';
import { serveStatus } from './service/serve-status.ts';

export interface BridgeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly version: string;
  /** How to reach a meter's stick. */
  readonly wireOf: (meter: MeterConfig) => Promise<Wire>;
  /** In the place of smartmeter-exporter: its metrics beside ours, and no page. */
  readonly asExporter?: boolean;
  /** Who promised to be heard of by when; one of its own where nobody else asks. */
  readonly pulse?: Pulse;
  /** Hears everything besides the sinks of the configuration. */
  readonly extraSinks?: readonly Sink[];
  /** Called once when everything has been started. Starting never waits for the radio or the broker. */
  readonly onReady?: (addresses: { readonly page: string | undefined }) => void;
}

type Deps = BridgeDeps & { readonly pulse: Pulse };

interface Meter extends MeterLink {
  readonly mqtt: MqttSink | undefined;
}

/**
 * The service: one supervisor and one broker connection for each meter, and the web server beside them. Nothing waits for
 * anything else to come up. Resolves when `signal` aborts and everything has ended in order.
 * @throws only for a defect.
 */
export async function runBridge(config: Config, given: BridgeDeps, signal: AbortSignal): Promise<void> {
  const deps = { ...given, pulse: given.pulse ?? new Pulse(given.clock) };
  const logSink = new LogSink(deps.log);
  const mackerel = config.mackerel ? await buildMackerel(config, config.mackerel, deps) : [];
  const meters = new Map<string, Meter>();
  const status = await serveStatus(config, deps, (id) => meters.get(id)?.mqtt?.health(), signal);
  for (const meter of config.meters) {
    const others = [logSink, ...(deps.extraSinks ?? []), ...status.sinks, ...mackerel];
    meters.set(meter.id, await buildMeter(config, meter, deps, others));
  }
  deps.onReady?.({ page: status.page });
  const all = [...meters.values()];
  using sinksScope = scope(new AbortController().signal); // sinks outlive the radio, so that its last words get out
  const remote = [...all.flatMap(({ mqtt }) => (mqtt ? [mqtt] : [])), ...mackerel];
  const sinks = Promise.all(remote.map((sink) => sink.run(sinksScope.signal)));
  try {
    await together(
      signal,
      ...all.map(
        ({ supervisor }) =>
          (inner: AbortSignal) =>
            supervisor.run(inner),
      ),
      (inner) => abortable(sinks.then(forever), inner), // they end by a defect alone; there may be none at all
    );
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(all.map(({ reader }) => reader.close()));
    sinksScope.abort();
    await Promise.all([sinks, status.close()]);
  }
}

/** One for the service and one for the host, where both are named. Loaded only when wanted. */
async function buildMackerel(config: Config, mackerel: MackerelConfig, deps: Deps): Promise<MackerelSink[]> {
  const [{ mackerelPost }, { MackerelSink: Sink }] = await Promise.all([
    import('../sinks/mackerel-api.ts'),
    import('../sinks/mackerel-sink.ts'),
  ]);
  const { api_key: apiKey, api_url: apiUrl, service, host_id: hostId } = mackerel;
  const { clock, log, version } = deps;
  const post = mackerelPost({ apiKey, apiUrl, version }, clock);
  const options = {
    meters: config.meters.map(({ id }) => id),
    prefix: mackerel.metric_key_prefix,
    periodMs: mackerel.interval_s * 1000,
  };
  const targets = [...(service === undefined ? [] : [{ service }]), ...(hostId === undefined ? [] : [{ hostId }])];
  return targets.map((target) => {
    const beat = (loop: string): Beat => deps.pulse.of(`mackerel ${Object.keys(target).join()} ${loop}`);
    return new Sink({ ...options, target }, { clock, log, post, random: Math.random, beat });
  });
}

/** What a task with nothing to do waits for. */
const forever = (): Promise<never> => new Promise(() => undefined);

async function buildMeter(config: Config, meter: MeterConfig, deps: Deps, others: readonly Sink[]): Promise<Meter> {
  const log = deps.log.child({ meter: meter.id });
  const stateDir = config.state_dir === undefined ? undefined : join(config.state_dir, meter.id);
  const mqtt = config.mqtt && (await buildMqtt(config, config.mqtt, meter, stateDir, deps, () => supervisor));
  const limits = { id: meter.id, intervalMs: meter.interval_s * 1000 };
  const watch = new PhaseWatch(limits, deps.clock, deps.pulse.of(`meter ${meter.id}`));
  const sink = fanOut(...(mqtt ? [mqtt] : []), ...others, watch);
  const emit = (event: BridgeEvent): void => sink.accept(event);
  const { reader, supervisor }: MeterLink = await openMeterLink(meter, { ...deps, log, stateDir, emit });
  return { reader, supervisor, mqtt };
}

async function buildMqtt(
  config: Config,
  mqtt: MqttConfig,
  meter: MeterConfig,
  stateDir: string | undefined,
  deps: Deps,
  supervisor: () => Supervisor,
): Promise<MqttSink> {
  const { home_assistant: homeAssistant } = config;
  return new MqttSink(
    {
      meter: {
        id: meter.id,
        name: meter.name,
        intervalS: meter.interval_s,
        energyIntervalS: meter.energy_interval_s,
        contractAmpere: meter.contract_ampere,
      },
      broker: brokerOptions(mqtt),
      baseTopic: mqtt.base_topic,
      homeAssistant: {
        discovery: homeAssistant.discovery,
        prefix: homeAssistant.prefix,
        statusTopic: homeAssistant.status_topic,
      },
      language: config.language,
      version: deps.version,
      run: await nextRun(stateDir, deps),
      stateDir,
    },
    {
      clock: deps.clock,
      log: deps.log,
      onCommand: (command) => supervisor().command(command),
      beat: (loop) => deps.pulse.of(`mqtt ${meter.id} ${loop}`),
    },
  );
}
