import type { BridgeEvent } from './status.ts';

/** A consumer of readings: MQTT, the status page, the log. */
export interface Sink {
  readonly name: string;
  /** Returns at once and never throws: it queues the newest per topic and drops the oldest. */
  accept(event: BridgeEvent): void;
}

/** One sink that feeds many. */
export function fanOut(...sinks: readonly Sink[]): Sink {
  return { name: 'fan-out', accept: (event) => sinks.forEach((sink) => sink.accept(event)) };
}
