import { openOutbox } from '../outbox/outbox.ts';
import type { BridgeError } from '../kernel/errors.ts';
import type { Topics } from './mqtt-topics.ts';
import { ReadingsStream } from './readings-stream.ts';
import type { StreamConnection, StreamDeps } from './readings-stream.ts';

/**
 * The topics of which no message may be lost: what the meter says now, and what had been missed. Each has its own outbox,
 * for a broker that refuses one must not hold up the other.
 */
export class MessageStreams {
  readonly readings: ReadingsStream;
  readonly history: ReadingsStream;

  /** @param stateDir the meter's folder; without one what waits is in memory. */
  constructor(
    topics: Pick<Topics, 'readings' | 'history'>,
    stateDir: string | undefined,
    deps: Omit<StreamDeps, 'outbox'>,
  ) {
    this.readings = new ReadingsStream(topics.readings, { ...deps, outbox: openOutbox(stateDir, deps) });
    const outbox = openOutbox(stateDir, deps, 'history-outbox');
    this.history = new ReadingsStream(topics.history, { ...deps, outbox });
  }

  get queued(): number {
    return this.readings.queued + this.history.queued;
  }

  get dropped(): number {
    return this.readings.dropped + this.history.dropped;
  }

  /** Why the broker takes one of them not although it is there. */
  get held(): BridgeError | undefined {
    return this.readings.held ?? this.history.held;
  }

  start(): void {
    this.#each((stream) => stream.start());
  }

  up(connection: StreamConnection): void {
    this.#each((stream) => stream.up(connection));
  }

  down(): void {
    this.#each((stream) => stream.down());
  }

  async close(): Promise<void> {
    await Promise.all([this.readings.close(), this.history.close()]);
  }

  #each(act: (stream: ReadingsStream) => void): void {
    act(this.readings);
    act(this.history);
  }
}
