import type { StatusSnapshot } from '../../src/web/status-snapshot.ts';

/** An EventSource as a browser has one, without its coming back. */
export class EventListenerOn implements Disposable {
  readonly #stop = new AbortController();
  readonly response: Promise<Response>;
  text = '';
  ended = false;

  constructor(url: string | URL, headers: Readonly<Record<string, string>> = {}) {
    this.response = fetch(url, { headers, signal: this.#stop.signal });
    void this.#read().catch(() => (this.ended = true)); // cut, by us or by the server
  }

  get events(): StatusSnapshot[] {
    return this.text
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => block.startsWith('event: status\n'))
      .map((block) => JSON.parse(block.slice('event: status\ndata: '.length)) as StatusSnapshot);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of (await this.response).body ?? []) this.text += decoder.decode(chunk, { stream: true });
    this.ended = true;
  }
}
