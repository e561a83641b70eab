import { Registry } from 'prom-client';
import type { Redactor } from '../kernel/redactor.ts';
import { quantities } from '../model/quantity.ts';
import type { Quantity } from '../model/quantity.ts';
import type { BrokerHealth } from '../model/health.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { Sink, Activity, BridgeEvent, LinkPhase } from '../model/status.ts';
import { LINK_PHASES, RECOVERY_RUNGS } from '../model/status.ts';
import { addProcessMetrics, exporterMetrics, ownMetrics } from './metrics-registry.ts';
import type { OwnMetrics } from './metrics-registry.ts';
import type { StatusBoard } from './status-board.ts';
import type { MeterSnapshot, ReadingSnapshot, ValueSnapshot } from './status-snapshot.ts';

export interface MetricsOptions {
  readonly meters: readonly Pick<MeterSettings, 'id' | 'contractAmpere'>[];
  /** Knows what is current. */
  readonly board: Pick<StatusBoard, 'snapshot'>;
  /** Undefined without `mqtt`. */
  readonly broker: (meter: string) => Partial<Pick<BrokerHealth, 'queued' | 'dropped' | 'held'>> | undefined;
  readonly version: string;
  readonly redactor: Redactor;
  /** smartmeter-exporter's three names too, of the first meter. */
  readonly exporterNames?: boolean;
}

const JOULES_PER_KWH = 3_600_000;
const DIRECTIONS = ['import', 'export'] as const;

/** `/metrics`. What happens is counted as it happens; what is, is asked of the status board at each scrape, so that both agree. */
export class Metrics implements Sink {
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #own: OwnMetrics;
  readonly #exporter: ReturnType<typeof exporterMetrics> | undefined;
  readonly #phases = new Map<string, LinkPhase>();

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#exporter = options.exporterNames ? exporterMetrics(this.#registry) : undefined;
    this.#own = ownMetrics(this.#registry);
    addProcessMetrics(this.#registry);
    this.#own.build.set({ version: options.version }, 1);
    for (const { id, contractAmpere } of options.meters) {
      this.#begin(id);
      if (contractAmpere !== undefined) this.#own.contract.set({ meter: id }, contractAmpere);
    }
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  accept(event: BridgeEvent): void {
    const { meter } = event;
    if (event.kind === 'activity') this.#count(meter, event.activity);
    if (event.kind === 'status') {
      if (event.status.phase === 'paused' && this.#phases.get(meter) !== 'paused') this.#own.pauses.inc({ meter });
      this.#phases.set(meter, event.status.phase);
    }
    if (event.kind !== 'reading') return;
    this.#own.readings.inc({ meter });
    const { roundTripMs } = event.reading;
    if (roundTripMs !== undefined) this.#own.roundTrip.observe({ meter }, roundTripMs / 1000);
  }

  /** The exposition, as it is true now. */
  text(): Promise<string> {
    const { meters } = this.#options.board.snapshot();
    for (const metric of this.#own.shown) metric.reset();
    for (const meter of meters) this.#show(meter);
    this.#showAsExporter(meters[0]?.reading);
    return this.#registry.metrics();
  }

  /** What may never happen stands at 0, or its first time could not be seen as a rise. */
  #begin(meter: string): void {
    const { recovery, held, pauses, readings, scan, join, roundTrip } = this.#own;
    for (const rung of RECOVERY_RUNGS) recovery.inc({ meter, rung }, 0);
    for (const direction of DIRECTIONS) held.inc({ meter, direction }, 0);
    pauses.inc({ meter }, 0);
    readings.inc({ meter }, 0);
    for (const result of ['found', 'none']) scan.zero({ meter, result });
    for (const result of ['joined', 'failed']) join.zero({ meter, result });
    roundTrip.zero({ meter });
  }

  #count(meter: string, activity: Activity): void {
    const { recovery, held, scan, join } = this.#own;
    switch (activity.what) {
      case 'rung':
        return recovery.inc({ meter, rung: activity.rung });
      case 'held':
        return held.inc({ meter, direction: activity.register });
      case 'scan':
        return scan.observe({ meter, result: activity.found ? 'found' : 'none' }, activity.durationMs / 1000);
      case 'join':
        return join.observe({ meter, result: activity.joined ? 'joined' : 'failed' }, activity.durationMs / 1000);
    }
  }

  #show(snapshot: MeterSnapshot): void {
    const { id: meter, phase, lqi, rssi, reading } = snapshot;
    const own = this.#own;
    for (const state of LINK_PHASES) own.linkState.set({ meter, state }, state === phase ? 1 : 0);
    own.fresh.set({ meter }, snapshot.fresh ? 1 : 0);
    own.connected.set({ meter }, snapshot.connected ? 1 : 0);
    own.interval.set({ meter }, snapshot.interval_s);
    own.reconnects.inc({ meter }, snapshot.reconnects);
    if (snapshot.fresh && lqi !== undefined) own.quality.set({ meter }, lqi);
    if (snapshot.fresh && rssi !== undefined) own.rssi.set({ meter }, rssi);
    if (snapshot.fresh && snapshot.signal_time !== undefined)
      own.signalAt.set({ meter }, Date.parse(snapshot.signal_time) / 1000);
    this.#showModule(snapshot);
    this.#showBroker(snapshot);
    ifCurrent(snapshot.clock_skew, (seconds) => own.clockSkew.set({ meter }, seconds));
    if (reading) this.#showReading(meter, reading);
  }

  #showReading(meter: string, reading: ReadingSnapshot): void {
    const { lastReading, fault } = this.#own;
    lastReading.set({ meter }, Date.parse(reading.time) / 1000);
    for (const quantity of quantities)
      ifCurrent(reading[quantity.key], (value) => this.#showQuantity(meter, quantity, value));
    ifCurrent(reading.fault, (isFaulty) => fault.set({ meter }, isFaulty ? 1 : 0));
  }

  #showQuantity(meter: string, { family, part = '' }: Quantity, value: number): void {
    const { power, current, energy } = this.#own;
    switch (family) {
      case 'power':
        return power.set({ meter }, value);
      case 'current':
        return current.set({ meter, phase: part }, value);
      case 'energy':
        return energy.inc({ meter, direction: part }, Math.round(value * JOULES_PER_KWH));
    }
  }

  #showModule({ id: meter, module }: MeterSnapshot): void {
    if (!module) return;
    const plain = (text: string): string => this.#options.redactor.redact(text);
    const { edition, stack_version: stack, app_version: app = '' } = module;
    this.#own.module.set({ meter, edition, stack: plain(stack), app: plain(app) }, 1);
  }

  #showBroker({ id: meter, broker }: MeterSnapshot): void {
    if (broker) this.#own.brokerConnected.set({ meter }, broker.connected ? 1 : 0);
    const { queued, dropped, held } = this.#options.broker(meter) ?? {};
    if (queued !== undefined) this.#own.streamHeld.set({ meter }, held ? 1 : 0);
    if (queued !== undefined) this.#own.outbox.set({ meter }, queued);
    if (dropped !== undefined) this.#own.dropped.inc({ meter }, dropped);
  }

  #showAsExporter(reading: ReadingSnapshot | undefined): void {
    if (!this.#exporter) return;
    for (const { key, factor, gauge } of this.#exporter) {
      gauge.remove(); // absent: a gauge without labels is born as 0
      ifCurrent(reading?.[key], (value) => gauge.set(Math.round(value * factor)));
    }
  }
}

function ifCurrent<T>(seen: ValueSnapshot<T> | undefined, show: (value: T) => void): void {
  if (seen && !seen.stale) show(seen.value);
}
