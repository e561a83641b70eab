import { deferred, within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { encodeCommand } from '../../j11/commands.ts';
import type { J11Command } from '../../j11/commands.ts';
import type { J11Frame } from '../../j11/frame.ts';
import { FrameReader } from '../../j11/frame-reader.ts';
import type { FrameInput } from '../../j11/frame-reader.ts';
import { isNotification, parseNotification } from '../../j11/notifications.ts';
import type { J11Notification } from '../../j11/notifications.ts';
import { BAD_HEADER, responseTo, UNKNOWN_COMMAND } from '../../j11/responses.ts';
import type { J11Response } from '../../j11/responses.ts';
import { isLineNoise, result } from '../../j11/results.ts';
import { hex, hexOfBytes } from '../../kernel/bytes.ts';
import type { ExchangeLimits, OpenPort } from '../../wire/open-port.ts';

const NUDGE_LIMIT_MS = 1000;
/** The module itself gives up a frame after such a gap; so do we, else a cut one would swallow those behind it. */
const GAP_MS = 1000;
const BUSY_REPEAT_MS = 1000;
/** Commands whose data hold the Route-B ID or a part of it. */
const SECRET: ReadonlySet<string> = new Set(['setCredentials', 'scan'] satisfies J11Command['name'][]);

interface Current {
  readonly feed: (frame: J11Frame) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The conversation with a J11 module over one open wire: one command at a time, its response told by its code, since
 * notifications may stand between. Frames are read all the time, whether or not anyone waits. Disposing stops listening
 * and leaves the wire open.
 */
export class J11Channel implements Disposable {
  readonly name: string;
  readonly #port: OpenPort;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #reader = new FrameReader('module');
  readonly #listeners = new Set<(notification: J11Notification) => void>();
  readonly #stops: readonly (() => void)[];
  #lastMs = 0;
  #current: Current | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #nudged = new Set<(isRestarted: boolean) => void>();

  constructor(port: OpenPort, clock: Clock, log: Log) {
    this.name = port.name;
    this.#port = port;
    this.#clock = clock;
    this.#log = log;
    this.#stops = [port.read((chunk) => this.#onBytes(chunk)), port.onLost((error) => this.#current?.fail(error))];
  }

  /** Hears once, with PORT_LOST, that the wire went away. @returns the way to stop. */
  onLost(listener: (error: BridgeError) => void): () => void {
    return this.#port.onLost(listener);
  }

  /** Hears every notification from now on, in order. @returns the way to stop. */
  listen(listener: (notification: J11Notification) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a command when those before it are done. A command that the module got damaged is sent once more, and while it
   * is busy with another one (of a program before us, say) it is asked again for as long as one answer may take.
   * @returns its response, whatever the result.
   * @throws BridgeError MODULE_SILENT after `timeoutMs`, PORT_LOST, or the signal's reason.
   */
  async ask(command: J11Command, limits: ExchangeLimits, busyMs = limits.timeoutMs): Promise<J11Response> {
    const answer = (frame: J11Frame): J11Response | undefined => responseOf(command, frame);
    const startMs = this.#clock.monotonicMs();
    let response = await this.#inTurn(command, answer, limits);
    if (isLineNoise(response.result)) response = await this.#inTurn(command, answer, limits);
    while (response.result === result.busy && this.#clock.monotonicMs() - startMs < busyMs) {
      await this.#clock.sleep(BUSY_REPEAT_MS, limits.signal);
      response = await this.#inTurn(command, answer, limits);
    }
    return response;
  }

  /** Resets the module: the one command without a response. Resolves when it is up again. @throws as `ask` */
  async reset(limits: ExchangeLimits): Promise<void> {
    const up = (frame: J11Frame): true | undefined =>
      isNotification(frame) && parseNotification(frame).kind === 'started' ? true : undefined;
    await this.#inTurn({ name: 'reset' }, up, limits);
  }

  /** The status request beside the command under way, for one that has not been answered for long. */
  async nudge(signal: AbortSignal): Promise<void> {
    this.#log.debug({ port: this.name, sent: 'status' }, 'wire');
    await this.#port.write(encodeCommand({ name: 'status' }), NUDGE_LIMIT_MS, signal);
  }

  onNudged(listener: (isRestarted: boolean) => void): () => void {
    this.#nudged.add(listener);
    return () => this.#nudged.delete(listener);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  #inTurn<T>(command: J11Command, answer: (frame: J11Frame) => T | undefined, limits: ExchangeLimits): Promise<T> {
    const mine = this.#turn.then(() => this.#ask(command, answer, limits));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #ask<T>(
    command: J11Command,
    answer: (frame: J11Frame) => T | undefined,
    { timeoutMs, signal }: ExchangeLimits,
  ): Promise<T> {
    const got = deferred<T>();
    const feed = (frame: J11Frame): void => {
      const value = answer(frame);
      if (value !== undefined) got.resolve(value);
    };
    this.#current = { feed, fail: got.reject };
    if (this.#port.lost) got.reject(this.#port.lost);
    try {
      return await within(
        this.#clock,
        timeoutMs,
        signal,
        async (limit) => {
          limit.addEventListener('abort', () => got.reject(limit.reason), { once: true });
          const bytes = encodeCommand(command);
          if (this.#log.isLevelEnabled('debug'))
            this.#log.debug({ port: this.name, sent: told(command, bytes) }, 'wire');
          await Promise.race([this.#port.write(bytes, timeoutMs, limit), got.promise]);
          return await got.promise;
        },
        () => new BridgeError('MODULE_SILENT', `${this.name}: no answer to ${command.name} within ${timeoutMs} ms`),
      );
    } finally {
      this.#current = undefined;
    }
  }

  #onBytes(chunk: Buffer): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#reader.isPending && nowMs - this.#lastMs >= GAP_MS) this.#take(this.#reader.giveUp());
    this.#lastMs = nowMs;
    this.#take(this.#reader.push(chunk));
  }

  #take(inputs: readonly FrameInput[]): void {
    for (const input of inputs) {
      if (input.kind === 'frame') this.#onFrame(input);
      else this.#log.debug({ port: this.name, reason: input.reason }, 'damaged frame dropped');
    }
  }

  #onFrame(frame: J11Frame): void {
    if (this.#log.isLevelEnabled('debug')) {
      this.#log.debug({ port: this.name, received: `${hex(frame.code, 4)} ${hexOfBytes(frame.data)}` }, 'wire');
    }
    this.#current?.feed(frame);
    const status = responseTo('status', frame);
    if (status && status.result !== result.busy) for (const listener of this.#nudged) listener(false); // 6019 tells of that
    if (!isNotification(frame)) return;
    const notification = parseNotification(frame);
    for (const listener of this.#listeners) listener(notification);
  }
}

/** A module that could not read the command says so under codes of its own. */
function responseOf(command: J11Command, frame: J11Frame): J11Response | undefined {
  if (frame.code === BAD_HEADER) return { result: result.headerSum, data: frame.data };
  if (frame.code === UNKNOWN_COMMAND) return { result: result.invalidCommand, data: frame.data };
  return responseTo(command.name, frame);
}

/** What a log may show of a command. */
const told = (command: J11Command, bytes: Uint8Array): string =>
  SECRET.has(command.name) ? `${command.name} …` : `${command.name} ${hexOfBytes(bytes.subarray(12))}`.trimEnd();
