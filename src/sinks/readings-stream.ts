import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Agenda } from './agenda.ts';
import { QUOTA_EXCEEDED, reasonText } from './mqtt-failures.ts';
import type { MqttLink, Outcome } from './mqtt-link.ts';
import type { Waiting } from './outbox-queue.ts';
import type { Outbox } from './outbox.ts';
import type { Refusals } from './refusals.ts';
import { Repeats } from './repeats.ts';

/** Sent but not acknowledged at one time; few, so that little is doubled after a lost connection. */
const WINDOW = 8;
/** A replay after an outage: at most this many per slice, so that no subscriber's queue in the broker overflows. */
const SLICE_MS = 200;
const PER_SLICE = 20;
/** A broker that does not acknowledge for so long is not there, whatever TCP says. */
const ACK_LIMIT_MS = 20_000;
const QUOTA_REST_MS = 30_000;

/** What the stream needs of a connection. */
export type StreamLink = Pick<MqttLink, 'limits' | 'url' | 'publish' | 'abandon'>;

export interface StreamDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly agenda: Agenda;
  readonly outbox: Outbox;
  readonly refusals: Refusals;
}

/** The `readings` topic: everything, once, in order; a reading leaves the outbox when the broker has acknowledged it. */
export class ReadingsStream {
  readonly #topic: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #agenda: Agenda;
  readonly #outbox: Outbox;
  readonly #refusals: Refusals;
  readonly #repeats: Repeats;
  #link: StreamLink | undefined;
  #sentUpTo = 0;
  readonly #inFlight = new Set<number>();
  #slice = { startMs: -Infinity, sent: 0 };
  #pausedUntilMs = 0;

  constructor(topic: string, { clock, log, agenda, outbox, refusals }: StreamDeps) {
    this.#topic = topic;
    this.#clock = clock;
    this.#log = log;
    this.#agenda = agenda;
    this.#outbox = outbox;
    this.#refusals = refusals;
    this.#repeats = new Repeats(clock, 3_600_000);
  }

  get queued(): number {
    return this.#outbox.size;
  }

  get dropped(): number {
    return this.#outbox.dropped;
  }

  /** What earlier starts left on disk goes first; nothing is sent before it has been looked for. */
  start(): void {
    this.#outbox.serve(this.#pump);
  }

  /** What is not acknowledged is on disk when this resolves, or it never will be. */
  close(): Promise<void> {
    return this.#outbox.close();
  }

  push(payload: string): void {
    this.#outbox.push(payload);
    this.#pump();
  }

  up(link: StreamLink): void {
    this.#link = link;
    this.#sentUpTo = 0; // what was in flight is sent again
    this.#inFlight.clear();
    this.#outbox.connected(true);
    this.#pump();
  }

  down(): void {
    this.#link = undefined;
    this.#inFlight.clear();
    this.#agenda.cancel('puback');
    this.#outbox.connected(false);
  }

  readonly #pump = (): void => {
    for (;;) {
      const link = this.#link;
      if (!link || this.#inFlight.size >= Math.min(WINDOW, link.limits.receiveMaximum)) return;
      const next = this.#outbox.peek(this.#sentUpTo);
      if (!next) return;
      if (this.#inFlight.has(next.id)) {
        this.#sentUpTo = next.id; // only after a pause
        continue;
      }
      if (!this.#mayGo()) return;
      this.#send(link, next);
    }
  };

  /** Counts against the slice; comes back by itself when it is used up. */
  #mayGo(): boolean {
    const now = this.#clock.monotonicMs();
    if (now < this.#pausedUntilMs) return false;
    if (now - this.#slice.startMs >= SLICE_MS) this.#slice = { startMs: now, sent: 0 };
    if (this.#slice.sent >= PER_SLICE) {
      this.#agenda.in(this.#slice.startMs + SLICE_MS - now, 'replay', this.#pump);
      return false;
    }
    this.#slice.sent++;
    return true;
  }

  #send(link: StreamLink, { id, payload }: Waiting): void {
    this.#sentUpTo = id;
    this.#inFlight.add(id);
    if (this.#inFlight.size === 1) this.#expectAck(link);
    link.publish({ topic: this.#topic, payload, qos: 1 }, (outcome) => {
      if (this.#link === link) this.#settled(link, id, outcome);
    });
  }

  #expectAck(link: StreamLink): void {
    const lost = (): void =>
      link.abandon(
        new BridgeError('BROKER_UNREACHABLE', `${link.url} acknowledged nothing for ${ACK_LIMIT_MS / 1000} s`),
      );
    this.#agenda.in(ACK_LIMIT_MS, 'puback', lost);
  }

  #settled(link: StreamLink, id: number, outcome: Outcome): void {
    if (outcome instanceof Error) return; // the connection is going: `down` follows, then all is sent again
    this.#inFlight.delete(id);
    if (this.#inFlight.size > 0) this.#expectAck(link);
    else this.#agenda.cancel('puback');
    if (outcome === QUOTA_EXCEEDED) this.#hold(id);
    else {
      if (outcome !== undefined) this.#refusals.note(this.#topic, outcome); // for good: it would only block the others
      this.#outbox.ack(id);
    }
    this.#pump();
  }

  /** The broker is full: it keeps its place and is tried again later. */
  #hold(id: number): void {
    this.#sentUpTo = Math.min(this.#sentUpTo, id - 1);
    this.#pausedUntilMs = this.#clock.monotonicMs() + QUOTA_REST_MS;
    this.#agenda.in(QUOTA_REST_MS, 'replay', this.#pump);
    if (this.#repeats.due('quota') !== undefined)
      this.#log.warn({ topic: this.#topic, reason: reasonText(QUOTA_EXCEEDED) }, 'broker is full: readings wait');
  }
}
