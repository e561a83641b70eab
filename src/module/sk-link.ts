import type { Duplex } from 'node:stream';
import { ReadlineParser } from '@serialport/parser-readline';
import { deferred, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { commandText, encodeCommand, MAX_DATA_LENGTH } from '../skstack/commands.ts';
import type { SkCommand } from '../skstack/commands.ts';
import { PANA_PORT } from '../skstack/dialect.ts';
import type { Edition } from '../skstack/dialect.ts';
import type { SkLine } from '../skstack/events.ts';
import { parseLine } from '../skstack/events.ts';
import type { Answer, Exchange } from '../skstack/exchanges.ts';
import { LineJoiner, MAX_LINE_LENGTH } from '../skstack/lines.ts';

/** A driver whose stick hangs may never finish closing. */
const CLOSE_LIMIT_MS = 1000;

export interface ExchangeLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Current {
  readonly feed: (line: SkLine) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The conversation with a module over one open wire: one command at a time, its answer told from what arrives unasked.
 * Lines are read all the time, whether or not anyone waits: a session that ends between two commands must be seen.
 */
export class SkLink implements AsyncDisposable {
  readonly name: string;
  edition: Edition = 'SE';
  /** Bytes and lines seen, for telling a silent wire from one that speaks another language. */
  readonly counts = { bytes: 0, lines: 0, noise: 0, echoes: 0 };
  /** Echoes seen when the echo was last switched off. One more than this means that the module restarted by itself. */
  echoesWhenQuiet = 0;
  readonly #wire: Duplex;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #joiner = new LineJoiner();
  readonly #listeners = new Set<(line: SkLine) => void>();
  readonly #losers = new Set<(error: BridgeError) => void>();
  #parser = newParser();
  #sinceCr = 0;
  #current: Current | undefined;
  /** The command under way, as an echo would repeat it. */
  #sent = '';
  #turn: Promise<unknown> = Promise.resolve();
  #error: BridgeError | undefined;

  constructor(name: string, wire: Duplex, clock: Clock, log: Log) {
    this.name = name;
    this.#wire = wire;
    this.#clock = clock;
    this.#log = log;
    this.#parser.on('data', this.#onPiece);
    wire.on('data', this.#onBytes);
    wire.on('close', () => this.#lose('the port closed'));
    wire.on('end', () => this.#lose('the port ended'));
    wire.on('error', (error: Error) => this.#lose(error.message, error));
  }

  /** Hears once, with PORT_LOST, that the wire went away. @returns the way to stop. */
  onLost(listener: (error: BridgeError) => void): () => void {
    if (this.#error) listener(this.#error);
    this.#losers.add(listener);
    return () => this.#losers.delete(listener);
  }

  /** Hears every line from now on, in order. @returns the way to stop. */
  listen(listener: (line: SkLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a command when those before it are done, and feeds `exchange` until it answers.
   * @throws BridgeError MODULE_SILENT after `timeoutMs`, PORT_LOST, or the signal's reason.
   */
  ask<T>(command: SkCommand, exchange: Exchange<T>, limits: ExchangeLimits): Promise<Answer<T>> {
    const mine = this.#turn.then(() => this.#ask(command, exchange, limits));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Ends a line, or the payload, that a dead predecessor left half sent. @param burst fill up a whole SKSENDTO. */
  async flush(burst: boolean, signal: AbortSignal): Promise<void> {
    this.#joiner.reset();
    await this.#write(Buffer.from(burst ? '\r\n'.repeat(MAX_DATA_LENGTH / 2) : '\r\n'), 2000, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lose('closed by us');
    this.#wire.removeListener('data', this.#onBytes);
    this.#wire.on('error', () => undefined); // closing a port that has gone away may complain
    if (this.#wire.closed) return;
    const closed = deferred<void>();
    this.#wire.once('close', () => closed.resolve());
    this.#wire.destroy();
    const patience = new AbortController(); // our caller's signal is aborted already
    const expiry = this.#clock.sleep(CLOSE_LIMIT_MS, patience.signal).then(closed.resolve, () => undefined);
    await closed.promise;
    patience.abort();
    await expiry;
  }

  async #ask<T>(command: SkCommand, exchange: Exchange<T>, { timeoutMs, signal }: ExchangeLimits): Promise<Answer<T>> {
    const answer = deferred<Answer<T>>();
    this.#sent = commandText(command, this.edition).trimEnd();
    const feed = (line: SkLine): void => {
      const result = exchange(line);
      if (result) answer.resolve(result);
    };
    this.#current = { feed, fail: answer.reject };
    if (this.#error) answer.reject(this.#error);
    try {
      return await within(
        this.#clock,
        timeoutMs,
        signal,
        async (limit) => {
          const onAbort = (): void => answer.reject(limit.reason);
          limit.addEventListener('abort', onAbort, { once: true });
          this.#log.debug({ port: this.name, sent: this.#sent }, 'wire');
          await Promise.race([this.#write(encodeCommand(command, this.edition), timeoutMs, limit), answer.promise]);
          return await answer.promise;
        },
        () => new BridgeError('MODULE_SILENT', `${this.name}: no answer to ${command.name} within ${timeoutMs} ms`),
      );
    } finally {
      this.#current = undefined;
    }
  }

  /** Every write has a time-out: a port whose stick hangs can accept bytes for ever or never. */
  #write(bytes: Uint8Array, timeoutMs: number, signal: AbortSignal): Promise<void> {
    return within(
      this.#clock,
      timeoutMs,
      signal,
      (limit) =>
        new Promise<void>((resolve, reject) => {
          limit.addEventListener('abort', () => reject(limit.reason as Error), { once: true });
          if (this.#error) return reject(this.#error);
          this.#wire.write(bytes, (error) => (error ? reject(this.#lose(error.message, error)) : resolve()));
          return undefined;
        }),
      () => new BridgeError('MODULE_SILENT', `${this.name}: the port took no bytes for ${timeoutMs} ms`),
    );
  }

  readonly #onBytes = (chunk: Buffer): void => {
    this.counts.bytes += chunk.length;
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
    if (line.kind === 'echo' && text.trimEnd() === this.#sent) this.counts.echoes++;
    if (this.#log.isLevelEnabled('debug')) this.#log.debug({ port: this.name, received: loggable(line, text) }, 'wire');
    this.#current?.feed(line);
    for (const listener of this.#listeners) listener(line);
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

  #lose(how: string, cause?: Error): BridgeError {
    if (this.#error) return this.#error;
    const error = new BridgeError('PORT_LOST', `${this.name}: ${how}`, { cause });
    this.#error = error;
    this.#current?.fail(error);
    for (const listener of this.#losers) listener(error);
    return error;
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
