import type { Clock } from '../kernel/clock.ts';
import type { LinkStatus } from '../model/status.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';
import { linkPayload } from './mqtt-payloads.ts';
import type { Presence } from './mqtt-payloads.ts';

/** Signal strength and the like change at every answer; Home Assistant's database need not. */
const PACE_MS = 60_000;

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

export interface LinkTopicDeps {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** As of now. */
  readonly presence: () => Presence;
  /** Publishes a payload; called only between `up` and `down`. */
  readonly send: (payload: string) => void;
}

/** `state/link`: phases and presence at once, figures at most once a minute. */
export class LinkTopic {
  readonly #deps: LinkTopicDeps;
  readonly #next: Deadline;
  #status: LinkStatus | undefined;
  #sent: { readonly urgent: string; readonly text: string; readonly atMs: number } | undefined;

  constructor(deps: LinkTopicDeps) {
    this.#deps = deps;
    this.#next = deps.deadlines.create();
  }

  accept(status: LinkStatus): void {
    this.#status = status;
  }

  /** To be called while connected, after anything has changed. */
  update(): void {
    const { clock, presence } = this.#deps;
    const [status, sent] = [this.#status, this.#sent];
    if (!status) return;
    if (!sent || sent.urgent !== urgentPart(status, presence())) return this.publish();
    if (sent.text === linkPayload(status, presence()) || this.#next.isSet) return;
    this.#next.in(sent.atMs + PACE_MS - clock.monotonicMs(), () => this.publish());
  }

  /** The newest state, now. Nothing before the first one is known. */
  publish(): void {
    const { clock, presence, send } = this.#deps;
    this.#next.cancel();
    if (!this.#status) return;
    const text = linkPayload(this.#status, presence());
    this.#sent = { urgent: urgentPart(this.#status, presence()), text, atMs: clock.monotonicMs() };
    send(text);
  }

  down(): void {
    this.#sent = undefined;
    this.#next.cancel();
  }
}
