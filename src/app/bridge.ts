import { abortable, scope, together } from '../kernel/async.ts';
import { Pulse } from '../kernel/deadlines.ts';
import type { Beat } from '../kernel/deadlines.ts';
import type { MackerelSettings, MeterSettings, MqttSettings, Settings } from '../model/settings.ts';
import type { Sink, BridgeEvent, MeterCommand } from '../model/status.ts';
import { fanOut } from '../model/status.ts';
import { LogSink } from './log-sink.ts';
import type { MackerelSink } from '../mackerel/mackerel-sink.ts';
import { MqttSink } from '../mqtt/mqtt-sink.ts';
import { lockState } from '../store/local-socket.ts';
import { PhaseWatch } from '../supervisor/phase-watch.ts';
import type { BridgeDeps } from './bridge-deps.ts';
import { openMeterParts } from './meter-parts.ts';
import type { MeterParts } from './meter-parts.ts';
import { nextRun } from './run-counter.ts';
import { serveStatus } from './serve-status.ts';

type Deps = BridgeDeps & { readonly pulse: Pulse };

/**
 * The service: one supervisor and one broker connection for each meter, and the web server beside them. Nothing waits for
 * anything else to come up. Resolves when `signal` aborts and everything has ended in order.
 * @throws only for a defect.
 */
export async function runBridge(settings: Settings, given: BridgeDeps, signal: AbortSignal): Promise<void> {
  const deps = { ...given, pulse: given.pulse ?? new Pulse(given.clock) };
  const meters = new Map<string, MeterParts>();
  const { mqtt, mackerel: account, stateDir } = settings;
  await using lock = mqtt && stateDir !== undefined ? await lockState(stateDir, deps.log) : undefined;
  if (lock?.isTaken)
    deps.log.error(
      { state_dir: stateDir },
      'another bridge uses this state_dir: stop one of them; here readings that wait stay in memory',
    );
  const onCommand = (id: string, command: MeterCommand): void => meters.get(id)?.supervisor.command(command);
  const brokers = brokersOf(settings, deps, { isTaken: lock?.isTaken === true, onCommand });
  using sinksScope = scope(new AbortController().signal); // sinks outlive the radio, so that its last words get out
  const run = (sinks: Iterable<MqttSink | MackerelSink>): Promise<unknown> =>
    Promise.all(Array.from(sinks, (sink) => sink.run(sinksScope.signal)));
  // before anything that takes time: a broker may have kept over a power cut what is no longer true
  const endings = [run(brokers.values())];
  endings[0]?.catch(() => undefined); // told below
  let status: Awaited<ReturnType<typeof serveStatus>> | undefined;
  try {
    const mackerel = account ? await buildMackerel(settings, account, deps) : [];
    status = await serveStatus(settings, deps, (id, language) => brokers.get(id)?.health(language), signal);
    const others = [new LogSink(deps.log), ...(deps.extraSinks ?? []), ...status.sinks, ...mackerel];
    for (const meter of settings.meters)
      meters.set(meter.id, await openMeter(meter, deps, brokers.get(meter.id), others, signal));
    deps.onReady?.({ page: status.page });
    endings.push(run(mackerel));
    await together(
      signal,
      ...[...meters.values()].map(
        ({ supervisor }) =>
          (inner: AbortSignal) =>
            supervisor.run(inner),
      ),
      // they end by a defect alone; there may be none at all
      (inner) => abortable(Promise.race(endings.map((ending) => ending.then(forever))), inner),
    );
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all([...meters.values()].map(({ reader }) => reader.close()));
    sinksScope.abort();
    await Promise.all([...endings, status?.close()]);
  }
}

/** One for the service and one for the host, where both are named. Loaded only when wanted. */
async function buildMackerel({ meters }: Settings, account: MackerelSettings, deps: Deps): Promise<MackerelSink[]> {
  const [{ mackerelPost }, { MackerelSink: Sink }] = await Promise.all([
    import('../mackerel/mackerel-api.ts'),
    import('../mackerel/mackerel-sink.ts'),
  ]);
  const { service, hostId, metricKeyPrefix, intervalS } = account;
  const { clock, log, version } = deps;
  const post = mackerelPost({ ...account, version }, clock);
  const options = { meters: meters.map(({ id }) => id), metricKeyPrefix, intervalS };
  const targets = [...(service === undefined ? [] : [{ service }]), ...(hostId === undefined ? [] : [{ hostId }])];
  return targets.map((target) => {
    const beat = (loop: string): Beat => deps.pulse.of(`mackerel ${Object.keys(target).join()} ${loop}`);
    return new Sink({ ...options, target }, { clock, log, post, random: Math.random, beat });
  });
}

/** What a task with nothing to do waits for. */
const forever = (): Promise<never> => new Promise(() => undefined);

async function openMeter(
  meter: MeterSettings,
  deps: Deps,
  mqtt: MqttSink | undefined,
  others: readonly Sink[],
  signal: AbortSignal,
): Promise<MeterParts> {
  const log = deps.log.child({ meter: meter.id });
  const watch = new PhaseWatch(meter, deps.clock, deps.pulse.of(`meter ${meter.id}`));
  const sink = fanOut(...(mqtt ? [mqtt] : []), ...others, watch);
  const emit = (event: BridgeEvent): void => sink.accept(event);
  const link = await openMeterParts(meter, { ...deps, log, emit });
  await mqtt?.begin(await nextRun(meter.stateDir, deps, signal)); // knows by now what was remembered of the meter
  return link;
}

/** A sink for each meter, by its id; none without `mqtt`. Nothing is read or written yet. */
function brokersOf(
  { meters, mqtt, homeAssistant, language }: Settings,
  { clock, log, version, pulse }: Deps,
  {
    isTaken,
    onCommand,
  }: {
    /** Another bridge has the `state_dir`. */
    readonly isTaken: boolean;
    readonly onCommand: (meterId: string, command: MeterCommand) => void;
  },
): ReadonlyMap<string, MqttSink> {
  const build = (broker: MqttSettings, meter: MeterSettings): MqttSink =>
    new MqttSink(
      {
        meter,
        broker,
        baseTopic: broker.baseTopic,
        homeAssistant,
        language,
        version,
        stateDir: isTaken ? undefined : meter.stateDir,
      },
      {
        clock,
        log,
        onCommand: (command) => onCommand(meter.id, command),
        beat: (loop) => pulse.of(`mqtt ${meter.id} ${loop}`),
      },
    );
  return new Map(mqtt ? meters.map((meter) => [meter.id, build(mqtt, meter)]) : []);
}
