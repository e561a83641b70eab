import { emitKeypressEvents } from 'node:readline';
import { Mailbox } from '../../kernel/async.ts';

/** One key, or one character of what was pasted. */
export interface Key {
  /** `return`, `backspace`, `tab`, …; undefined for what has no name. */
  readonly name: string | undefined;
  readonly ctrl: boolean;
  /** What it writes; empty for a key that writes nothing. */
  readonly text: string;
}

/** The part of a terminal's input that is used. */
export type TerminalInput = NodeJS.ReadableStream & { setRawMode?(raw: boolean): unknown };

/** A pasted novel is cut. */
const MOST_WAITING = 4096;

/** Keys one by one and without an echo, those typed ahead too, until it is disposed. */
export class Keys implements Disposable {
  readonly #input: TerminalInput;
  readonly #waiting = new Mailbox<Key>(MOST_WAITING);
  readonly #onKey: (text: string | undefined, key: { name?: string; ctrl?: boolean; meta?: boolean }) => void;

  /** @param onInterrupt Ctrl-C and Ctrl-D, at any time. */
  constructor(input: TerminalInput, onInterrupt: () => void) {
    this.#input = input;
    this.#onKey = (text, { name, ctrl = false, meta = false }) => {
      if (ctrl && (name === 'c' || name === 'd')) return onInterrupt();
      const writes = !ctrl && !meta && text !== undefined && !/\p{Cc}/u.test(text);
      return this.#waiting.put({ name, ctrl, text: writes ? text : '' });
    };
    emitKeypressEvents(input);
    input.on('keypress', this.#onKey);
    input.setRawMode?.(true);
    input.resume();
  }

  next(signal: AbortSignal): Promise<Key> {
    return this.#waiting.take(signal);
  }

  [Symbol.dispose](): void {
    this.#input.off('keypress', this.#onKey);
    this.#input.setRawMode?.(false);
    this.#input.pause();
  }
}
