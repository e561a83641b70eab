import { Backoff, HELD_STEPS } from '../kernel/backoff.ts';
import type { Clock } from '../kernel/clock.ts';
import type { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Deadline, Deadlines } from '../kernel/deadlines.ts';
import { heldError, isMessageWrong, REASON, reasonText } from '../broker/reason-codes.ts';
import type { BrokerConnection, Outcome } from '../broker/broker-connection.ts';
import type { Waiting } from '../outbox/outbox-queue.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { LogThrottle } from '../kernel/log-writer.ts';

/** Sent but not acknowledged at one time; few, so that little is doubled after a lost connection. */
const WINDOW = 8;
/** A replay after an outage: at most this many per slice, so that no subscriber's queue in the broker overflows. */
const SLICE_MS = 200;
const PER_SLICE = 20;
/** Between two lines of the log about readings that no broker can take. */
const QUIET_MS = 3_600_000;

/** What the stream needs of a connection. */
export type StreamConnection = Pick<BrokerConnection, 'url' | 'fits' | 'publish' | 'hasRoom' | 'onRoom'>;

export interface StreamDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly deadlines: Deadlines;
  readonly outbox: Outbox;
}

/** The broker refuses, and not because of the message: everything keeps its place, one at a time asks again. */
interface Hold {
  readonly error: BridgeError;
  readonly sinceMs: number;
  /** When the next one asks. */
  untilMs: number;
}

/** The `readings` topic: everything, once, in order; a reading leaves the outbox when the broker has acknowledged it. */
export class ReadingsStream {
  readonly #topic: string;
  readonly #deps: StreamDeps;
  readonly #outbox: Outbox;
  readonly #replay: Deadline;
  readonly #givenUp: LogThrottle;
  readonly #backoff = new Backoff(HELD_STEPS, () => 0);
  #connection: StreamConnection | undefined;
  #sentUpTo = 0;
  readonly #inFlight = new Set<number>();
  #slice = { startMs: -Infinity, sent: 0 };
  #hold: Hold | undefined;

  constructor(topic: string, deps: StreamDeps) {
    this.#topic = topic;
    this.#deps = deps;
    this.#outbox = deps.outbox;
    this.#replay = deps.deadlines.create();
    this.#givenUp = new LogThrottle(deps.clock, QUIET_MS);
  }

  get queued(): number {
    return this.#outbox.size;
  }

  get dropped(): number {
    return this.#outbox.dropped;
  }

  /** Why the broker takes no readings although it is there; its hint says what to do. */
  get held(): BridgeError | undefined {
    return this.#hold?.error;
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

  up(connection: StreamConnection): void {
    this.#connection = connection;
    this.#sentUpTo = 0; // what was in flight is sent again
    this.#inFlight.clear();
    if (this.#hold) this.#hold.untilMs = 0; // another connection may have other rights
    connection.onRoom(this.#pump);
    this.#outbox.flowing(!this.#hold);
    this.#pump();
  }

  down(): void {
    this.#connection = undefined;
    this.#inFlight.clear();
    this.#outbox.flowing(false);
  }

  readonly #pump = (): void => {
    for (;;) {
      const connection = this.#connection;
      if (!connection?.hasRoom || !this.#hasRoom) return;
      const next = this.#outbox.peek(this.#sentUpTo);
      if (!next || !this.#mayGo()) return;
      if (connection.fits({ topic: this.#topic, payload: next.payload, qos: 1 })) this.#send(connection, next);
      else this.#giveUp(next.id, REASON.packetTooLarge);
    }
  };

  /** A kill -9 doubles what is in flight, and what was acknowledged before the disk knows. */
  get #hasRoom(): boolean {
    return this.#hold ? this.#inFlight.size === 0 : this.#inFlight.size + this.#outbox.unnoted < WINDOW;
  }

  /** Counts against the slice; comes back by itself when it is used up. */
  #mayGo(): boolean {
    const now = this.#deps.clock.monotonicMs();
    const restMs = (this.#hold?.untilMs ?? 0) - now;
    if (restMs > 0) this.#replay.in(restMs, this.#pump);
    if (restMs > 0) return false;
    if (now - this.#slice.startMs >= SLICE_MS) this.#slice = { startMs: now, sent: 0 };
    if (this.#slice.sent >= PER_SLICE) {
      this.#replay.in(this.#slice.startMs + SLICE_MS - now, this.#pump);
      return false;
    }
    this.#slice.sent++;
    return true;
  }

  #send(connection: StreamConnection, { id, payload }: Waiting): void {
    this.#sentUpTo = id;
    this.#inFlight.add(id);
    const isProbe = this.#hold !== undefined;
    connection.publish({ topic: this.#topic, payload, qos: 1 }, (outcome) => {
      if (this.#connection === connection) this.#settled(connection, id, outcome, isProbe);
    });
  }

  #settled({ url }: StreamConnection, id: number, outcome: Outcome, isProbe: boolean): void {
    if (outcome instanceof Error) return; // the connection is going: `down` follows, then all is sent again
    this.#inFlight.delete(id);
    if (outcome === undefined) {
      this.#outbox.ack(id);
      if (isProbe) this.#release();
    } else if (isMessageWrong(outcome)) this.#giveUp(id, outcome);
    else this.#keep(url, id, outcome, isProbe);
    this.#pump();
  }

  /** It keeps its place; nothing behind it goes before it. */
  #keep(url: string, id: number, code: number, isProbe: boolean): void {
    this.#sentUpTo = Math.min(this.#sentUpTo, id - 1);
    if (this.#hold && !isProbe) return; // sent in the same moment as the first that was refused
    const now = this.#deps.clock.monotonicMs();
    const sinceMs = this.#hold?.sinceMs ?? now;
    const error = heldError(url, this.#topic, code);
    if (!this.#hold) this.#deps.log.warn({ err: error, queued: this.queued }, 'broker refuses the readings: they wait');
    this.#hold = { error, sinceMs, untilMs: now + this.#backoff.next() };
    this.#outbox.flowing(false);
  }

  #release(): void {
    const heldS = Math.round((this.#deps.clock.monotonicMs() - (this.#hold?.sinceMs ?? 0)) / 1000);
    this.#hold = undefined;
    this.#backoff.reset();
    this.#deps.log.info({ queued: this.queued, held_s: heldS }, 'broker takes the readings again');
    this.#outbox.flowing(true);
  }

  #giveUp(id: number, code: number): void {
    this.#outbox.discard(id);
    if (this.#givenUp.due(String(code)) === undefined) return;
    const facts = { topic: this.#topic, reason: reasonText(code).en, dropped: this.dropped };
    this.#deps.log.warn(facts, 'broker can never take such a reading: given up');
  }
}
