import { abortable, scope, together } from '../kernel/async.ts';
import type { HalfHourArchive } from '../archive/half-hour-archive.ts';
import { Pulse } from '../kernel/deadlines.ts';
import type { Language } from '../kernel/language.ts';
import { MqttSink } from '../mqtt/mqtt-sink.ts';
import { CommandGate } from '../model/command-gate.ts';
import type { MackerelSettings, MeterSettings, Settings } from '../model/settings.ts';
import type { BrokerHealth } from '../model/health.ts';
import { fanOut, METER_COMMANDS } from '../model/status.ts';
import type { PageCommand, Sink } from '../model/status.ts';
import type { MackerelSink } from '../mackerel/mackerel-sink.ts';
import { lockState } from '../store/local-socket.ts';
import { PhaseWatch } from '../supervisor/phase-watch.ts';
import { isOpenToAll } from '../web/access.ts';
import type { Order } from '../web/command-routes.ts';
import { StatusBoard } from '../web/status-board.ts';
import type { StatusBoardOptions } from '../web/status-board.ts';
import type { Wire } from '../wire/wire.ts';
import { FirstReading } from './first-reading.ts';
import { logWords } from './log-words.ts';
import { openMeterParts } from './meter-parts.ts';
import type { MeterParts, MeterPartsDeps } from './meter-parts.ts';
import { pageInHouse, pageUrl } from './page-url.ts';
import { nextRun } from './run-counter.ts';
import { serveStatus } from './serve-status.ts';
import type { StatusDeps } from './serve-status.ts';
import { LogSink } from './service-log.ts';
import { buildStatisticsImport } from './statistics-import.ts';

/** What the service is given by whoever starts it. */
export interface BridgeDeps
  extends Omit<StatusDeps, 'pulse' | 'archiveOf'>, Pick<MeterPartsDeps, 'months' | 'housePace'> {
  /** How to reach a meter's stick. */
  readonly wireOf: (meter: MeterSettings) => Promise<Wire>;
  /** Who promised to be heard of by when; one of its own where nobody else asks. */
  readonly pulse?: Pulse;
  /** Hears everything besides the sinks of the configuration. */
  readonly extraSinks?: readonly Sink[];
  /** Where the page is opened, by whoever knows better than the settings. */
  readonly page?: string;
  /** This machine's address in the house, where others reach it: for the log. */
  readonly house?: string | undefined;
  /** What is said of the broker where one is wanted and the settings cannot name it yet. */
  readonly missingBroker?: (language: Language) => BrokerHealth;
  /** Called once when everything has been started. Starting never waits for the radio or the broker. */
  readonly onReady?: (ready: { readonly page: string | undefined; readonly board: StatusBoard }) => void;
}

type Deps = BridgeDeps & StatusDeps;
/** A sink with work of its own: it ends after the radio. */
type RunningSink = Sink & { run(signal: AbortSignal): Promise<void> };

/**
 * The service: one supervisor and one broker connection for each meter, and the web server beside them. Nothing waits for
 * anything else to come up. Resolves when `signal` aborts and everything has ended in order.
 * @throws only for a defect.
 */
export async function runBridge(settings: Settings, given: BridgeDeps, signal: AbortSignal): Promise<void> {
  const deps: Deps = { ...given, pulse: given.pulse ?? new Pulse(given.clock) };
  const { clock, log, version } = deps;
  const { mqtt, mackerel: account, stateDir, language } = settings;
  await using lock = mqtt && stateDir !== undefined ? await lockState(stateDir, log) : undefined;
  const isTaken = lock?.isTaken === true;
  if (isTaken)
    log.error(
      { state_dir: stateDir },
      'another bridge uses this state_dir: stop one of them; here readings that wait stay in memory',
    );
  const meters = new Map<string, MeterParts>();
  const gates = new Map(settings.meters.map((meter) => [meter, gateOf(meter.id, meters, deps)]));
  let status: Awaited<ReturnType<typeof serveStatus>> | undefined;
  const first = firstReading(
    settings,
    () =>
      deps.asExporter
        ? undefined
        : status?.page && (deps.page ?? (settings.http && pageInHouse(settings.http, deps.house)) ?? status.page),
    deps,
  );
  const brokers = brokersOf(settings, isTaken, { ...deps, first }, gates);
  using sinksScope = scope(new AbortController().signal); // sinks outlive the radio, so that its last words get out
  const run = (sinks: Iterable<RunningSink>): Promise<unknown> =>
    Promise.all(Array.from(sinks, (sink) => sink.run(sinksScope.signal)));
  // before anything that takes time: a broker may have kept over a power cut what is no longer true
  const endings = [run(brokers.values())];
  endings[0]?.catch(() => undefined); // awaited below
  try {
    const mackerel = account ? await buildMackerel(settings, account, deps) : [];
    // of a state_dir that another bridge uses neither archive nor journal are ours
    const imports = isTaken ? undefined : await buildStatisticsImport(settings, (id) => meters.get(id)?.archive, deps);
    const besides = [...mackerel, ...(imports ? [imports] : [])];
    const brokerHealth: StatusBoardOptions['brokerHealth'] = (id, asked) =>
      brokers.get(id)?.health(asked) ?? deps.missingBroker?.(asked ?? language);
    const page = deps.page ?? (settings.http && pageUrl(settings.http));
    const commands = commandsOf(settings, deps);
    const demo = deps.demo !== undefined;
    const archiveOf = (id: string): HalfHourArchive | undefined => meters.get(id)?.archive;
    const facts = { clock, brokerHealth, version, language, page, demo, archiveOf, commands, prices: settings.prices };
    const board = new StatusBoard({ meters: settings.meters, ...facts });
    const order = orderOf(gates);
    status = await serveStatus(settings, board, brokerHealth, { ...deps, archiveOf, order }, signal);
    const logs = [new LogSink(log, logWords(settings)), first];
    const others = [...logs, ...(deps.extraSinks ?? []), board, ...status.sinks, ...besides];
    for (const meter of settings.meters)
      meters.set(meter.id, await openMeter(meter, brokers.get(meter.id), others, deps, signal));
    deps.onReady?.({ page: status.page, board });
    endings.push(run(besides));
    await together(
      signal,
      ...Array.from(
        meters.values(),
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
    await Promise.all(Array.from(meters.values(), ({ reader }) => reader.close()));
    sinksScope.abort();
    await Promise.all([...endings, status?.close()]);
  }
}

/** What the page may command; undefined where it commands nothing. */
function commandsOf({ http }: Settings, { asExporter, onlyFrom, demo }: Deps): readonly PageCommand[] | undefined {
  if (!http || asExporter === true || (onlyFrom === undefined && isOpenToAll(http))) return undefined;
  return demo ? [...METER_COMMANDS, 'break'] : METER_COMMANDS;
}

const orderOf =
  (gates: ReadonlyMap<MeterSettings, CommandGate>): Order =>
  (id, command) =>
    Array.from(gates)
      .find(([meter]) => meter.id === id)?.[1]
      .order(command);

const firstReading = (
  settings: Settings,
  page: () => string | undefined,
  deps: Pick<Deps, 'clock' | 'log'>,
): FirstReading => {
  const { meters, mqtt, homeAssistant } = settings;
  const announces = mqtt !== undefined && homeAssistant.discovery;
  return new FirstReading({ meters, page, announces, words: logWords(settings) }, deps);
};

/** What the user may ask of one meter, by the broker and by the page. */
const gateOf = (id: string, meters: ReadonlyMap<string, MeterParts>, { clock, log }: Deps): CommandGate =>
  new CommandGate(clock, log.child({ meter: id }), {
    onCommand: (command) => meters.get(id)?.supervisor.command(command),
    onInterval: (intervalS) => meters.get(id)?.reader.askEvery(intervalS),
  });

/** What a task with nothing to do waits for. */
const forever = (): Promise<never> => new Promise(() => undefined);

/**
 * A sink for each meter, by its id; none without `mqtt`. Nothing is read or written yet.
 * @param isTaken another bridge has the `state_dir`.
 */
function brokersOf(
  { mqtt, homeAssistant, language, http, prices }: Settings,
  isTaken: boolean,
  { clock, log, version, pulse, page, first }: Deps & { readonly first: FirstReading },
  gates: ReadonlyMap<MeterSettings, CommandGate>,
): ReadonlyMap<string, MqttSink> {
  if (!mqtt) return new Map();
  const { baseTopic } = mqtt;
  const configurationUrl = page ?? (http && pageUrl(http));
  const known = { language, version, configurationUrl, ...(prices && { prices }) };
  const shared = { broker: mqtt, baseTopic, homeAssistant, ...known };
  const build = (meter: MeterSettings, gate: CommandGate): MqttSink => {
    const { id } = meter;
    const stateDir = isTaken ? undefined : meter.stateDir;
    return new MqttSink(
      { ...shared, meter, stateDir },
      {
        clock,
        log,
        gate,
        beat: (loop) => pulse.of(`mqtt ${id} ${loop}`),
        onAnnounced: (entities) => first.announced(id, entities),
      },
    );
  };
  return new Map(Array.from(gates, ([meter, gate]) => [meter.id, build(meter, gate)]));
}

/** One for the service and one for the host, where both are named. Loaded only when wanted. */
async function buildMackerel({ meters }: Settings, account: MackerelSettings, deps: Deps): Promise<MackerelSink[]> {
  const [{ mackerelPost }, { MackerelSink: Sink }] = await Promise.all([
    import('../mackerel/mackerel-api.ts'),
    import('../mackerel/mackerel-sink.ts'),
  ]);
  const { service, hostId, metricKeyPrefix, intervalS } = account;
  const { clock, log, version, pulse } = deps;
  const post = mackerelPost({ ...account, version }, clock);
  const options = { meters: meters.map(({ id }) => id), metricKeyPrefix, intervalS };
  const targets = [...(service === undefined ? [] : [{ service }]), ...(hostId === undefined ? [] : [{ hostId }])];
  return targets.map((target) => {
    const beat = (loop: string): ReturnType<Pulse['of']> => pulse.of(`mackerel ${Object.keys(target).join()} ${loop}`);
    return new Sink({ ...options, target }, { clock, log, post, random: Math.random, beat });
  });
}

async function openMeter(
  meter: MeterSettings,
  mqtt: MqttSink | undefined,
  others: readonly Sink[],
  deps: Deps,
  signal: AbortSignal,
): Promise<MeterParts> {
  const { clock, log, pulse } = deps;
  const watch = new PhaseWatch(meter, clock, pulse.of(`meter ${meter.id}`));
  const sink = fanOut(...(mqtt ? [mqtt] : []), ...others, watch);
  const parts = await openMeterParts(meter, {
    ...deps,
    log: log.child({ meter: meter.id }),
    emit: (event) => sink.accept(event),
  });
  await mqtt?.begin(await nextRun(meter.stateDir, deps, signal)); // knows by now what was remembered of the meter
  return parts;
}
