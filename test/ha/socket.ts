type Json = Readonly<Record<string, unknown>>;

interface Answer {
  readonly id?: number;
  readonly type: string;
  readonly success?: boolean;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Home Assistant refused a command. */
export class Refused extends Error {
  readonly code: string;

  constructor(type: string, { code, message }: { readonly code: string; readonly message: string }) {
    super(`${type}: ${code}: ${message}`);
    this.code = code;
  }
}

/** Home Assistant's WebSocket interface, logged in. */
export class HaSocket {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(url: string, token: string): Promise<HaSocket> {
    const socket = new WebSocket(url);
    const ha = new HaSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('error', () => reject(new Error(`no WebSocket at ${url}`)));
      socket.addEventListener('close', () => {
        reject(new Error('the WebSocket was closed'));
        for (const answer of ha.#waiting.values()) answer({ type: 'closed' });
        ha.#waiting.clear();
      });
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(String(data)) as Answer;
        if (message.type === 'auth_required') socket.send(JSON.stringify({ type: 'auth', access_token: token }));
        else if (message.type === 'auth_ok') resolve();
        else if (message.type === 'auth_invalid') reject(new Error('Home Assistant refused the token'));
        else if (message.id !== undefined) ha.#settle(message.id, message);
      });
    });
    return ha;
  }

  /** @throws Refused with Home Assistant's own words. */
  async call<T>(type: string, fields: Json = {}): Promise<T> {
    const id = ++this.#id;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, type, ...fields }));
    const { success, result, error } = await answered;
    if (success !== true) throw new Refused(type, error ?? { code: 'closed', message: 'the WebSocket was closed' });
    return result as T;
  }

  close(): void {
    this.#socket.close();
  }

  #settle(id: number, message: Answer): void {
    this.#waiting.get(id)?.(message);
    this.#waiting.delete(id);
  }
}
