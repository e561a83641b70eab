import type { Clock } from '../kernel/clock.ts';
import type { Failure } from '../kernel/errors.ts';
import type { Language } from '../kernel/language.ts';
import type { BrokerHealth } from '../model/health.ts';
import type { Sink, BridgeEvent } from '../model/status.ts';
import { isoLocal } from '../kernel/clock.ts';
import { MeterRecord } from './meter-record.ts';
import type { BoardMeter } from './meter-record.ts';
import type { MeterSnapshot, StatusSnapshot } from './status-snapshot.ts';

export interface StatusBoardOptions {
  readonly meters: readonly BoardMeter[];
  readonly clock: Clock;
  /** The meter's broker connection; undefined without `mqtt`. */
  readonly brokerHealth: (meterId: string, language?: Language) => BrokerHealth | undefined;
  readonly version: string;
  /** Of failures, where the asker names none. */
  readonly language: Language;
}

export interface SnapshotOptions {
  readonly language?: Language;
  /** With the points of the power chart. */
  readonly history?: boolean;
}

const brokerOf = (
  { connected, detail, error, held, unannounced }: BrokerHealth,
  language: Language,
): NonNullable<MeterSnapshot['broker']> => ({
  connected,
  detail,
  ...(error && { error: shown(error, language) }),
  ...(held && { held: shown(held, language) }),
  ...(unannounced && { unannounced: shown(unannounced, language) }),
});
const shown = (failure: Failure, language: Language): NonNullable<MeterSnapshot['error']> => ({
  code: failure.code,
  message: failure.text(language),
  hint: failure.hint(language),
});

/** Collects what the radio side tells and answers what is true now: for the page, `/api/status` and `/healthz`. */
export class StatusBoard implements Sink {
  readonly name = 'status-board';
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

  snapshot({ language = this.#options.language, history = false }: SnapshotOptions = {}): StatusSnapshot {
    const { version, clock } = this.#options;
    return {
      version,
      time: isoLocal(clock.now()),
      uptime_s: Math.floor((clock.monotonicMs() - this.#startedMs) / 1000),
      meters: [...this.#records.values()].map((record) => this.#meter(record, language, history)),
    };
  }

  #meter(record: MeterRecord, language: Language, history: boolean): MeterSnapshot {
    const { error } = record;
    const broker = this.#options.brokerHealth(record.meter.id, language);
    return {
      ...record.snapshot(),
      ...(error && { error: shown(error, language) }),
      ...(broker && { broker: brokerOf(broker, language) }),
      ...(history ? { history: record.history() } : {}),
    };
  }
}
