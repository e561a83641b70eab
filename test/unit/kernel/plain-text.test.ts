import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainLine, plainText } from '../../../src/kernel/plain-text.ts';
import { Redactor } from '../../../src/kernel/redactor.ts';

const code = (...codes: readonly number[]): string => String.fromCodePoint(...codes);
const ESC = code(0x1b);

test.each([
  ['a colour', `${ESC}[31mred`, '[31mred'],
  ['a title', `${ESC}]0;gone${code(7)}x`, ']0;gonex'],
  ['a clipboard', `${ESC}]52;c;cm0gLXJm${ESC}\\x`, ']52;c;cm0gLXJm\\x'],
  ['a line that is drawn over', `ok\r${ESC}[Kbad`, 'ok[Kbad'],
  ['a CSI of one byte', `${code(0x9b)}2J`, '2J'],
  ['backspaces and DEL', `a${code(8, 8, 0x7f)}b`, 'ab'],
  ['text that runs backwards', `${code(0x202e)}gpj.exe${code(0x202c)} ${code(0x2066)}x${code(0x2069)}`, 'gpj.exe x'],
  ['NUL', `a${code(0)}b`, 'ab'],
])('%s is taken out of text', (_title, text, plain) => {
  expect(plainText(text)).toBe(plain);
});

test('what is text stays: lines, tabs, Japanese, emoji of several parts', () => {
  const text = 'a\tb\n計測値 423 W ✓ 👩‍👧 é\n';
  expect(plainText(text)).toBe(text);
});

test('a line is one line, and not endless', () => {
  expect(plainLine(` a\r\n\tb${code(0x2028)}c `)).toBe('a b c');
  expect(plainLine('x'.repeat(1000))).toHaveLength(200);
});

test('whatever comes, no control character is left, and nothing else is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const plain = plainText(text);
      expect(plain).not.toMatch(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u);
      expect(plainText(plain)).toBe(plain);
      expect(plain.length).toBe(
        text.length - (text.match(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu) ?? []).length,
      );
    }),
  );
});

test('what is told passes the redactor: a secret that a control character hid is no less one', () => {
  const redactor = new Redactor();
  redactor.add('Q7RS8TUV9WXY');
  expect(redactor.redact(`a${ESC}[2J Q7RS${code(0)}8TUV9WXY\n`)).toBe('a[2J [redacted]\n');
  redactor.add(`pass${code(1)}word`);
  expect(redactor.redact(`is pass${code(1)}word`)).toBe('is [redacted]');
});
