import type { Clock } from '../../kernel/clock.ts';
import type { Language, Text } from '../../kernel/language.ts';
import { plainText } from '../../kernel/plain-text.ts';
import type { Output } from '../../app/context.ts';
import { ERASE_LINE, redrawWhile } from '../../app/redraw.ts';
import type { TypedValue } from '../../app/setup/typed-values.ts';
import type { Keys } from './keys.ts';
import { shownLine, typed } from './line-edit.ts';
import type { EditedLine } from './line-edit.ts';

const BELL = '\x07';

export interface Choice<T> {
  readonly text: Text;
  readonly value: T;
}

interface AskOptions {
  /** Not shown unless Tab asks for it, and checked at every key. */
  readonly isSecret?: boolean;
  /** What Enter alone means, in words. */
  readonly enter?: Text;
  /** A wrong answer is not there to be mended: the next key begins anew. */
  readonly isShort?: boolean;
}

/** Questions and answers on a terminal. */
export class Terminal {
  language: Language;
  readonly #keys: Keys;
  readonly #output: Output;
  readonly #signal: AbortSignal;

  constructor(keys: Keys, output: Output, language: Language, signal: AbortSignal) {
    this.#keys = keys;
    this.#output = output;
    this.language = language;
    this.#signal = signal;
  }

  say(text: Text): void {
    this.#output.write(plainText(`${text[this.language]}\n`));
  }

  /** Until what is typed can be read. */
  async ask<T>(question: Text, read: (text: string) => TypedValue<T>, options: AskOptions = {}): Promise<T> {
    const { isSecret = false, enter, isShort = false } = options;
    const hints = [isSecret ? SHOW_HINT[this.language] : undefined, enter?.[this.language]].filter(Boolean);
    this.#output.write(
      plainText(`\n${question[this.language]}${hints.length > 0 ? `  [${hints.join(' · ')}]` : ''}\n`),
    );
    let line: EditedLine = { text: '', shows: !isSecret };
    let complaint = '';
    for (;;) {
      const value = read(line.text);
      const live = isSecret && line.text !== '' ? (value.ok ? '✓' : value.text[this.language]) : complaint;
      this.#output.write(`${ERASE_LINE}> ${shownLine(line, isSecret)}${live && `   ${live}`}`);
      const key = await this.#keys.next(this.#signal);
      complaint = '';
      if (!isEnter(key.name)) {
        line = typed(line, key, isSecret);
      } else if (value.ok) {
        const kept = isSecret ? shownLine({ ...line, shows: false }, true) : line.text; // Tab was for this moment
        this.#output.write(`${ERASE_LINE}> ${kept}\n`);
        return value.value;
      } else {
        complaint = value.text[this.language];
        if (isShort) line = { ...line, text: '' };
        this.#output.write(BELL);
      }
    }
  }

  /** One of several by its number; Enter is the first. */
  async choose<T>(question: Text, choices: readonly Choice<T>[]): Promise<T> {
    const list = choices.map(({ text }, at) => `  ${at + 1}  ${text[this.language]}`).join('\n');
    this.#output.write(plainText(`\n${question[this.language]}\n${list}`));
    const read = (text: string): TypedValue<T> => {
      const choice = choices[text === '' ? 0 : Number(text.normalize('NFKC')) - 1];
      if (choice) return { ok: true, value: choice.value };
      return {
        ok: false,
        text: { en: `type 1 to ${choices.length}`, ja: `1～${choices.length}を入力してください` },
      };
    };
    return await this.ask({ en: '', ja: '' }, read, { enter: { en: 'Enter: 1', ja: 'Enter：1' }, isShort: true });
  }

  /** Draws what `words` says again and again while `task` runs. */
  showing<T>(words: () => Text, clock: Clock, task: () => Promise<T>): Promise<T> {
    return redrawWhile(() => words()[this.language], { output: this.#output, clock, signal: this.#signal }, task);
  }
}

const isEnter = (name: string | undefined): boolean => name === 'return' || name === 'enter';
const SHOW_HINT: Text = { en: 'Tab shows it', ja: 'Tabで表示' };
