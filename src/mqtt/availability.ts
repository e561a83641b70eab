import type { Clock } from '../kernel/clock.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';
import { MeterHealth } from '../model/health.ts';
import type { BridgeEvent } from '../model/status.ts';
import type { Message } from '../broker/broker-connection.ts';
import { LinkTopic } from './link-topic.ts';
import type { Topics } from './mqtt-topics.ts';

/** Nobody makes us say that we are there faster than this. */
const PRESENT_PACE_MS = 50;

export interface AvailabilityDeps {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly isConnected: () => boolean;
  /** Retained; without a connection nothing happens. */
  readonly publish: (topic: string, payload: string) => void;
}

/** `bridge/availability`, `meter/availability` and with them `state/link`: they agree at each moment. */
export class Availability {
  readonly #topics: Topics;
  readonly #deps: AvailabilityDeps;
  readonly #health: MeterHealth;
  readonly #link: LinkTopic;
  /** When the newest answer passes its mark. */
  readonly #stale: Deadline;
  readonly #present: Deadline;
  /** What `meter/availability` says on this connection. */
  #shown: boolean | undefined;

  constructor(topics: Topics, intervalS: number, deps: AvailabilityDeps) {
    const { clock, deadlines, publish } = deps;
    this.#topics = topics;
    this.#deps = deps;
    this.#health = new MeterHealth(intervalS, clock);
    this.#stale = deadlines.create();
    this.#present = deadlines.create();
    this.#link = new LinkTopic({
      clock,
      deadlines,
      presence: () => ({ connected: this.#health.now.connected, intervalS: this.#health.intervalS }),
      send: (payload) => publish(topics.link, payload),
    });
  }

  accept(event: BridgeEvent): void {
    this.#health.accept(event);
    if (event.kind === 'status') this.#link.accept(event.status);
    this.#update();
  }

  /** What the broker may have kept over a power cut is contradicted. */
  publishUnknown(): void {
    this.#publishMeter(false);
  }

  /** Before the states go out: a meter that is away is so at once. */
  publishBefore(): void {
    if (!this.#health.now.fresh && this.#shown !== false) this.#publishMeter(false); // a connection made before the state was read has said so
  }

  publishLink(): void {
    this.#link.publish();
  }

  /** After the states, the bridge last: nobody sees the one before of link and meter beside the other’s new. */
  publishAfter(): void {
    if (this.#health.now.fresh) this.#publishMeter(true);
    this.#publishBridge();
  }

  /** Another bridge asks who is there. */
  answer(): void {
    if (!this.#present.isSet) this.#present.in(PRESENT_PACE_MS, () => this.#publishBridge());
  }

  farewell(): readonly Message[] {
    const { meterAvailability, bridgeAvailability } = this.#topics;
    return [meterAvailability, bridgeAvailability].map((topic) => ({
      topic,
      payload: 'offline',
      qos: 1,
      retain: true,
    }));
  }

  down(): void {
    this.#shown = undefined;
    this.#link.down();
    this.#present.cancel();
  }

  /**
   * Shows what is true now and comes back when the newest answer passes its mark. `connected` is `ON` only while the meter
   * is `online`, at each moment: so it follows on the way up and goes first on the way down.
   */
  #update(): void {
    const { fresh } = this.#health.now;
    const { staleInMs } = this.#health;
    if (this.#deps.isConnected()) {
      if (!fresh) this.#link.update();
      if (fresh !== this.#shown) this.#publishMeter(fresh);
      if (fresh) this.#link.update();
    }
    if (staleInMs !== undefined) this.#stale.in(staleInMs, () => this.#update());
  }

  #publishMeter(fresh: boolean): void {
    if (!this.#deps.isConnected()) return;
    this.#shown = fresh;
    this.#deps.publish(this.#topics.meterAvailability, fresh ? 'online' : 'offline');
  }

  #publishBridge(): void {
    this.#deps.publish(this.#topics.bridgeAvailability, 'online');
  }
}
