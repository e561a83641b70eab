import type { Duplex } from 'node:stream';
import { settledWithin, within } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, whatOf } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';

/** A driver whose stick hangs may never finish closing. */
const CLOSE_LIMIT_MS = 1000;

/** One open wire, whichever protocol is spoken over it. Disposing closes it. */
export class OpenPort implements AsyncDisposable {
  readonly name: string;
  /** Bytes received, for telling a silent wire from one that speaks another language. */
  bytes = 0;
  readonly #wire: Duplex;
  readonly #clock: Clock;
  readonly #readers = new Set<(chunk: Buffer) => void>();
  readonly #losers = new Set<(error: BridgeError) => void>();
  #error: BridgeError | undefined;

  constructor(name: string, wire: Duplex, clock: Clock) {
    this.name = name;
    this.#wire = wire;
    this.#clock = clock;
    wire.on('data', this.#onBytes);
    wire.on('close', () => this.#lose({ en: 'the port closed', ja: 'ポートが閉じました' }));
    wire.on('end', () => this.#lose({ en: 'the port ended', ja: 'ポートの通信が終了しました' }));
    wire.on('error', (error: Error) => this.#lose(whatOf(error), error));
  }

  /** Why nothing can be sent any more. */
  get lost(): BridgeError | undefined {
    return this.#error;
  }

  /** Called with every chunk from now on. @returns the way to stop. */
  read(reader: (chunk: Buffer) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** Called once, with PORT_LOST, when the wire went away. @returns the way to stop. */
  onLost(listener: (error: BridgeError) => void): () => void {
    if (this.#error) listener(this.#error);
    this.#losers.add(listener);
    return () => this.#losers.delete(listener);
  }

  /** Every write has a time-out: a port whose stick hangs can accept bytes for ever or never. */
  write(bytes: Uint8Array, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const full = {
      en: `${this.name}: the port took no bytes for ${timeoutMs} ms`,
      ja: `${this.name}: ポートが ${timeoutMs} ms の間データを受け付けません`,
    };
    return within(
      this.#clock,
      timeoutMs,
      signal,
      (limit) =>
        new Promise<void>((resolve, reject) => {
          limit.addEventListener('abort', () => reject(limit.reason as Error), { once: true });
          if (this.#error) return reject(this.#error);
          this.#wire.write(bytes, (error) => (error ? reject(this.#lose(whatOf(error), error)) : resolve()));
          return undefined;
        }),
      () => new BridgeError('MODULE_SILENT', full),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lose({ en: 'closed by us', ja: 'こちらから閉じました' });
    this.#wire.removeListener('data', this.#onBytes);
    this.#wire.on('error', () => undefined); // closing a port that has gone away may complain
    if (this.#wire.closed) return;
    const closed = new Promise((resolve) => this.#wire.once('close', resolve));
    this.#wire.destroy();
    const { signal } = new AbortController(); // our caller's is aborted already
    await settledWithin(this.#clock, CLOSE_LIMIT_MS, signal, closed, () => new Error('hangs')).catch(() => undefined); // left behind
  }

  readonly #onBytes = (chunk: Buffer): void => {
    this.bytes += chunk.length;
    for (const reader of this.#readers) reader(chunk);
  };

  #lose(how: Text, cause?: Error): BridgeError {
    if (this.#error) return this.#error;
    const what = inBoth((language) => `${this.name}: ${how[language]}`);
    const error = new BridgeError('PORT_LOST', what, { cause });
    this.#error = error;
    for (const listener of this.#losers) listener(error);
    return error;
  }
}
