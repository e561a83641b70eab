import type { ServerResponse } from 'node:http';
import { Deadlines } from '../../kernel/deadlines.ts';
import type { Deadline } from '../../kernel/deadlines.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Language } from '../../kernel/language.ts';
import type { Log } from '../../kernel/log.ts';
import type { Redactor } from '../../kernel/redactor.ts';
import type { StatusBoard } from '../status-board.ts';
import { redactedJson } from '../status-snapshot.ts';

/** A household's phones, and a tablet on the wall. */
const MOST_STREAMS = 20;
/** At most four a second, and so often although nothing happened: ages and the broker change by themselves. */
const LEAST_MS = 250;
const MOST_MS = 10_000;
/** A browser that lost us comes back after this. */
const RETRY_MS = 2000;
/** A client that reads nothing for so long is let go of; it comes back when it can. */
const UNREAD_MS = 60_000;

interface Stream {
  readonly reply: ServerResponse;
  /** Undefined: the board's own. */
  readonly language: Language | undefined;
  /** Let in by its cookie. */
  readonly isLogin: boolean;
  /** Monotonic ms: until then everything we sent had gone out. */
  readAtMs: number;
}

export interface EventStreamsDeps {
  readonly board: Pick<StatusBoard, 'snapshot' | 'watch'>;
  readonly clock: Clock;
  readonly redactor: Pick<Redactor, 'redact'>;
  readonly log: Log;
}

/**
 * Server-sent events: to everybody who listens the whole status, at once and after every change. Nobody who listens: nothing
 * is computed. Who does not read is skipped, and nothing waits in memory for him.
 */
export class EventStreams {
  readonly #deps: EventStreamsDeps;
  readonly #streams = new Set<Stream>();
  readonly #end = new AbortController();
  readonly #deadlines: Deadlines;
  /** The next turn because something happened, and because nothing did. */
  readonly #soon: Deadline;
  readonly #later: Deadline;
  #serving: Promise<void> | undefined;
  #watching: Disposable | undefined;
  #sentAtMs = -Infinity;

  constructor(deps: EventStreamsDeps) {
    this.#deps = deps;
    this.#deadlines = new Deadlines(deps.clock);
    this.#soon = this.#deadlines.create();
    this.#later = this.#deadlines.create();
  }

  get isFull(): boolean {
    return this.#streams.size >= MOST_STREAMS;
  }

  /** @param reply its headers are set */
  open(reply: ServerResponse, { language, isLogin }: Pick<Stream, 'language' | 'isLogin'>): void {
    const stream: Stream = { reply, language, isLogin, readAtMs: this.#deps.clock.monotonicMs() };
    reply.on('error', () => undefined); // the client's own affair
    reply.once('close', () => this.#left(stream));
    if (this.#end.signal.aborted) return void reply.end();
    reply.on('timeout', () => undefined); // heard, so the server's limit on silence does not cut it: that is for requests
    this.#streams.add(stream);
    reply.write(`retry: ${RETRY_MS}\n\n${this.#eventIn(language)}`);
    this.#serving ??= this.#serve();
    this.#watching ??= this.#deps.board.watch(() => this.#changed());
    if (!this.#later.isSet) this.#later.in(MOST_MS, () => this.#send());
  }

  /** Somebody logged out. All cookies are alike: the streams of each end, and who still has one comes back at once. */
  loggedOut(): void {
    for (const stream of this.#streams) {
      if (!stream.isLogin) continue;
      if (stream.reply.writableNeedDrain)
        stream.reply.destroy(); // its end would wait for who does not read
      else stream.reply.end();
      this.#left(stream);
    }
  }

  /** Ends every stream. */
  async close(): Promise<void> {
    this.#end.abort();
    for (const { reply } of this.#streams) reply.end();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    try {
      await this.#deadlines.run(this.#end.signal);
    } catch (error) {
      if (this.#end.signal.aborted) return;
      this.#deps.log.error({ err: error }, 'live updates failed');
      for (const { reply } of this.#streams) reply.destroy();
      this.#serving = undefined; // the next one who comes is a new beginning
    }
  }

  #left(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#watching?.[Symbol.dispose]();
    this.#watching = undefined;
    this.#soon.cancel();
    this.#later.cancel();
  }

  #changed(): void {
    if (this.#soon.isSet) return;
    this.#soon.in(this.#sentAtMs + LEAST_MS - this.#deps.clock.monotonicMs(), () => this.#send());
  }

  #send(): void {
    const now = this.#deps.clock.monotonicMs();
    this.#sentAtMs = now;
    this.#later.in(MOST_MS, () => this.#send());
    const events = new Map<Language | undefined, string>();
    for (const stream of this.#streams) {
      const { reply, language } = stream;
      if (reply.writableNeedDrain) {
        if (now - stream.readAtMs > UNREAD_MS) reply.destroy();
        continue;
      }
      stream.readAtMs = now;
      const event = events.get(language) ?? this.#eventIn(language);
      events.set(language, event);
      reply.write(event);
    }
  }

  #eventIn(language: Language | undefined): string {
    const { board, redactor } = this.#deps;
    return `event: status\ndata: ${redactedJson(board.snapshot({ language }), (text) => redactor.redact(text))}\n\n`;
  }
}
