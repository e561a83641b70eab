import { ReadlineParser } from '@serialport/parser-readline';
import { deferred, within } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { BridgeError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { commandText, encodeCommand, MAX_DATA_LENGTH } from '../../skstack/commands.ts';
import type { SkCommand } from '../../skstack/commands.ts';
import { PANA_PORT } from '../../skstack/dialect.ts';
import type { Edition } from '../../skstack/dialect.ts';
import type { SkLine } from '../../skstack/events.ts';
import { parseLine } from '../../skstack/events.ts';
import type { Answer, Exchange } from '../../skstack/exchanges.ts';
import { LineJoiner, MAX_LINE_LENGTH } from '../../skstack/lines.ts';
import type { ExchangeLimits, OpenPort } from '../../wire/open-port.ts';

const NUDGE = { name: 'SKVER' } as const;
const NUDGE_LIMIT_MS = 1000;
/** FAIL ER09: the command did not arrive whole. */
const UART_INPUT_ERROR = 9;
/** For the refusal of what the module kept of a damaged command. */
const CLEARING_MS = 200;

interface Current {
  readonly feed: (line: SkLine) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The conversation with a SKSTACK module over one open wire: one command at a time, its answer told from what arrives
 * unasked. Disposing stops listening and leaves the wire open.
 * Lines are read all the time, whether or not anyone waits: a session that ends between two commands must be seen.
 */
export class SkChannel implements Disposable {
  readonly name: string;
  edition: Edition = 'SE';
  readonly counts = { lines: 0, noise: 0, echoes: 0 };
  /** Echoes seen when the echo was last switched off. One more than this means that the module restarted by itself. */
  echoesWhenQuiet = 0;
  readonly #port: OpenPort;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #joiner = new LineJoiner();
  readonly #listeners = new Set<(line: SkLine) => void>();
  readonly #stops: readonly (() => void)[];
  #parser = newParser();
  #sinceCr = 0;
  #current: Current | undefined;
  /** The command under way, as an echo would repeat it. */
  #sent = '';
  #turn: Promise<unknown> = Promise.resolve();
  readonly #nudged = new Set<(isRestarted: boolean) => void>();
  /** Nudges not answered yet. */
  #nudges = 0;
  #nudgeEchoed = false;
  /** The next OK is a nudge's, not the command's under way. */
  #okIsNudges = false;

  constructor(port: OpenPort, clock: Clock, log: Log) {
    this.name = port.name;
    this.#port = port;
    this.#clock = clock;
    this.#log = log;
    this.#parser.on('data', this.#onPiece);
    this.#stops = [port.read(this.#onBytes), port.onLost((error) => this.#current?.fail(error))];
  }

  /** Hears once, with PORT_LOST, that the wire went away. @returns the way to stop. */
  onLost(listener: (error: BridgeError) => void): () => void {
    return this.#port.onLost(listener);
  }

  /** Hears every line from now on, in order. @returns the way to stop. */
  listen(listener: (line: SkLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a command when those before it are done, and feeds `exchange` until it answers. A command that the module got
   * damaged is sent once more.
   * @throws BridgeError MODULE_SILENT after `timeoutMs`, PORT_LOST, or the signal's reason.
   */
  ask<T>(command: SkCommand, exchange: Exchange<T>, limits: ExchangeLimits): Promise<Answer<T>> {
    const mine = this.#turn.then(() => this.#askOnceMore(command, exchange, limits));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Ends a line, or the payload, that a dead predecessor left half sent. @param burst fill up a whole SKSENDTO. */
  async flush(burst: boolean, signal: AbortSignal): Promise<void> {
    this.#joiner.reset();
    await this.#port.write(Buffer.from(burst ? '\r\n'.repeat(MAX_DATA_LENGTH / 2) : '\r\n'), 2000, signal);
  }

  /** SKVER beside the command under way, for one that has not been answered for long. */
  async nudge(signal: AbortSignal): Promise<void> {
    this.#nudges++;
    this.#log.debug({ port: this.name, sent: NUDGE.name, beside: this.#sent }, 'wire');
    await this.#port.write(encodeCommand(NUDGE, this.edition), NUDGE_LIMIT_MS, signal);
  }

  onNudged(listener: (isRestarted: boolean) => void): () => void {
    this.#nudged.add(listener);
    return () => this.#nudged.delete(listener);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
    this.#parser.removeAllListeners();
  }

  async #askOnceMore<T>(command: SkCommand, exchange: Exchange<T>, limits: ExchangeLimits): Promise<Answer<T>> {
    const answer = await this.#ask(command, exchange, limits);
    if (answer.ok || answer.failCode !== UART_INPUT_ERROR) return answer;
    // The data of a damaged SKSENDTO may stand before the next command: they end here, and are refused unheard.
    await this.#port.write(Buffer.from('\r\n'), CLEARING_MS, limits.signal);
    await this.#clock.sleep(CLEARING_MS, limits.signal);
    return await this.#ask(command, exchange, limits);
  }

  async #ask<T>(command: SkCommand, exchange: Exchange<T>, { timeoutMs, signal }: ExchangeLimits): Promise<Answer<T>> {
    const answer = deferred<Answer<T>>();
    this.#sent = commandText(command, this.edition).trimEnd();
    const feed = (line: SkLine): void => {
      const result = exchange(line);
      if (result) answer.resolve(result);
    };
    this.#current = { feed, fail: answer.reject };
    if (this.#port.lost) answer.reject(this.#port.lost);
    try {
      return await within(
        this.#clock,
        timeoutMs,
        signal,
        async (limit) => {
          const onAbort = (): void => answer.reject(limit.reason);
          limit.addEventListener('abort', onAbort, { once: true });
          this.#log.debug({ port: this.name, sent: this.#sent }, 'wire');
          await Promise.race([
            this.#port.write(encodeCommand(command, this.edition), timeoutMs, limit),
            answer.promise,
          ]);
          return await answer.promise;
        },
        () => new BridgeError('MODULE_SILENT', `${this.name}: no answer to ${command.name} within ${timeoutMs} ms`),
      );
    } finally {
      this.#current = undefined;
    }
  }

  readonly #onBytes = (chunk: Buffer): void => {
    const lastCr = chunk.lastIndexOf(0x0d);
    this.#sinceCr = lastCr === -1 ? this.#sinceCr + chunk.length : chunk.length - lastCr - 1;
    if (this.#sinceCr > MAX_LINE_LENGTH) {
      this.#replaceParser(); // readline's buffer has no bound of its own
      return;
    }
    this.#parser.write(chunk);
  };

  readonly #onPiece = (piece: string): void => {
    for (const text of this.#joiner.push(piece)) this.#onLine(parseLine(text), text);
  };

  #onLine(line: SkLine, text: string): void {
    this.counts.lines++;
    if (line.kind === 'noise') this.counts.noise++;
    if (line.kind === 'echo') this.#onEcho(text.trimEnd());
    if (this.#log.isLevelEnabled('debug')) this.#log.debug({ port: this.name, received: loggable(line, text) }, 'wire');
    if (!this.#isOkOfNudge(line)) this.#current?.feed(line);
    for (const listener of this.#listeners) listener(line);
  }

  #onEcho(text: string): void {
    const ofNudge = this.#nudges > 0 && text === NUDGE.name;
    if (ofNudge || text === this.#sent) this.counts.echoes++;
    if (ofNudge) this.#nudgeEchoed = true;
  }

  /** Its version goes to the command under way too: what stands before it has been answered, or never will be. */
  #isOkOfNudge(line: SkLine): boolean {
    if (line.kind === 'version' && this.#nudges > 0) {
      this.#nudges--;
      this.#okIsNudges = true;
      for (const listener of this.#nudged) listener(this.#nudgeEchoed);
      this.#nudgeEchoed = false;
    }
    if (line.kind !== 'ok' || !this.#okIsNudges) return false;
    this.#okIsNudges = false;
    return true;
  }

  #replaceParser(): void {
    this.#parser.removeAllListeners();
    this.#parser = newParser();
    this.#parser.on('data', this.#onPiece);
    this.#joiner.reset();
    this.#sinceCr = 0;
    this.counts.noise++;
    this.#log.debug({ port: this.name, limit: MAX_LINE_LENGTH }, 'bytes without a line end dropped');
  }
}

/** CR parts every kind of line this protocol has; readable objects, or lines that arrive together would be joined. */
function newParser(): ReadlineParser {
  return new ReadlineParser({ delimiter: '\r', encoding: 'latin1', readableObjectMode: true });
}

/** PANA messages carry the B-route ID in clear: their payload never reaches a log, not even a piece of a damaged one. */
function loggable(line: SkLine, text: string): string {
  if (!text.startsWith('ERXUDP ')) return text;
  const header = text.split(' ').slice(0, 6).join(' ');
  if (line.kind !== 'rxudp') return `${header} … ${text.length} characters that do not fit`;
  const isPana = line.localPort === PANA_PORT || line.remotePort === PANA_PORT;
  return `${header} … ${isPana ? `${line.payload.length} bytes of PANA` : Buffer.from(line.payload).toString('hex').toUpperCase()}`;
}
