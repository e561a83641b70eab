import { abortable } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import type { BridgeError } from '../kernel/errors.ts';
import type { Beat } from '../kernel/deadlines.ts';
import type { Log } from '../kernel/log.ts';
import { Backoff, BROKER_STEPS } from '../kernel/backoff.ts';
import { ProtocolChoice } from './protocol-choice.ts';
import { AttemptFailed, openConnection, shownUrl } from './connection-attempt.ts';
import type { BrokerOptions, ClientIdentity } from './connection-attempt.ts';
import { loadMqtt } from './mqtt-client.ts';
import type { NewClient } from './mqtt-client.ts';
import type { Loss, Message, BrokerConnection } from './broker-connection.ts';
import { TakeoverDetector } from './takeover-detector.ts';

export interface ConnectionHandlers {
  /** A connection stands. Called once per connection. */
  up(connection: BrokerConnection): void;
  down(): void;
  message(topic: string, payload: Buffer, retained: boolean): void;
  /** Published before a clean DISCONNECT. */
  farewell(): readonly Message[];
}

export interface ConnectionDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** For the jitter, 0–1. */
  readonly random?: (() => number) | undefined;
  readonly beat?: Beat | undefined;
}

/** A connection that stood this long was a real one: the back-off starts again. */
const STEADY_MS = 2000;
/** Two bridges with one id would throw each other out for ever, as fast as they can. */
const TAKEN_OVER_REST_MS = 30_000;
/** Many times what a try takes; who takes longer is stuck. */
const ATTEMPT_LIMIT_MS = 300_000;
/** Down for longer than this, the broker is not just restarting. */
const PATIENCE_MS = 120_000;
const REST_MOST_MS = 5000;
const LATE_REST_MOST_MS = 30_000;
const REST_LEAST_MS = 100;
/** A refused login heals only by a human: not asked again at full speed. */
const REFUSED_REST_LEAST_MS = 3000;

/** At most 5 s in the first two minutes, then 30 s. @param downMs how long there has been no connection. */
export function restMs(backoff: Backoff, downMs: number, refused: boolean): number {
  const mostMs = downMs > PATIENCE_MS ? LATE_REST_MOST_MS : REST_MOST_MS;
  return Math.max(refused ? REFUSED_REST_LEAST_MS : REST_LEAST_MS, backoff.next(mostMs));
}

export type Visit = (signal: AbortSignal) => Promise<BrokerConnection>;

/** Who may have the connection of a client id, where several want it. */
export interface Turn {
  /** Under which to look before. */
  readonly clientId: string;
  /**
   * Resolves when the connection is ours.
   * @param visit opens a connection under `clientId`. @param onTaken is called with why we wait.
   * @throws AttemptFailed when the broker cannot be asked, the signal's reason
   */
  come(visit: Visit, onTaken: (why: BridgeError) => void, signal: AbortSignal): Promise<void>;
  /** Another took the connection. */
  contested(): void;
}

/** Keeps one connection to the broker for ever. Every try is a new client; none outlives its try. */
export class ConnectionKeeper {
  readonly url: string;
  readonly #broker: BrokerOptions;
  readonly #identity: ClientIdentity;
  readonly #turn: Turn;
  readonly #deps: ConnectionDeps;
  readonly #backoff: Backoff;
  readonly #protocol = new ProtocolChoice();
  readonly #takeover = new TakeoverDetector();
  #connection: BrokerConnection | undefined;
  #error: BridgeError | undefined;
  #failures = 0;
  #downSinceMs = 0;

  constructor(broker: BrokerOptions, identity: ClientIdentity, turn: Turn, deps: ConnectionDeps) {
    this.url = shownUrl(broker.url);
    this.#broker = broker;
    this.#identity = identity;
    this.#turn = turn;
    this.#deps = deps;
    this.#backoff = new Backoff(BROKER_STEPS, deps.random ?? Math.random);
  }

  get connection(): BrokerConnection | undefined {
    return this.#connection;
  }

  /** Why there is no connection; undefined while there is one. */
  get error(): BridgeError | undefined {
    return this.#error;
  }

  /** Runs until `signal` aborts, then says farewell. @throws the signal's reason, or a defect. */
  async run(handlers: ConnectionHandlers, signal: AbortSignal): Promise<void> {
    const newClient = await loadMqtt(); // heavy, so only when the sink runs
    if (this.#broker.tls?.insecure === true && /^(mqtts|wss):/.test(this.#broker.url))
      this.#deps.log.warn({ broker: this.url }, 'mqtt.tls.insecure: who answers as the broker is not checked');
    this.#downSinceMs = this.#deps.clock.monotonicMs();
    for (;;) {
      signal.throwIfAborted();
      const loss = await this.#once(newClient, handlers, signal);
      const restMs = this.#rest(loss);
      this.#deps.beat?.(restMs + ATTEMPT_LIMIT_MS);
      await this.#deps.clock.sleep(restMs, signal);
    }
  }

  /** One try and, where it succeeds, its connection's whole life. */
  async #once(newClient: NewClient, handlers: ConnectionHandlers, signal: AbortSignal): Promise<Loss> {
    const open = (identity: ClientIdentity, inner: AbortSignal): Promise<BrokerConnection> =>
      openConnection(newClient, this.#broker, identity, this.#protocol.current, this.#deps.clock, inner);
    let connection: BrokerConnection;
    this.#deps.beat?.(Infinity); // another bridge may have its turn for days
    try {
      const { clientId } = this.#turn;
      await this.#turn.come(
        (inner) => open({ clientId }, inner),
        (why) => this.#failed(why),
        signal,
      );
      this.#deps.beat?.(ATTEMPT_LIMIT_MS);
      connection = await open(this.#identity, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof AttemptFailed)) throw error;
      this.#protocol.failed(error.refusal);
      this.#takeover.failed();
      this.#failed(error.error);
      return { error: error.error, takenOver: false, silent: false };
    }
    this.#protocol.worked();
    return this.#serve(connection, handlers, signal);
  }

  async #serve(connection: BrokerConnection, handlers: ConnectionHandlers, signal: AbortSignal): Promise<Loss> {
    const upSinceMs = this.#deps.clock.monotonicMs();
    this.#up(connection);
    this.#deps.beat?.(Infinity); // keep-alive ends a connection that is none
    try {
      connection.onMessage((topic, payload, retained) => handlers.message(topic, payload, retained));
      handlers.up(connection);
      const livedMs = (): number => this.#deps.clock.monotonicMs() - upSinceMs;
      const loss = this.#takeover.lost(await abortable(connection.lost, signal), livedMs(), this.url);
      if (loss.takenOver) this.#turn.contested();
      if (livedMs() >= STEADY_MS) this.#backoff.reset();
      this.#downSinceMs = this.#deps.clock.monotonicMs();
      this.#failed(loss.error);
      return loss;
    } catch (error) {
      if (signal.aborted) await this.#farewell(connection, handlers.farewell());
      throw error;
    } finally {
      this.#connection = undefined;
      connection.destroy();
      handlers.down();
    }
  }

  #up(connection: BrokerConnection): void {
    this.#connection = connection;
    this.#error = undefined;
    const { limits, protocol } = connection;
    const facts = { broker: this.url, protocol: protocol === 5 ? '5' : '3.1.1', failures: this.#failures };
    this.#deps.log.info(facts, this.#failures > 0 ? 'broker connected again' : 'broker connected');
    this.#failures = 0;
    if (!limits.retainAvailable)
      this.#deps.log.warn(facts, 'broker keeps no retained messages: Home Assistant sees us only while both run');
    if (limits.maximumQos === 0)
      this.#deps.log.warn(facts, 'broker acknowledges nothing (maximum QoS 0): readings may be lost');
  }

  /** The first of a row of equal failures is logged, the others are counted. */
  #failed(error: BridgeError): void {
    this.#failures++;
    if (this.#error?.text('en') !== error.text('en'))
      this.#deps.log.warn({ err: error, broker: this.url }, 'no broker connection');
    this.#error = error;
  }

  #rest({ error, takenOver }: Loss): number {
    const downMs = this.#deps.clock.monotonicMs() - this.#downSinceMs;
    const rest = restMs(this.#backoff, downMs, error.code === 'BROKER_REFUSED');
    if (takenOver) return Math.max(rest, TAKEN_OVER_REST_MS);
    return this.#takeover.suspected ? 0 : rest;
  }

  async #farewell(connection: BrokerConnection, last: readonly Message[]): Promise<void> {
    const unhurried = new AbortController().signal; // ours is aborted already
    const onLate = (error: unknown): void => this.#deps.log.debug({ err: error }, 'no clean end');
    await connection.finish(last, unhurried).catch(onLate);
  }
}
