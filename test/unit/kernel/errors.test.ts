import { expect, test } from 'vitest';
import { BridgeError, ERROR_CODES, exceeds, recoveryOf, textOf } from '../../../src/kernel/errors.ts';
import type { Recovery } from '../../../src/kernel/errors.ts';

for (const code of ERROR_CODES) {
  test(`${code} says what to do in both languages, and how much to tear down`, () => {
    const error = new BridgeError(code, 'what happened');
    expect(error.hint('en')).toMatch(/^[A-Z`a-z].{15,}\.$/s);
    expect(error.hint('ja')).toMatch(/[ぁ-んァ-ヶ一-龠].*。$/s);
    expect(error.hint('en')).not.toMatch(/[ぁ-んァ-ヶ一-龠]/);
    expect(['retry', 'rejoin', 'reopen', 'stop']).toContain(recoveryOf(error));
  });
}

test('an error carries its code beside the message and in its text, its cause, and its name', () => {
  const cause = new Error('EIO');
  const error = new BridgeError('PORT_LOST', 'read failed', { cause });
  expect(error).toMatchObject({ name: 'BridgeError', code: 'PORT_LOST', message: 'read failed', cause });
  expect(error.text('en')).toBe('read failed [PORT_LOST]');
  expect(textOf(error)).toBe('read failed [PORT_LOST]');
});

test('the place of failure may know better what to do', () => {
  const hint = { en: 'Look here.', ja: 'ここを見てください。' };
  const error = new BridgeError('PORT_MISSING', 'x', { hint });
  expect([error.hint('en'), error.hint('ja')]).toEqual([hint.en, hint.ja]);
});

const examples: readonly (readonly [unknown, Recovery])[] = [
  [new BridgeError('REPLY_TIMEOUT', 'x'), 'retry'],
  [new BridgeError('SESSION_LOST', 'x'), 'rejoin'],
  [new BridgeError('MODULE_SILENT', 'x'), 'reopen'],
  [new BridgeError('CONFIG_INVALID', 'x'), 'stop'],
  [new TypeError('a defect'), 'stop'],
  ['thrown text', 'stop'],
  [undefined, 'stop'],
];
const ranks: readonly Recovery[] = ['retry', 'rejoin', 'reopen', 'stop'];
for (const [error, recovery] of examples) {
  test(`${String(error)} is mended by ${recovery}`, () => {
    expect(recoveryOf(error)).toBe(recovery);
    const tooMuchFor = ranks.filter((limit) => exceeds(error, limit));
    expect(tooMuchFor).toEqual(ranks.slice(0, ranks.indexOf(recovery)));
  });
}
