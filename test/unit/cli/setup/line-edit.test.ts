import { expect, test } from 'vitest';
import { shownLine, typed } from '../../../../src/cli/setup/line-edit.ts';
import type { Key } from '../../../../src/cli/setup/keys.ts';

const key = (text: string): Key => ({ name: text, ctrl: false, text });
const named = (name: string, ctrl = false): Key => ({ name, ctrl, text: '' });
const line = (text: string, shows = false) => ({ text, shows });

test('what is typed is added, backspace takes one back, Ctrl-U all', () => {
  expect(typed(line('ab'), key('c'), false).text).toBe('abc');
  expect(typed(line('ab'), named('backspace'), false).text).toBe('a');
  expect(typed(line(''), named('backspace'), false).text).toBe('');
  expect(typed(line('ab'), named('u', true), false).text).toBe('');
  expect(typed(line('ab'), named('left'), false).text).toBe('ab');
  expect(typed(line('x'.repeat(300)), key('y'), false).text).toHaveLength(300);
});

test('a secret is shown only while Tab asks for it, in groups of four', () => {
  expect(shownLine(line('00112-233'), true)).toBe('**** ****');
  const open = typed(line('00112233'), named('tab'), true);
  expect(shownLine(open, true)).toBe('0011 2233');
  expect(typed(open, named('tab'), true).shows).toBe(false);
  expect(typed(line('a'), named('tab'), false).shows).toBe(false);
});
