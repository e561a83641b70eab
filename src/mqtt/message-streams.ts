import { openOutbox } from '../outbox/outbox.ts';
import type { BridgeError } from '../kernel/errors.ts';
import type { MeterSettings } from '../model/settings.ts';
import type { Topics } from './mqtt-topics.ts';
import { ReadingsStream } from './readings-stream.ts';
import type { StreamConnection, StreamDeps } from './readings-stream.ts';

export interface StreamsOptions {
  readonly meter: Pick<MeterSettings, 'minuteHistory'>;
  /** The meter's folder; without one what waits is in memory. */
  readonly stateDir?: string | undefined;
}

/**
 * The topics of which no message may be lost: what the meter says now, and what had been missed. Each has its own outbox,
 * for a broker that refuses one must not hold up the other.
 */
export class MessageStreams {
  readonly readings: ReadingsStream;
  readonly history: ReadingsStream;
  /** Where it is wanted. */
  readonly minutes: ReadingsStream | undefined;

  constructor(
    topics: Pick<Topics, 'readings' | 'history' | 'historyMinutes'>,
    { meter, stateDir }: StreamsOptions,
    deps: Omit<StreamDeps, 'outbox'>,
  ) {
    const open = (topic: string, name?: string): ReadingsStream =>
      new ReadingsStream(topic, { ...deps, outbox: openOutbox(stateDir, deps, name) });
    this.readings = open(topics.readings);
    this.history = open(topics.history, 'history-outbox');
    if (meter.minuteHistory === true) this.minutes = open(topics.historyMinutes, 'history-minutes-outbox');
  }

  get queued(): number {
    return this.#all.reduce((sum, { queued }) => sum + queued, 0);
  }

  get dropped(): number {
    return this.#all.reduce((sum, { dropped }) => sum + dropped, 0);
  }

  /** Why the broker takes one of them not although it is there. */
  get held(): BridgeError | undefined {
    return this.#all.find(({ held }) => held)?.held;
  }

  start(): void {
    for (const stream of this.#all) stream.start();
  }

  up(connection: StreamConnection): void {
    for (const stream of this.#all) stream.up(connection);
  }

  down(): void {
    for (const stream of this.#all) stream.down();
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((stream) => stream.close()));
  }

  get #all(): readonly ReadingsStream[] {
    return [this.readings, this.history, ...(this.minutes ? [this.minutes] : [])];
  }
}
