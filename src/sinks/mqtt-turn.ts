import { abortable, deferred, together } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { AttemptFailed } from './mqtt-attempt.ts';
import { connackCodes, failureOf, takenOverHint } from './mqtt-failures.ts';
import type { MqttLink } from './mqtt-link.ts';
import type { Topics } from './mqtt-topics.ts';
import type { PortClaim } from './port-claim.ts';

/** What a broker keeps comes with its answer to the subscription; nothing kept, nothing comes. */
const REPLAY_MS = 250;
/** Longest wait for that answer. */
const ANSWER_MS = 2000;
/** One that says `online` and then nothing for so long is what a power cut left at the broker. */
const LEAST_PATIENCE_MS = 60_000;
const MOST_PATIENCE_MS = 600_000;
const { idRefused, idRefusedV3, notAuthorized, notAuthorizedV3 } = connackCodes;
const identityCodes: ReadonlySet<number> = new Set([idRefused, idRefusedV3, notAuthorized, notAuthorizedV3]);

export interface TurnOptions {
  readonly meterId: string;
  readonly topics: Topics;
  readonly intervalS: number;
}

/**
 * Before a bridge that has not held its port takes the connection of its meter id, it looks whether another has it, and
 * waits until that one is gone or the port is ours. Who waits leaves no trace: a client id of its own, no will.
 */
export class Turn {
  readonly claim: PortClaim;
  readonly clientId: string;
  readonly #options: TurnOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  #patienceMs: number;

  constructor(claim: PortClaim, clientId: string, options: TurnOptions, deps: { clock: Clock; log: Log }) {
    this.claim = claim;
    this.clientId = `${clientId}_waiting`;
    this.#options = options;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#patienceMs = Math.max(LEAST_PATIENCE_MS, 3 * options.intervalS * 1000 + 5000);
  }

  /**
   * Resolves when the connection is ours to take.
   * @param visit opens a link under `clientId`. @param onTaken hears why we wait.
   * @throws AttemptFailed when the broker cannot be asked, the signal's reason
   */
  async come(
    visit: (signal: AbortSignal) => Promise<MqttLink>,
    onTaken: (why: BridgeError) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.claim.isOurs) return;
    await together(
      signal,
      (inner) => this.claim.won(inner),
      (inner) => this.#look(visit, onTaken, inner),
    );
  }

  async #look(
    visit: (signal: AbortSignal) => Promise<MqttLink>,
    onTaken: (why: BridgeError) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const link = await visitOrPass(visit, signal);
    if (!link) return;
    try {
      const lost = link.lost.then(({ error }): never => {
        throw new AttemptFailed(error);
      });
      lost.catch(() => undefined); // the end we bring about ourselves is nobody's failure
      await abortable(Promise.race([this.#untilFree(link, onTaken, signal), lost]), signal);
    } finally {
      link.destroy();
    }
  }

  async #untilFree(link: MqttLink, onTaken: (why: BridgeError) => void, signal: AbortSignal): Promise<void> {
    const other = this.#listen(link);
    if (!(await this.#mayListen(link, other.filters, signal))) return;
    await this.#untilGone(other, REPLAY_MS, signal);
    if (!other.isOnline) return;
    const { meterId } = this.#options;
    onTaken(
      new BridgeError(
        'BRIDGE_RUNNING',
        `${link.url}: another bridge is connected as meter ${meterId}; this one has not held the port and waits until that one is gone`,
        { hint: takenOverHint },
      ),
    );
    while (other.isOnline) {
      const restMs = other.heardMs + this.#patienceMs - this.#clock.monotonicMs();
      if (restMs <= 0) return this.#lostPatience();
      await this.#untilGone(other, restMs, signal);
    }
    this.#log.info({ broker: link.url }, 'the other bridge is gone: its connection is taken over');
  }

  /** A broker that does not let us look, or does not answer, is taken as it comes. */
  async #mayListen(link: MqttLink, filters: readonly string[], signal: AbortSignal): Promise<boolean> {
    let grants: readonly number[] | undefined;
    await together(
      signal,
      (inner) => this.#clock.sleep(ANSWER_MS, inner),
      async (inner) => void (grants = await abortable(subscribed(link, filters), inner)),
    );
    return grants?.every((code) => code < 0x80) ?? false;
  }

  #lostPatience(): void {
    this.#log.warn(
      { silentS: this.#patienceMs / 1000 },
      'the other bridge is online by the broker’s account, but nothing is heard of it: its connection is taken over',
    );
    this.#patienceMs = Math.min(2 * this.#patienceMs, MOST_PATIENCE_MS); // wrong once, more careful from now on
  }

  async #untilGone(other: Other, ms: number, signal: AbortSignal): Promise<void> {
    await together(
      signal,
      (inner) => this.#clock.sleep(ms, inner),
      (inner) => abortable(other.gone(), inner),
    );
  }

  /** Every topic a bridge speaks on is a sign of its life; commands come from anybody. */
  #listen(link: MqttLink): Other {
    const { commandPrefix: _, ...topics } = this.#options.topics;
    let gone = deferred<void>();
    const other = {
      isOnline: false,
      heardMs: this.#clock.monotonicMs(),
      filters: Object.values(topics),
      gone: () => gone.promise,
    };
    link.onMessage((topic, payload, retained) => {
      if (topic === topics.bridgeAvailability) {
        const isOnline = payload.toString() === 'online';
        if (!isOnline) gone.resolve();
        else if (!other.isOnline) gone = deferred();
        other.isOnline = isOnline;
      } else if (retained) return;
      other.heardMs = this.#clock.monotonicMs();
    });
    return other;
  }
}

interface Other {
  readonly isOnline: boolean;
  /** Monotonic ms of its newest word. */
  readonly heardMs: number;
  readonly filters: readonly string[];
  /** Resolves with its next `offline`. */
  readonly gone: () => Promise<void>;
}

async function subscribed(link: MqttLink, filters: readonly string[]): Promise<readonly number[]> {
  try {
    return await link.subscribeWithRetained(filters);
  } catch (error) {
    throw new AttemptFailed(failureOf(link.url, error as Error)); // the connection went meanwhile
  }
}

/** A broker that does not let this client id in, but may well let in ours, cannot be asked. */
async function visitOrPass(
  visit: (signal: AbortSignal) => Promise<MqttLink>,
  signal: AbortSignal,
): Promise<MqttLink | undefined> {
  try {
    return await visit(signal);
  } catch (error) {
    if (error instanceof AttemptFailed && error.refusal?.kind === 'connack' && identityCodes.has(error.refusal.code))
      return undefined;
    throw error;
  }
}
