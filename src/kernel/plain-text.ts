/** What a terminal obeys in place of showing it (C0, DEL, C1), and what turns the order of letters round. Line breaks and tabs are text. */
const NOT_TEXT = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu;

/** Text as it can be shown, wherever its parts come from: a device may name itself with an escape sequence. */
export const plainText = (text: string): string => text.replaceAll(NOT_TEXT, '');

const LONGEST_LINE = 200;

/** Of a foreign text what can be shown on a line. */
export const plainLine = (text: string): string =>
  plainText(text.replaceAll(/[\p{Cc}\s]+/gu, ' '))
    .trim()
    .slice(0, LONGEST_LINE);
