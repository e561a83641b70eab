import type { Deadline } from '../kernel/deadlines.ts';
import { MeterHealth } from '../model/health.ts';
import type { BridgeEvent, LinkStatus } from '../model/status.ts';
import type { Message } from '../broker/broker-connection.ts';
import { linkPayload } from './mqtt-payloads.ts';
import type { Presence } from './mqtt-payloads.ts';
import type { Topics } from './mqtt-topics.ts';
import { PacedTopic } from './paced-topic.ts';
import type { StateDeps, TopicDeps } from './paced-topic.ts';

/** Whoever asks who is there is answered no more often than this. */
const PRESENT_PACE_MS = 50;

/** `bridge/availability`, `meter/availability` and with them `state/link`: they agree at each moment. */
export class Availability {
  readonly #topics: Topics;
  readonly #deps: StateDeps;
  readonly #health: MeterHealth;
  readonly #link: LinkTopic;
  /** When the newest answer passes its mark. */
  readonly #stale: Deadline;
  readonly #present: Deadline;
  #isUp = false;
  /** What `meter/availability` says on this connection. */
  #shown: boolean | undefined;

  constructor(topics: Topics, intervalS: number, deps: StateDeps) {
    const { clock, deadlines } = deps;
    this.#topics = topics;
    this.#deps = deps;
    this.#health = new MeterHealth(intervalS, clock);
    this.#stale = deadlines.create();
    this.#present = deadlines.create();
    this.#link = new LinkTopic({
      clock,
      deadlines,
      presence: () => ({ connected: this.#health.now.connected, intervalS: this.#health.intervalS }),
      send: (payload) => this.#publish(topics.link, payload),
    });
  }

  accept(event: BridgeEvent): void {
    this.#health.accept(event);
    if (event.kind === 'status') this.#link.accept(event.status);
    this.#update();
  }

  up(): void {
    this.#isUp = true;
  }

  /** While nothing is known yet: corrects an `online` that the broker kept over a power cut. */
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

  /** After the states, the bridge last: nobody sees an old value of one topic beside a new one of another. */
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
    this.#isUp = false;
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
    if (this.#isUp) {
      if (!fresh) this.#link.update();
      if (fresh !== this.#shown) this.#publishMeter(fresh);
      if (fresh) this.#link.update();
    }
    if (staleInMs !== undefined) this.#stale.in(staleInMs, () => this.#update());
  }

  #publishMeter(fresh: boolean): void {
    this.#shown = fresh;
    this.#publish(this.#topics.meterAvailability, fresh ? 'online' : 'offline');
  }

  #publishBridge(): void {
    this.#publish(this.#topics.bridgeAvailability, 'online');
  }

  #publish(topic: string, payload: string): void {
    this.#deps.send({ topic, payload, qos: 1, retain: true });
  }
}

/** What an automation waits for goes out at once; a figure when there is one for the first time. */
const urgentPart = ({ phase, pan, reconnects, error, rssiDbm, lqi }: LinkStatus, presence: Presence): string =>
  JSON.stringify([
    phase,
    presence.connected,
    presence.intervalS,
    pan?.channel,
    reconnects,
    error?.code,
    rssiDbm === undefined,
    lqi === undefined,
  ]);

export interface LinkTopicDeps extends TopicDeps {
  /** As of now. */
  readonly presence: () => Presence;
}

/** `state/link`: phases and presence at once, figures at most once a minute. Updated only while connected. */
export class LinkTopic extends PacedTopic {
  readonly #presence: () => Presence;
  #status: LinkStatus | undefined;

  constructor({ presence, ...deps }: LinkTopicDeps) {
    super(deps);
    this.#presence = presence;
  }

  accept(status: LinkStatus): void {
    this.#status = status;
  }

  protected state() {
    const presence = this.#presence();
    return this.#status && { urgent: urgentPart(this.#status, presence), payload: linkPayload(this.#status, presence) };
  }
}
