import type { Key } from './keys.ts';

/** A line while it is typed. */
export interface EditedLine {
  readonly text: string;
  /** What is typed is shown; a secret begins hidden. */
  readonly shows: boolean;
}

/** Longer is no answer to anything here. */
const MOST_CHARACTERS = 300;
const HIDDEN = '*';

/** The line after this key. Enter is for who asked. */
export function typed(line: EditedLine, { name, ctrl, text }: Key, isSecret: boolean): EditedLine {
  if (name === 'backspace') return { ...line, text: Array.from(line.text).slice(0, -1).join('') };
  if (ctrl && name === 'u') return { ...line, text: '' };
  if (name === 'tab') return isSecret ? { ...line, shows: !line.shows } : line;
  if (text === '' || line.text.length >= MOST_CHARACTERS) return line;
  return { ...line, text: line.text + text };
}

/** As it stands on the screen; a secret in groups of four, as the letter prints it. */
export function shownLine({ text, shows }: EditedLine, isSecret: boolean): string {
  if (!isSecret) return text;
  const characters = Array.from(text.replaceAll(/[\s-]/g, ''));
  return characters
    .map((character, at) => `${at > 0 && at % 4 === 0 ? ' ' : ''}${shows ? character : HIDDEN}`)
    .join('');
}
