import { abortable, deferred, together } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { LinkPhase, LinkStatus } from '../model/status.ts';
import { AttemptFailed } from '../broker/connection-attempt.ts';
import { failureOf } from '../broker/broker-failures.ts';
import { REASON, TAKEN_OVER_HINT } from '../broker/reason-codes.ts';
import type { Turn, Visit } from '../broker/connection-keeper.ts';
import type { BrokerConnection } from '../broker/broker-connection.ts';
import { presenceTopic } from './mqtt-topics.ts';
import type { Topics } from './mqtt-topics.ts';

/** What a broker keeps comes with its answer to the subscription; nothing kept, nothing comes. */
const REPLAY_MS = 250;
/** Longest wait for that answer. */
const ANSWER_MS = 2000;
/** One whose `online` a power cut left at the broker does not answer; a living one does it in milliseconds. */
const PRESENCE_MS = 500;
const MOST_PRESENCE_MS = 8000;
const ASK_EVERY_MS = 60_000;
/** They speak of our client id, or of the user with it. */
const IDENTITY_CODES: ReadonlySet<number> = new Set([REASON.idRefused, REASON.notAuthorized]);

/** In these the module answers. */
const OPEN_PHASES: ReadonlySet<LinkPhase> = new Set(['scanning', 'joining', 'connected', 'paused']);

/**
 * Whose the broker connection of a meter id is. Two bridges with one id are told apart by who holds the port: whoever held
 * it keeps the connection, also while the port is away, until another takes it.
 */
export class PortClaim {
  #isOpen = false;
  #isOurs: boolean;
  #won = deferred<void>();

  constructor(isOurs = false) {
    this.#isOurs = isOurs;
  }

  get isOurs(): boolean {
    return this.#isOurs;
  }

  accept({ phase, error }: LinkStatus): void {
    if (OPEN_PHASES.has(phase)) {
      this.#isOpen = true;
      this.#isOurs = true;
      this.#won.resolve();
    } else if (phase === 'waiting' && /^(PORT|MODULE)_/.test(error?.code ?? '')) this.#isOpen = false;
  }

  /** Another took the connection: as long as we have no port, that one may have it. */
  contested(): void {
    if (this.#isOpen || !this.#isOurs) return;
    this.#isOurs = false;
    this.#won = deferred();
  }

  /** Resolves when the port is ours. @throws the signal's reason */
  async won(signal: AbortSignal): Promise<void> {
    await abortable(this.#won.promise, signal);
  }
}

interface TurnOptions {
  readonly meterId: string;
  readonly topics: Topics;
}

interface TurnDeps {
  readonly clock: Clock;
  readonly log: Log;
}

type OnTaken = (why: BridgeError) => void;

/**
 * Before a bridge that has not held its port takes the connection of its meter id, it looks whether another has it, and
 * waits until that one is gone or the port is ours. Who waits leaves no trace: a client id of its own, no will.
 */
export class PortTurn implements Turn {
  readonly #claim: PortClaim;
  readonly clientId: string;
  readonly #options: TurnOptions;
  readonly #deps: TurnDeps;
  #presenceMs = PRESENCE_MS;

  constructor(claim: PortClaim, clientId: string, options: TurnOptions, deps: TurnDeps) {
    this.#claim = claim;
    this.clientId = `${clientId}_waiting`;
    this.#options = options;
    this.#deps = deps;
  }

  contested(): void {
    this.#claim.contested();
  }

  async come(visit: Visit, onTaken: OnTaken, signal: AbortSignal): Promise<void> {
    if (this.#claim.isOurs) return;
    await together(
      signal,
      (inner) => this.#claim.won(inner),
      (inner) => this.#look(visit, onTaken, inner),
    );
  }

  async #look(visit: Visit, onTaken: OnTaken, signal: AbortSignal): Promise<void> {
    const connection = await visitOrPass(visit, signal);
    if (!connection) return;
    try {
      const lost = connection.lost.then(({ error }): never => {
        throw new AttemptFailed(error);
      });
      lost.catch(() => undefined); // the end we bring about ourselves is nobody's failure
      await abortable(Promise.race([this.#untilFree(connection, onTaken, signal), lost]), signal);
    } finally {
      connection.destroy();
    }
  }

  async #untilFree(connection: BrokerConnection, onTaken: OnTaken, signal: AbortSignal): Promise<void> {
    const { meterId, topics } = this.#options;
    const other = listen(connection, topics.bridgeAvailability);
    if (!(await this.#mayListen(connection, topics.bridgeAvailability, signal))) return;
    if (other.updates === 0) await this.#until(other.next(), REPLAY_MS, signal);
    if (!other.isOnline || !(await this.#answers(connection, other, signal))) return;
    onTaken(
      new BridgeError(
        'BRIDGE_RUNNING',
        {
          en: `${connection.url}: another bridge is connected as meter ${meterId}; this one has not held the port and waits until that one is gone`,
          ja: `${connection.url}: 別のブリッジがメーター ${meterId} として接続しています。このブリッジはまだポートを確保していないため、相手がいなくなるまで待ちます`,
        },
        { hint: TAKEN_OVER_HINT },
      ),
    );
    do await this.#until(other.gone(), ASK_EVERY_MS, signal);
    while (other.isOnline && (await this.#answers(connection, other, signal)));
    this.#deps.log.info({ broker: connection.url }, 'the other bridge is gone: its connection is taken over');
  }

  /** Whether a bridge stands behind the `online` that the broker keeps. */
  async #answers(connection: BrokerConnection, other: Other, signal: AbortSignal): Promise<boolean> {
    const before = other.updates;
    connection.publish({ topic: presenceTopic(this.#options.topics), payload: 'present?', qos: 0 });
    await this.#until(other.next(), this.#presenceMs, signal);
    if (other.updates > before) return other.isOnline;
    this.#deps.log.warn(
      { broker: connection.url, waitedMs: this.#presenceMs },
      'a bridge with our meter id is online by the broker’s account, but does not answer: taken for a leftover',
    );
    this.#presenceMs = Math.min(2 * this.#presenceMs, MOST_PRESENCE_MS); // should it be wrong, it comes back
    return false;
  }

  /** A broker that does not let us look, or does not answer, is taken as it comes. */
  async #mayListen(connection: BrokerConnection, topic: string, signal: AbortSignal): Promise<boolean> {
    let grant: number | undefined;
    const answer = subscribed(connection, topic).then((code) => void (grant = code));
    await this.#until(answer, ANSWER_MS, signal);
    return grant !== undefined && grant < 0x80;
  }

  /** Until `event`, but at most `ms`. */
  async #until(event: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
    await together(
      signal,
      (inner) => this.#deps.clock.sleep(ms, inner),
      (inner) => abortable(event, inner),
    );
  }
}

interface Other {
  readonly isOnline: boolean;
  /** How often its availability has arrived. */
  readonly updates: number;
  /** Resolves when it arrives next. */
  readonly next: () => Promise<void>;
  /** Resolves with its next `offline`. */
  readonly gone: () => Promise<void>;
}

function listen(connection: BrokerConnection, availability: string): Other {
  let [next, gone] = [deferred<void>(), deferred<void>()];
  const other = { isOnline: false, updates: 0, next: () => next.promise, gone: () => gone.promise };
  connection.onMessage((topic, payload) => {
    if (topic !== availability) return;
    other.isOnline = payload.toString() === 'online';
    other.updates++;
    next.resolve();
    next = deferred();
    if (other.isOnline) return;
    gone.resolve();
    gone = deferred();
  });
  return other;
}

/** @returns the broker's answer: 0x80 and above refuses. */
async function subscribed(connection: BrokerConnection, topic: string): Promise<number | undefined> {
  try {
    return (await connection.subscribeWithRetained([topic]))[0];
  } catch (error) {
    throw new AttemptFailed(failureOf(connection.url, error as Error)); // the connection went meanwhile
  }
}

/** A broker that does not let this client id in, but may well let in ours, cannot be asked. */
async function visitOrPass(visit: Visit, signal: AbortSignal): Promise<BrokerConnection | undefined> {
  try {
    return await visit(signal);
  } catch (error) {
    if (error instanceof AttemptFailed && error.refusal?.kind === 'connack' && IDENTITY_CODES.has(error.refusal.code))
      return undefined;
    throw error;
  }
}
