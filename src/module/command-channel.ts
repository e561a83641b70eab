import { deferred, scope, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Text } from '../kernel/language.ts';
import type { Log } from '../kernel/log.ts';
import type { OpenPort } from '../wire/open-port.ts';

const NUDGE_LIMIT_MS = 1000;
/** The radio normally answers in 0.1–0.35 s. The slowest module known takes most of this, every time. */
const SEND_LIMIT_MS = 20_000;
/** So long nothing is thought of it; then the module is asked, again and again, whether it is there at all. */
const NUDGE_MS = 5000;
/** It answers, but not this command: for so many turns more it may be slow and do both at a time; then it has not got it. */
const GRACE_TURNS = 2;

interface Current<Unit> {
  readonly feed: (unit: Unit) => void;
  readonly fail: (error: unknown) => void;
}

/** A command as it goes over the wire. */
export interface Outgoing {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What a log may show of it; asked only when it is logged. */
  readonly shown: () => string;
}

/**
 * The conversation with a module over one open wire, whatever it speaks: one command at a time, its answer told apart from what
 * arrives unasked. What arrives is read all the time, whether or not anyone waits: a session that ends between two commands
 * must be seen. Disposing stops listening and leaves the wire open.
 *
 * `Unit` is what the module sends (a line, a frame), `Event` what listeners get of it.
 */
export abstract class CommandChannel<Unit, Event> implements Disposable {
  readonly name: string;
  protected readonly port: OpenPort;
  protected readonly clock: Clock;
  protected readonly log: Log;
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #nudged = new Set<(isRestarted: boolean) => void>();
  readonly #stops: readonly (() => void)[];
  #current: Current<Unit> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(port: OpenPort, clock: Clock, log: Log) {
    this.name = port.name;
    this.port = port;
    this.clock = clock;
    this.log = log;
    this.#stops = [port.read((chunk) => this.receive(chunk)), port.onLost((error) => this.#current?.fail(error))];
  }

  /** Called with PORT_LOST, once, when the wire went away. @returns the way to stop. */
  onLost(listener: (error: BridgeError) => void): () => void {
    return this.port.onLost(listener);
  }

  /** Called with everything from now on, in order. @returns the way to stop. */
  listen(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  /**
   * Asks with patience for a slow module and none for one that has lost the command: a module that hung and is back
   * would otherwise be waited for in vain.
   * @throws BridgeError MODULE_SILENT when nothing came at all, SEND_FAILED when the module is there and says nothing of it
   */
  async patiently<T>(ask: (signal: AbortSignal, timeoutMs: number) => Promise<T>, signal: AbortSignal): Promise<T> {
    using sending = scope(signal);
    const lost = new BridgeError('SEND_FAILED', {
      en: `${this.name}: the module answers, but said nothing of the request`,
      ja: `${this.name}: モジュールは応答しますが、要求の結果が返りません`,
    });
    const presence = { isThere: false };
    const nudging = this.#nudgeUntilLost(presence, () => sending.abort(lost), sending.signal);
    try {
      return await ask(sending.signal, SEND_LIMIT_MS);
    } catch (error) {
      throw presence.isThere && error instanceof BridgeError && error.code === 'MODULE_SILENT' ? lost : error;
    } finally {
      sending.abort();
      await nudging;
    }
  }

  async #nudgeUntilLost(presence: { isThere: boolean }, onLost: () => void, signal: AbortSignal): Promise<void> {
    const onNudged = (isRestarted: boolean): void => {
      presence.isThere = true;
      if (isRestarted) onLost();
    };
    this.#nudged.add(onNudged);
    try {
      for (let grace = 0; grace < GRACE_TURNS;) {
        await this.clock.sleep(NUDGE_MS, signal);
        if (presence.isThere) grace++;
        else await this.nudge(signal);
      }
      onLost();
    } catch {
      // Answered, given up, or the port is gone, which the command shows.
    } finally {
      this.#nudged.delete(onNudged);
    }
  }

  /** A harmless question beside the command under way, for one that has not been answered for long. */
  protected abstract nudge(signal: AbortSignal): Promise<void>;

  /** Bytes from the module, cut anywhere. */
  protected abstract receive(chunk: Buffer): void;

  /** Runs `work` when the commands before it are done. */
  protected inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /**
   * Sends a command and waits for the first unit that `answer` makes something of.
   * @throws BridgeError MODULE_SILENT after `timeoutMs`, PORT_LOST, or the signal's reason.
   */
  protected async exchange<T>(
    { name, bytes, shown }: Outgoing,
    answer: (unit: Unit) => T | undefined,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<T> {
    const got = deferred<T>();
    const feed = (unit: Unit): void => {
      const value = answer(unit);
      if (value !== undefined) got.resolve(value);
    };
    this.#current = { feed, fail: got.reject };
    if (this.port.lost) got.reject(this.port.lost);
    const silent = {
      en: `${this.name}: no answer to ${name} within ${timeoutMs} ms`,
      ja: `${this.name}: ${timeoutMs} ms 以内に ${name} への応答がありません`,
    };
    try {
      return await within(
        this.clock,
        timeoutMs,
        signal,
        async (limit) => {
          limit.addEventListener('abort', () => got.reject(limit.reason), { once: true });
          if (this.log.isLevelEnabled('debug')) this.log.debug({ port: this.name, sent: shown() }, 'wire');
          await Promise.race([this.port.write(bytes, timeoutMs, limit), got.promise]);
          return await got.promise;
        },
        () => new BridgeError('MODULE_SILENT', silent),
      );
    } finally {
      this.#current = undefined;
    }
  }

  protected writeNudge(bytes: Uint8Array, logged: object, signal: AbortSignal): Promise<void> {
    this.log.debug({ port: this.name, ...logged }, 'wire');
    return this.port.write(bytes, NUDGE_LIMIT_MS, signal);
  }

  /** For the command under way. */
  protected feed(unit: Unit): void {
    this.#current?.feed(unit);
  }

  protected publish(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** A nudge was answered by a module that does nothing else; it may show that it has restarted. */
  protected nudgeAnswered(isRestarted: boolean): void {
    for (const listener of this.#nudged) listener(isRestarted);
  }
}

export const isSilence = (error: unknown): error is BridgeError =>
  error instanceof BridgeError && error.code === 'MODULE_SILENT';

/** The answer, or undefined from a module that said nothing in time. */
export const unlessSilent = <T>(answer: Promise<T>): Promise<T | undefined> =>
  answer.catch((error: unknown) => {
    if (isSilence(error)) return undefined;
    throw error;
  });

/** @param answer what the module said instead, as it stands in the message */
export const commandRefused = (name: string, answer: Text): BridgeError =>
  new BridgeError('COMMAND_REFUSED', {
    en: `the module refused ${name} (${answer.en})`,
    ja: `モジュールが ${name} を拒否しました（${answer.ja}）`,
  });

/** Of a datagram. */
export const sendRefused = (answer: Text): Text => ({
  en: `the module refused to send (${answer.en})`,
  ja: `モジュールが送信を拒否しました（${answer.ja}）`,
});
