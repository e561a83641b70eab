import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ERASE_LINE, redrawWhile } from '../../../../src/app/redraw.ts';
import { Keys } from '../../../../src/cli/setup/keys.ts';
import { Terminal } from '../../../../src/cli/setup/terminal.ts';
import { systemClock } from '../../../../src/kernel/clock.ts';

const nasty = '/dev/serial/by-id/usb-\u001b]0;gone\u0007\u009b2J\u202ekcits';
const plain = '/dev/serial/by-id/usb-]0;gone2Jkcits';

test('what a device calls itself is shown, and never obeyed', async () => {
  let screen = '';
  const output = { write: (text: string) => (screen += text) };
  const { signal } = new AbortController();
  const input = new PassThrough();
  using keys = new Keys(input, () => undefined);
  const terminal = new Terminal(keys, output, 'en', signal);
  terminal.say({ en: `\n✓ ${nasty}`, ja: '' });
  input.write('\r');
  await terminal.choose({ en: nasty, ja: '' }, [{ text: { en: nasty, ja: '' }, value: 1 }]);
  await redrawWhile(
    () => nasty,
    { output, clock: systemClock, signal },
    () => Promise.resolve(),
  );
  expect(screen.split(plain)).toHaveLength(5);
  expect(screen.replaceAll(ERASE_LINE, '')).not.toMatch(/[^\P{Cc}\n]|\u202e/u); // ours is the only one
});

test('of a choice a wrong number leaves nothing behind, and a wide digit is a digit', async () => {
  let screen = '';
  const output = { write: (text: string) => (screen += text) };
  const input = new PassThrough();
  using keys = new Keys(input, () => undefined);
  const terminal = new Terminal(keys, output, 'ja', new AbortController().signal);
  const choices = ['one', 'two'].map((value) => ({ text: { en: value, ja: value }, value }));
  input.write('9\r2\r');
  expect(await terminal.choose({ en: '', ja: '' }, choices)).toBe('two');
  expect(screen).toContain(`${ERASE_LINE}>    1～2を入力してください`);
  input.write('２\r');
  expect(await terminal.choose({ en: '', ja: '' }, choices)).toBe('two');
});
