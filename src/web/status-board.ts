import { isoLocal } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Failure } from '../kernel/errors.ts';
import type { Language } from '../kernel/language.ts';
import type { BrokerHealth } from '../model/health.ts';
import type { Sink, BridgeEvent } from '../model/status.ts';
import { MeterRecord } from './meter-record.ts';
import type { BoardMeter } from './meter-record.ts';
import { known } from './status-snapshot.ts';
import type { BrokerSnapshot, FailureSnapshot, MeterSnapshot, StatusSnapshot } from './status-snapshot.ts';

export interface StatusBoardOptions {
  readonly meters: readonly BoardMeter[];
  readonly clock: Clock;
  /** The meter's broker connection; undefined without `mqtt`. */
  readonly brokerHealth: (meterId: string, language?: Language) => BrokerHealth | undefined;
  readonly version: string;
  /** Of failures, where the asker names none. */
  readonly language: Language;
}

const brokerOf = ({ connected, detail, error, held, unannounced }: BrokerHealth, language: Language): BrokerSnapshot =>
  known<BrokerSnapshot>({
    connected,
    detail,
    error: shown(error, language),
    held: shown(held, language),
    unannounced: shown(unannounced, language),
  });
const shown = (failure: Failure | undefined, language: Language): FailureSnapshot | undefined =>
  failure && { code: failure.code, message: failure.text(language), hint: failure.hint(language) };

/** Collects what the radio side tells and answers what is true now: for the page, `/api/status` and `/healthz`. */
export class StatusBoard implements Sink {
  readonly #options: StatusBoardOptions;
  readonly #records: ReadonlyMap<string, MeterRecord>;
  readonly #startedMs: number;

  constructor(options: StatusBoardOptions) {
    this.#options = options;
    this.#records = new Map(options.meters.map((meter) => [meter.id, new MeterRecord(meter, options.clock)]));
    this.#startedMs = options.clock.monotonicMs();
  }

  accept(event: BridgeEvent): void {
    this.#records.get(event.meter)?.accept(event);
  }

  /** One line for each meter whose readings are not fresh; empty when all is well. */
  problems(): readonly string[] {
    return [...this.#records.values()].flatMap((record) => {
      const { fresh, reason } = record.health();
      return fresh ? [] : [`${record.meter.id}: ${reason}`];
    });
  }

  /** What is wrong although the readings are fresh, a line each. */
  notes(): readonly string[] {
    return [...this.#records.keys()].flatMap((id) => {
      const held = this.#options.brokerHealth(id)?.held;
      return held ? [`${id}: readings wait: ${held.text('en')}`] : [];
    });
  }

  /** @param options.history with the points of the power chart */
  snapshot(options: { readonly language?: Language | undefined; readonly history?: boolean } = {}): StatusSnapshot {
    const { version, clock } = this.#options;
    const { language = this.#options.language, history = false } = options;
    return {
      version,
      time: isoLocal(clock.now()),
      uptime_s: Math.floor((clock.monotonicMs() - this.#startedMs) / 1000),
      meters: [...this.#records.values()].map((record) => this.#meter(record, language, history)),
    };
  }

  #meter(record: MeterRecord, language: Language, history: boolean): MeterSnapshot {
    const broker = this.#options.brokerHealth(record.meter.id, language);
    return known<MeterSnapshot>({
      ...record.snapshot(),
      error: shown(record.error, language),
      broker: broker && brokerOf(broker, language),
      history: history ? record.history() : undefined,
    });
  }
}
