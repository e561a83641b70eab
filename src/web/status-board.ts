import { isoLocal } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Failure } from '../kernel/errors.ts';
import type { Language } from '../kernel/language.ts';
import type { BrokerHealth } from '../model/health.ts';
import { pricesNow } from '../model/price.ts';
import type { Prices } from '../model/price.ts';
import type { BridgeEvent, PageCommand, Sink } from '../model/status.ts';
import { costToday } from './api/cost-today.ts';
import { compareDays } from './api/day-compare.ts';
import type { KnownMarks } from './api/day-compare.ts';
import type { LinkEventAnswer } from './api/link-events.ts';
import type { PowerAnswer, PowerSpan } from './api/power-steps.ts';
import { MeterRecord } from './meter-record.ts';
import type { BoardMeter } from './meter-record.ts';
import { known } from './status-snapshot.ts';
import type {
  BrokerSnapshot,
  FailureSnapshot,
  FailureTexts,
  MeterSnapshot,
  StatusSnapshot,
} from './status-snapshot.ts';

export interface StatusBoardOptions {
  readonly meters: readonly BoardMeter[];
  readonly clock: Clock;
  /** The meter's broker connection; undefined without `mqtt`. */
  readonly brokerHealth: (meterId: string, language?: Language) => BrokerHealth | undefined;
  readonly version: string;
  readonly demo?: boolean;
  /** Where the days before are; undefined until the meter has been opened. */
  readonly archiveOf?: (meter: string) => KnownMarks | undefined;
  /** Where a phone in the house opens the page. */
  readonly page?: string | undefined;
  /** Of failures, where the asker names none. */
  readonly language: Language;
  readonly prices?: Prices | undefined;
  /** What the page may command. */
  readonly commands?: readonly PageCommand[] | undefined;
}

export interface SnapshotOptions {
  readonly language?: Language | undefined;
  /** Failures in both languages beside the one. */
  readonly both?: boolean;
  /** With the points of the power chart. */
  readonly history?: boolean;
}

type Show = (failure: Failure | undefined) => FailureSnapshot | undefined;

const brokerOf = ({ connected, detail, error, held, unannounced }: BrokerHealth, show: Show): BrokerSnapshot =>
  known<BrokerSnapshot>({
    connected,
    detail,
    error: show(error),
    held: show(held),
    unannounced: show(unannounced),
  });
const showIn =
  (language: Language, both: boolean): Show =>
  (failure) => {
    if (!failure) return undefined;
    const textsIn = (reader: Language): FailureTexts => ({ message: failure.text(reader), hint: failure.hint(reader) });
    const everyReader = both ? { both: { ja: textsIn('ja'), en: textsIn('en') } } : {};
    return { code: failure.code, ...textsIn(language), ...everyReader };
  };

/** Collects what the radio side tells and answers what is true now: for the page, `/api/status` and `/healthz`. */
export class StatusBoard implements Sink {
  readonly #options: StatusBoardOptions;
  readonly #records: ReadonlyMap<string, MeterRecord>;
  readonly #startedMs: number;
  readonly #listeners = new Set<() => void>();

  constructor(options: StatusBoardOptions) {
    this.#options = options;
    this.#records = new Map(options.meters.map((meter) => [meter.id, new MeterRecord(meter, options.clock)]));
    this.#startedMs = options.clock.monotonicMs();
  }

  accept(event: BridgeEvent): void {
    this.#records.get(event.meter)?.accept(event);
    for (const listener of this.#listeners) listener();
  }

  /** Calls after every event, until it is let go of. */
  watch(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  get version(): string {
    return this.#options.version;
  }

  /** The meters, in the order of the configuration. */
  get meters(): readonly string[] {
    return [...this.#records.keys()];
  }

  /** What happened on a meter's radio, newest first. @returns undefined for a meter we do not have */
  links(meter: string, language: Language): readonly LinkEventAnswer[] | undefined {
    return this.#records.get(meter)?.links.now(language);
  }

  /** What the power of a meter was before its first reading. @param past in rising order */
  hadPower(meter: string, past: Iterable<readonly [atMs: number, watts: number]>): void {
    this.#records.get(meter)?.hadPower(past);
  }

  /** The course of a meter's power. @returns undefined for a meter we do not have */
  power(meter: string, span: PowerSpan): PowerAnswer | undefined {
    return this.#records.get(meter)?.power(span);
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

  snapshot({ language = this.#options.language, both = false, history = false }: SnapshotOptions = {}): StatusSnapshot {
    const { version, clock, brokerHealth, demo = false, page, archiveOf, commands, prices } = this.#options;
    const show = showIn(language, both);
    return known<StatusSnapshot>({
      version,
      time: isoLocal(clock.now()),
      uptime_s: Math.floor((clock.monotonicMs() - this.#startedMs) / 1000),
      demo: demo ? true : undefined,
      page,
      meters: [...this.#records.values()].map((record) => {
        const broker = brokerHealth(record.meter.id, language);
        const archive = archiveOf?.(record.meter.id);
        const snapshot = record.snapshot();
        return known<MeterSnapshot>({
          ...snapshot,
          price: prices && pricesNow(prices, clock.now()),
          cost_today: archive && prices && costToday(archive, snapshot.usage, prices, clock.now()),
          compare: archive && compareDays(archive, clock.now()),
          error: show(record.error),
          broker: broker && brokerOf(broker, show),
          history: history ? record.history() : undefined,
        });
      }),
      commands,
    });
  }
}
