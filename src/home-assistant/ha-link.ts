import type { RawData, WebSocket } from 'ws';
import { deferred, settledWithin } from '../kernel/async.ts';
import type { Deferred } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { BridgeError, textOf } from '../kernel/errors.ts';
import { inBoth } from '../kernel/language.ts';
import type { Text } from '../kernel/language.ts';
import { plainLine } from '../kernel/plain-text.ts';

/** From the first look-up of the name to `auth_ok`. */
const LOGIN_LIMIT_MS = 20_000;
/** A Pi with a large database takes some seconds. */
const ANSWER_LIMIT_MS = 60_000;
/** The registry of a house with 10,000 entities has half of it. */
const MOST_BYTES = 16_000_000;

export interface HomeAssistantAccount {
  /** Of its page, http or https. */
  readonly url: string;
  readonly token: string;
}

interface Message {
  readonly id?: unknown;
  readonly type?: unknown;
  readonly success?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
  readonly ha_version?: unknown;
}

/**
 * Home Assistant's WebSocket interface for as long as a visit lasts: it is opened when there is something to ask, and
 * closed afterwards. Knows no command; those we use stand in recorder-api.ts.
 */
export class HomeAssistantLink implements Disposable {
  readonly #account: HomeAssistantAccount;
  readonly #clock: Clock;
  readonly #socket: WebSocket;
  readonly #login = deferred<string>();
  readonly #waiting = new Map<number, Deferred<Message>>();
  #end: BridgeError | undefined;
  #lastId = 0;
  #version = '';

  private constructor(account: HomeAssistantAccount, clock: Clock, socket: WebSocket) {
    this.#account = account;
    this.#clock = clock;
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#hear(isBinary ? '' : textOfData(data)));
    socket.on('unexpected-response', (_, { statusCode }) => {
      this.#fail(this.#unreachable({ en: `HTTP ${statusCode}`, ja: `HTTP ${statusCode}` }));
      socket.terminate();
    });
    socket.on('error', (error) =>
      this.#fail(
        this.#unreachable(
          inBoth(() => textOf(error)),
          error,
        ),
      ),
    );
    socket.on('close', () =>
      this.#fail(this.#unreachable({ en: 'it closed the connection', ja: '接続が閉じられました' })),
    );
  }

  /** Connected and logged in. @throws BridgeError HOME_ASSISTANT_UNREACHABLE, HOME_ASSISTANT_DENIED */
  static async open(account: HomeAssistantAccount, clock: Clock, signal: AbortSignal): Promise<HomeAssistantLink> {
    const { WebSocket } = await import('ws');
    const url = new URL(account.url);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/api/websocket`;
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    // redirects would carry the token elsewhere
    const options = { maxPayload: MOST_BYTES, followRedirects: false, perMessageDeflate: false };
    const link = new HomeAssistantLink(account, clock, new WebSocket(url, options));
    try {
      link.#version = await link.#within(LOGIN_LIMIT_MS, signal, link.#login.promise);
      return link;
    } catch (error) {
      link[Symbol.dispose]();
      throw error;
    }
  }

  /** `2026.11.0` */
  get version(): string {
    return this.#version;
  }

  /** What it answers. @throws BridgeError HOME_ASSISTANT_UNREACHABLE, HOME_ASSISTANT_DENIED, HOME_ASSISTANT_REFUSED */
  async call(type: string, fields: object, signal: AbortSignal): Promise<unknown> {
    if (this.#end) throw this.#end;
    const id = ++this.#lastId;
    const answer = deferred<Message>();
    this.#waiting.set(id, answer);
    try {
      this.#socket.send(JSON.stringify({ id, type, ...fields }));
      const { success, result, error } = await this.#within(ANSWER_LIMIT_MS, signal, answer.promise);
      if (success === true) return result;
      throw refusal(type, shown(error?.code), shown(error?.message));
    } finally {
      this.#waiting.delete(id);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    this.#socket.terminate(); // nothing is under way that matters: every call has had its answer
  }

  #within<T>(limitMs: number, signal: AbortSignal, promise: Promise<T>): Promise<T> {
    const late = {
      en: `no answer within ${limitMs / 1000} s`,
      ja: `${limitMs / 1000} 秒以内に応答がありません`,
    };
    return settledWithin(this.#clock, limitMs, signal, promise, () => this.#unreachable(late));
  }

  #hear(text: string): void {
    const message = parse(text);
    switch (message?.type) {
      case 'auth_required':
        this.#socket.send(JSON.stringify({ type: 'auth', access_token: this.#account.token }));
        return;
      case 'auth_ok':
        return this.#login.resolve(shown(message.ha_version));
      case 'auth_invalid':
        return this.#fail(tokenRefused(this.#host));
      case 'result':
        return typeof message.id === 'number' ? this.#waiting.get(message.id)?.resolve(message) : undefined;
      case undefined:
        this.#fail(
          this.#unreachable({
            en: 'what answers is not Home Assistant',
            ja: '応答がHome Assistantのものではありません',
          }),
        );
        this.#socket.terminate();
    }
  }

  /** The first reason counts. */
  #fail(error: BridgeError): void {
    this.#end ??= error;
    this.#login.reject(this.#end);
    for (const answer of this.#waiting.values()) answer.reject(this.#end);
  }

  get #host(): string {
    return new URL(this.#account.url).host;
  }

  #unreachable({ en, ja }: Text, cause?: unknown): BridgeError {
    const what = { en: `Home Assistant at ${this.#host}: ${en}`, ja: `Home Assistant（${this.#host}）: ${ja}` };
    return new BridgeError('HOME_ASSISTANT_UNREACHABLE', what, { cause });
  }
}

const tokenRefused = (host: string): BridgeError =>
  new BridgeError('HOME_ASSISTANT_DENIED', {
    en: `Home Assistant at ${host} does not take the token`,
    ja: `Home Assistant（${host}）がトークンを受け付けません`,
  });

/** `unauthorized`: a command for administrators. */
const refusal = (type: string, code: string, message: string): BridgeError =>
  code === 'unauthorized'
    ? new BridgeError('HOME_ASSISTANT_DENIED', {
        en: `Home Assistant lets only an administrator call ${type}, and the token is another user’s`,
        ja: `${type} は管理者だけが実行できますが、トークンは管理者のものではありません`,
      })
    : new BridgeError('HOME_ASSISTANT_REFUSED', `${type}: ${code}: ${message}`);

/** Of a foreign text what can be shown on a line. */
const shown = (text: unknown): string => (typeof text === 'string' ? plainLine(text) : '');

function parse(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // no JSON: not Home Assistant
  }
}

const textOfData = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)).toString('utf8');
